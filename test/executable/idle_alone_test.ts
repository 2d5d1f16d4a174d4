/** While nothing happens, nothing ticks in the capture thread, and a recorder writes nothing. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { hostForks, hostTasks, list, read } from "../bench/support/system.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { startRecorder } from "../support/recorded.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const WINDOW_MS = 400;
/** A window without a fork is waited for so long: others may be at work on this host. */
const PATIENCE_MS = 240_000;
/** Nothing is written when nothing has happened for so long. */
const SETTLE_MS = 800;
const UNWRITTEN_MS = 2000;
const folder = temporaryFolder("fh-idle-");
const recordMissing = connectorMissing ?? (process.getuid?.() === 0 ? null : "needs root");

/** Times the capture thread was put to sleep, or lost its CPU, since it began. */
function switchesOfCapture(pid: number): number {
  const tid = list(`/proc/${pid}/task`).find((id) =>
    read(`/proc/${pid}/task/${id}/comm`) === "capture\n"
  );
  const status = read(`/proc/${pid}/task/${tid}/status`);
  const counts = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)].map(([, count]) => Number(count));
  assert.equal(counts.length, 2, "the capture thread is there");
  return counts[0]! + counts[1]!;
}

test(...unless(connectorMissing, "the capture thread sleeps as long as nobody forks"), async () => {
  await using fh = Running.start([FH, "watch", "-q", "--json", "--source", "connector"]);
  await fh.wrote('"event":"source"');
  // An exec of others wakes it as well, and no count tells of that: a timer does each time.
  const quiet: number[] = [];
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    if (quiet.includes(0)) break;
    // Whatever happened before is drained first.
    await delay(100);
    const before = { forks: hostForks(), tasks: hostTasks(), switches: switchesOfCapture(fh.pid) };
    await delay(WINDOW_MS);
    const switches = switchesOfCapture(fh.pid);
    if (hostForks() !== before.forks || hostTasks() !== before.tasks) continue;
    quiet.push(switches - before.switches);
  }
  assert.ok(quiet.length > 0, "the host never rested: nothing was tested");
  assert.ok(quiet.includes(0), `woken up ${quiet} times while nobody forked`);
});

/** What tells that somebody has written: sizes and times of the files, and the kernel's count. */
function written(db: string, pid: number): string {
  const files = ["", "-wal"].map((suffix) => {
    const { size, mtimeNs, ino } = statSync(db + suffix, { bigint: true });
    return `${size} ${mtimeNs} ${ino}`;
  });
  return [...files, /^write_bytes: .*$/m.exec(read(`/proc/${pid}/io`))?.[0]].join("\n");
}

test(...unless(recordMissing, "nothing is written while nothing happens"), async () => {
  const paths = ["connector", "poll"].map((source) => join(folder, `${source}.db`));
  await using connector = await startRecorder(paths[0]!, ["--source", "connector"]);
  await using poll = await startRecorder(paths[1]!, ["--source", "poll"]);
  const recorders = [connector, poll];
  const look = () => recorders.map(({ pid }, at) => written(paths[at]!, pid));
  let quiet = false;
  for (const end = performance.now() + PATIENCE_MS; !quiet && performance.now() < end;) {
    // Ends are written, too.
    const [forks, tasks] = [hostForks(), hostTasks()];
    const isStill = () => hostForks() === forks && hostTasks() === tasks;
    await delay(SETTLE_MS);
    if (!isStill()) continue;
    const before = look();
    await delay(UNWRITTEN_MS);
    const now = look();
    quiet = isStill();
    if (quiet) assert.deepEqual(now, before);
  }
  for (const fh of recorders) assert.equal((await fh.end("SIGTERM")).status, 0);
  assert.ok(quiet, "the host never rested: nothing was tested");
});
