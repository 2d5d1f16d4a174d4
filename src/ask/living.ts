/**
 * What living processes have cost so far, as /proc has it.
 *
 * @module
 */
import { Account } from "../model/account.ts";
import { TICK_NS } from "../model/process.ts";
import { type StorageBytes, storageBytesOf } from "../proc/io.ts";
import { peakKibOf } from "../proc/peak.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";

/** Sums over some living processes. */
export interface LivingUsage {
  /** How many were read; others have ended by now. */
  readonly processes: number;
  /** Those whose storage bytes are known: one's own, to others than root. */
  readonly withStorage: number;
  readonly account: Account;
}

/** Adds up what processes, each given by pid and start in clock ticks, have cost. */
export function readLiving(
  reader: ProcReader,
  members: Iterable<{ readonly pid: number; readonly startTicks: number }>,
): LivingUsage {
  const account = new Account();
  let [processes, withStorage] = [0, 0];
  for (const { pid, startTicks } of members) {
    const bytes = reader.read(pid, "stat");
    const stat = bytes === null ? null : parseStat(bytes);
    if (stat === null || Math.abs(stat.startTicks - startTicks) > 1) continue;
    processes++;
    account.userNs += stat.utime * TICK_NS;
    account.systemNs += stat.stime * TICK_NS;
    account.minorFaults += stat.minflt;
    account.majorFaults += stat.majflt;
    const status = reader.read(pid, "status");
    const peak = status === null ? null : peakKibOf(status, status.length);
    account.peakBytes = Math.max(account.peakBytes, (peak ?? 0) * 1024);
    const storage = readStorage(reader, pid);
    if (storage === null) continue;
    withStorage++;
    account.readBytes += storage.readBytes;
    account.writeBytes += storage.writeBytes;
  }
  account.cpuNs = account.userNs + account.systemNs;
  return { processes, withStorage, account };
}

/**
 * Sums over the threads that live: what /proc/PID/io has beyond is that of threads that have ended,
 * but also of children that were waited for, who may be members themselves.
 */
function readStorage(reader: ProcReader, pid: number): StorageBytes | null {
  let [readBytes, writeBytes] = [0, 0];
  const tasks = reader.tasks(pid);
  for (const tid of tasks) {
    const io = reader.read(pid, `task/${tid}/io`);
    const one = io === null ? null : storageBytesOf(io, io.length);
    if (one === null) return null;
    readBytes += one.readBytes;
    writeBytes += one.writeBytes;
  }
  return tasks.length === 0 ? null : { readBytes, writeBytes };
}
