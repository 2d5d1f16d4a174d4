/** In a pid namespace that still has the /proc of another, numbers mean other processes. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { hasOwnNumbering } from "../../src/proc/numbering.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { runProgram } from "../support/executable.ts";
import { FH_SOURCE } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const PLACE = ["--pid", "--fork", "--kill-child"];
const NOTE = "fh: this /proc is another pid namespace's: pids are as they are there\n";

function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  const made = runProgram("unshare", [...PLACE, "true"]);
  return made.status === 0 ? null : `needs unshare(1): ${made.stderr.trim()}`;
}

test("here /proc counts as we do", () => {
  assert.ok(hasOwnNumbering(openProcfs("/proc"), process.pid));
  assert.ok(!hasOwnNumbering(openProcfs("/proc"), process.pid + 1));
});

const missing = obstacle();
for (const words of [["tree", "1"], ["why", "1"]]) {
  test(...unless(missing, `fh ${words.join(" ")} says whose pids it shows`), () => {
    // A shell as pid 1 has fh as its child.
    const args = [...PLACE, "sh", "-c", '"$@"; exit $?', "sh", ...FH_SOURCE, ...words];
    const there = runProgram("unshare", args);
    assert.equal(there.status, 0, there.stderr);
    assert.ok(there.stderr.startsWith(NOTE), there.stderr);
    const ours = runProgram("unshare", ["--mount-proc", ...args]);
    assert.equal(ours.status, 0, ours.stderr);
    assert.ok(!ours.stderr.includes(NOTE), ours.stderr);
  });
}
