/** A signal to a process group, fh and its command together: both end by it, whoever is first. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FH } from "../support/executable.ts";
import { Running } from "../support/running.ts";

const ROUNDS = 8;
const COMMANDS: readonly (readonly string[])[] = [
  ["run", "-q"],
  ["watch", "-q"],
];

/** Whether a process has a child that has executed `comm`. */
function hasChild(pid: number, comm: string): boolean {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return children.split(" ").some((child) => {
      return readFileSync(`/proc/${child}/comm`, "utf8").trim() === comm;
    });
  } catch {
    return false;
  }
}

for (const args of COMMANDS) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) {
    test(`${signal} to the group of fh ${args[0]} and its command ends both by it`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const fh = spawn(FH, [...args, "--", "sleep", "60"], { stdio: "ignore", detached: true });
        try {
          while (!hasChild(fh.pid!, "sleep")) await delay(5);
          process.kill(-fh.pid!, signal);
          assert.deepEqual(await once(fh, "exit"), [null, signal], `round ${round}`);
        } finally {
          if (fh.exitCode === null && fh.signalCode === null) process.kill(-fh.pid!, "SIGKILL");
        }
      }
    });
  }
}

test("a signal that killed the command and was not sent to fh does not end fh", async () => {
  await using fh = Running.start([FH, "run", "-q", "--source", "poll", "sh", "-c", "kill $$"]);
  assert.equal((await fh.end()).status, 143);
});

test("the second SIGINT ends by that signal a watch that nobody reads", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-group-"));
  const script = 'mkfifo "$1"; exec 3<>"$1"; exec "$0" watch --json --source poll > "$1"';
  await using fh = Running.start(["sh", "-c", script, FH, join(folder, "unread")]);
  await fh.until("a watch", () => fh.stderr.includes("fh: source"));
  // More than a pipe holds.
  assert.equal(spawnSync("sh", ["-c", "for i in $(seq 600); do /bin/true; done"]).status, 0);
  const again = setInterval(() => fh.kill("SIGINT"), 300);
  const { status } = await fh.end();
  clearInterval(again);
  rmSync(folder, { recursive: true });
  assert.equal(status, null, "a signal has ended it");
});
