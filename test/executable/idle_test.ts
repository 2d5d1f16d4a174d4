/** Nothing ticks in the capture thread while nothing happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { hostForks, hostTasks, list, read } from "../bench/support/system.ts";
import { FH } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const WINDOW_MS = 400;
/** A window without a fork is waited for so long: others may be at work on this host. */
const PATIENCE_MS = 200_000;

/** Times the capture thread was put to sleep, or lost its CPU, since it began. */
function switchesOfCapture(pid: number): number {
  const tid = list(`/proc/${pid}/task`).find((id) =>
    read(`/proc/${pid}/task/${id}/comm`) === "Worker\n"
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
