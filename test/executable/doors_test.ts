/** Variables of the runtime by which others could come into what runs as root. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { DOORS, openDoor } from "../../ffi/doors.ts";
import { FH } from "../support/executable.ts";
import { AS_NOBODY } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** Harmless as they are: nobody connects, and there is no such file. */
const VALUES: Readonly<Record<string, string>> = {
  BUN_INSPECT: "127.0.0.1:0/fh",
  BUN_INSPECT_CONNECT_TO: "unix:///nowhere/fh.sock",
  BUN_INSPECT_PRELOAD: "/nowhere/fh.ts",
  BUN_OPTIONS: "--smol",
};

const missing = process.geteuid?.() === 0 ? null : "needs root";

for (const name of Object.keys(DOORS)) {
  test(...unless(missing, `root is refused with ${name} set, nobody else is`), () => {
    const env = { ...process.env, [name]: VALUES[name]! };
    const refused = spawnSync(FH, ["--version"], { env, encoding: "utf8" });
    assert.deepEqual([refused.status, refused.stdout], [1, ""]);
    assert.ok(refused.stderr.endsWith(`fh: ${openDoor(env)}\n`), refused.stderr);
    const [program, ...args] = [...AS_NOBODY, FH, "--version"];
    const other = spawnSync(program!, args, { env, encoding: "utf8", cwd: "/" });
    if (other.status === 126 || other.stderr.includes("Permission denied")) return;
    assert.deepEqual([other.status, other.stdout.length > 0], [0, true], other.stderr);
  });
}

test("an empty variable opens nothing", () => {
  assert.equal(openDoor({ BUN_OPTIONS: "", HOME: "/" }), null);
});
