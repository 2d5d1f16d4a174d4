/**
 * The program. Who asks for its version alone waits for nothing else to be loaded.
 *
 * @module
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { openDoor } from "../ffi/doors.ts";
import { VERSION } from "../src/version.ts";

const door = process.geteuid?.() === 0 ? openDoor(process.env) : null;
if (door !== null) {
  writeSync(2, `fh: ${door}\n`);
  process.exitCode = 1;
} else if (!isVersionTold()) {
  await import("./main.ts");
}

/** Whether nothing else was asked for, and that could be written. */
function isVersionTold(): boolean {
  const [word = "", ...others] = process.argv.slice(2);
  if (others.length > 0 || !["--version", "-V"].includes(word)) return false;
  try {
    writeSync(1, `${VERSION}\n`);
    return true;
  } catch {
    // Who takes nothing at the moment is waited for, and errors are told, there.
    return false;
  }
}
