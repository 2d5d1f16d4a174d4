/** Which signals end what runs for long, each with everything written, and which it survives. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { readRuns, startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";

const folder = temporaryFolder("fh-signals-");

/** By number as signal(7) has them: those that end it. */
const ENDING = { INT: 2, QUIT: 3, ALRM: 14, TERM: 15, XCPU: 24, VTALRM: 26, PROF: 27 };
/** Those that would by default end a program: SIGHUP has a recorder open its file again. */
const SURVIVED = [1, 10, 12, 16, 25, 29, ...Array.from({ length: 31 }, (_, at) => 34 + at)];

function send(pid: number, signal: number): void {
  assert.equal(runProgram("kill", [`-${signal}`, `${pid}`]).status, 0);
}

function lastRun(db: string): Record<string, unknown> {
  const file = new DatabaseSync(db, { readOnly: true });
  try {
    return readRuns(file).at(-1)!;
  } finally {
    file.close();
  }
}

for (const [name, signal] of Object.entries(ENDING)) {
  test(`SIG${name} ends a recorder that has written its last`, async () => {
    const db = join(folder, `${name}.db`);
    await using fh = await startRecorder(db, ["--no-socket", "--source", "poll"]);
    send(fh.pid, signal);
    assert.equal((await fh.end()).status, 0);
    assert.notEqual(lastRun(db)["ended"], null);
  });
}

test("a recorder survives every other signal that can be survived", async () => {
  const db = join(folder, "survived.db");
  await using fh = await startRecorder(db, ["--no-socket", "--source", "poll"]);
  for (const signal of SURVIVED) send(fh.pid, signal);
  assert.equal((await fh.end("SIGTERM")).status, 0);
  assert.notEqual(lastRun(db)["ended"], null);
});

test("so does a server, which ends at SIGHUP", async () => {
  const socket = join(folder, "socket");
  await using fh = Running.start([FH, "serve", "--source", "poll", "--socket", socket]);
  await fh.until("server", () => fh.stderr.includes("listening on"));
  for (const signal of SURVIVED) if (signal !== 1) send(fh.pid, signal);
  assert.equal((await fh.end("SIGHUP")).status, 0);
});

test("SIGUSR1, SIGUSR2 and others end no watch, and SIGALRM does, with its summary", async () => {
  await using fh = Running.start([FH, "watch", "--stats", "--source", "poll"]);
  await fh.until("a watch", () => fh.stderr.includes("fh: source"));
  for (const signal of [10, 12, 25, 29, ENDING.ALRM]) send(fh.pid, signal);
  const { status, stdout } = await fh.end();
  assert.equal(status, 0);
  assert.match(stdout, /events/);
});

test("SIGTERM ends a watch in five seconds whose reader reads nothing, and says so", async () => {
  const path = join(folder, "unread");
  const script = 'mkfifo "$1"; exec 3<>"$1"; exec "$0" watch --json --source poll > "$1"';
  await using fh = Running.start(["sh", "-c", script, FH, path]);
  await fh.until("a watch", () => fh.stderr.includes("fh: source"));
  // More than a pipe holds.
  assert.equal(spawnSync("sh", ["-c", "for i in $(seq 600); do /bin/true; done"]).status, 0);
  const began = performance.now();
  const { status, stderr } = await fh.end("SIGTERM");
  assert.ok(performance.now() - began < 5000, "it waits for nobody");
  assert.deepEqual([status, /nobody takes the last \d+ bytes/.test(stderr)], [1, true]);
});

test("whoever starts it by nohup has it survive SIGHUP", async () => {
  await using fh = Running.start(["nohup", FH, "watch", "-q", "--stats", "--source", "poll"]);
  await using loop = Running.start(["sh", "-c", "while :; do /bin/true; sleep 0.01; done"]);
  await fh.wrote(`${loop.pid}`);
  send(fh.pid, 1);
  assert.equal((await fh.end("SIGTERM")).status, 0);
});
