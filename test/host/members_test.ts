import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { MemberSignals } from "../../src/host/members.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { parseStat } from "../../src/proc/stat.ts";

const SIGTERM = 15;
const reader = openProcfs("/proc");

function startOf(pid: number): number | null {
  const bytes = reader.read(pid, "stat");
  return (bytes && parseStat(bytes))?.startTicks ?? null;
}

async function open(): Promise<MemberSignals> {
  const signals = await MemberSignals.open(startOf);
  assert.ok(signals, "this kernel has pidfds");
  return signals;
}

test("a signal hits the process with that start, and no other with its pid", async () => {
  const signals = await open();
  const child = spawn("sleep", ["60"]);
  const ended = once(child, "exit");
  const [pid, start] = [child.pid!, startOf(child.pid!)!];
  assert.equal(signals.send(pid, start - 2, SIGTERM), "gone");
  assert.equal(signals.send(pid, start + 2, SIGTERM), "gone");
  assert.equal(child.exitCode, null);
  // The connector's fork comes a tick late at times.
  assert.equal(signals.send(pid, start + 1, SIGTERM), "sent");
  assert.deepEqual(await ended, [null, "SIGTERM"]);
  assert.equal(signals.send(pid, start, SIGTERM), "gone");
});

const why = process.getuid!() === 0 ? false : "only root can become another user";

test("what the kernel does not permit is denied", { skip: why }, async () => {
  const signals = await open();
  const child = spawn("sleep", ["60"], { uid: 1, cwd: "/" });
  const ended = once(child, "exit");
  const [pid, start] = [child.pid!, startOf(child.pid!)!];
  process.seteuid!(65_534);
  try {
    assert.equal(signals.send(pid, start, SIGTERM), "denied");
  } finally {
    process.seteuid!(0);
  }
  assert.equal(signals.send(pid, start, SIGTERM), "sent");
  await ended;
});
