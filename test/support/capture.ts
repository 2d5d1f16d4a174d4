/**
 * Makes a fixture of what a shell command writes to standard output:
 *
 * ```sh
 * deno run -A test/support/capture.ts "cat /proc/self/cmdline ''" > test/fixtures/proc/x.txt
 * ```
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { arch, release } from "node:os";
import process from "node:process";
import { encodeFixture } from "./fixture.ts";

const command = process.argv[2] ?? "true";
const output = execFileSync("/bin/sh", ["-c", command], { maxBuffer: 1 << 24 });
const machine = arch() === "x64" ? "x86_64" : arch();
const kernel = release().replace(/-.*/, "");
process.stdout.write(
  `# kernel ${kernel} ${machine}\n# made by: ${command.replaceAll("\n", "\n# ")}\n\n` +
    encodeFixture(new Uint8Array(output)),
);
