import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readLiving } from "../../src/ask/living.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { parseStat } from "../../src/proc/stat.ts";

const reader = openProcfs("/proc");
const MIB = 1 << 20;

function startOf(pid: number): number {
  return parseStat(reader.read(pid, "stat")!)!.startTicks;
}

test("what a living process has cost is its own, not that of children it waited for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-living-"));
  const write = `dd if=/dev/zero of=${join(folder, "zeros")} bs=1M count=8 conv=fsync`;
  if (spawnSync("sh", ["-c", `${write} 2>&1`]).status !== 0) assert.fail("dd");
  const shell = spawn("sh", ["-c", `${write} 2>&1; echo; read x`]);
  await once(shell.stdout, "data");
  const pid = shell.pid!;
  const { processes, withStorage, account } = readLiving(reader, [
    { pid, startTicks: startOf(pid) },
    // Another process that had the pid.
    { pid, startTicks: startOf(pid) - 2 },
  ]);
  assert.deepEqual([processes, withStorage], [1, 1]);
  assert.ok(account.writeBytes < MIB, `${account.writeBytes} bytes are dd's`);
  assert.ok(account.peakBytes > 100_000 && account.peakBytes < 64 * MIB, `${account.peakBytes}`);
  assert.ok(account.minorFaults > 10, `${account.minorFaults} faults`);
  shell.stdin.end("\n");
  await once(shell, "exit");
  assert.equal(readLiving(reader, [{ pid, startTicks: 1 }]).processes, 0);
  rmSync(folder, { recursive: true });
});
