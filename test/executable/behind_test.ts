/** How far the record reaches: answers wait for a recorder, and say when it is behind. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { temporaryFolder } from "../support/at_end.ts";
import { type Outcome, runFh, runProgram } from "../support/executable.ts";
import { fillUp, Mounted, mountsMissing } from "../support/mounts.ts";
import { startRecorder } from "../support/recorded.ts";
import { unless } from "../support/unless.ts";

const BEHIND = /the recorder is \S+ behind: what happened after \S+ \S+ is not known yet/;
const SOURCE = process.geteuid!() === 0 ? "auto" : "poll";
const folder = temporaryFolder("fh-behind-");

/** Runs a program of a name that nobody else has; its pid. */
function brief(): number {
  return Number(runProgram("sh", ["-c", "echo $$; exit 7"]).stdout);
}

/** What is told of a process. */
function logged(db: string, pid: number): Outcome {
  return runFh(["log", "--db", db, "-p", `${pid}`, "--json"]);
}

function status(db: string): Record<string, unknown> {
  return JSON.parse(runFh(["record", "--status", "--db", db, "--json"]).stdout);
}

function checkBehind(db: string, pid: number): void {
  const { lag_ns, notes } = status(db) as { lag_ns: number; notes: { kind: string }[] };
  assert.ok(lag_ns >= 1e9, `${lag_ns}`);
  assert.deepEqual(notes.map(({ kind }) => kind), ["behind"]);
  assert.match(runFh(["record", "--status", "--db", db]).stdout, /^behind {5}\d\S*: /m);
  const questions = [["log", "-p", `${pid}`], ["account"], ["tree"], ["job", "list"]];
  for (const question of questions) {
    const { stderr } = runFh([...question, "--db", db]);
    assert.match(stderr, BEHIND, question.join(" "));
    assert.doesNotMatch(stderr, /source ;|source$|no recorder is at work/m, stderr);
  }
  const tree = JSON.parse(runFh(["tree", "--json", `${process.pid}`, "--db", db]).stdout);
  assert.equal(tree.notes[0].kind, "behind");
  const why = JSON.parse(runFh(["why", "--json", `${process.pid}`, "--db", db]).stdout);
  assert.equal(why.notes[0].kind, "behind");
  // It is not there yet, which is no proof that it never was.
  const gone = runFh(["why", `${pid}`, "--db", db]);
  assert.deepEqual([gone.status, BEHIND.test(gone.stderr)], [3, true], gone.stderr);
}

for (const where of ["with a socket", "without one"]) {
  test(`what has ended is known at once ${where}, and who is behind is told`, async () => {
    const db = join(folder, `${where.replaceAll(" ", "-")}.db`);
    const args = where === "with a socket" ? [] : ["--no-socket"];
    await using recorder = await startRecorder(db, ["--source", SOURCE, ...args]);
    for (let time = 0; time < 3; time++) {
      const { stdout, stderr } = logged(db, brief());
      assert.equal(JSON.parse(stdout.split("\n")[0]!).exit_code, 7, stderr);
      assert.equal(stderr, "");
    }
    assert.equal(status(db)["lag_ns"], 0);
    recorder.kill("SIGSTOP");
    const pid = brief();
    await delay(1000);
    checkBehind(db, pid);
    recorder.kill("SIGCONT");
    await recorder.until("what it has missed", () => logged(db, pid).stdout !== "");
    assert.equal(status(db)["lag_ns"], 0);
    assert.equal((await recorder.end("SIGTERM")).status, 0);
    assert.equal(status(db)["lag_ns"], null);
  });
}

test(...unless(mountsMissing, "a recorder whose disk is full is behind"), async () => {
  using disk = Mounted.tmpfs(16 << 20);
  const db = join(disk.folder, "history.db");
  await using recorder = await startRecorder(db, ["--source", SOURCE, "--no-socket"]);
  assert.equal(status(db)["lag_ns"], 0);
  const makeRoom = fillUp(disk.folder);
  const pid = brief();
  await recorder.until("word of the full disk", () => recorder.stderr.includes("cannot write to"));
  await delay(1000);
  checkBehind(db, pid);
  makeRoom();
  await recorder.until("what it has kept", () => logged(db, pid).stdout !== "");
  assert.equal(status(db)["lag_ns"], 0);
});
