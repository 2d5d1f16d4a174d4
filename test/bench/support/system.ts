/**
 * What /proc says of a process that is being measured, and of the host.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { openLibc } from "../../../ffi/mod.ts";

/** The kind of clock that counts nanoseconds, include/linux/posix-timers_types.h. */
const CPUCLOCK_SCHED = 2;

/** Text of a file, "" when it is gone or closed to us. */
export function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Entries of a folder, none when it is gone. */
export function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

const libc = await openLibc();

/**
 * Nanoseconds all its threads have run, those that have ended too: the clock that
 * clock_getcpuclockid(3) names, which anybody may read. 0 when it is gone.
 */
export function cpuTime(pid: number): number {
  return Math.max(0, libc.clockGettime(~pid << 3 | CPUCLOCK_SCHED));
}

/** Context switches of all its living threads, voluntary and not. */
export function contextSwitches(pid: number): number {
  let total = 0;
  for (const tid of list(`/proc/${pid}/task`)) {
    const status = read(`/proc/${pid}/task/${tid}/status`);
    for (const match of status.matchAll(/ctxt_switches:\s+(\d+)/g)) total += Number(match[1]);
  }
  return total;
}

/** Resident memory in bytes, now and at its highest. */
export function memory(pid: number): { now: number; peak: number } {
  const status = read(`/proc/${pid}/status`);
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? NaN) * 1024;
  return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
}

/** A socket that listens to the proc connector; /proc/net/netlink, net/netlink/af_netlink.c. */
export interface ConnectorSocket {
  /** Bytes waiting to be read. */
  readonly waiting: number;
  /** Messages the kernel dropped. */
  readonly drops: number;
}

/** Those of a process. */
export function connectorSockets(pid: number): ConnectorSocket[] {
  const inodes = new Set<string>();
  for (const fd of list(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) inodes.add(inode);
    } catch {
      continue;
    }
  }
  return read("/proc/net/netlink").split("\n").map((line) => line.trim().split(/\s+/))
    .filter((row) => row[1] === "11" && row[3] !== "00000000" && inodes.has(row[9] ?? ""))
    .map((row) => ({ waiting: Number(row[4]), drops: Number(row[8]) }));
}

/** Whether the process has attached BPF programs. */
export function hasBpfLinks(pid: number): boolean {
  return list(`/proc/${pid}/fdinfo`).some((fd) =>
    /^link_type:/m.test(read(`/proc/${pid}/fdinfo/${fd}`))
  );
}

/** How long all CPUs have been busy since boot, microseconds: proc_stat(5), ticks of 10 ms. */
export function busyTime(): number {
  const [, line = ""] = /^cpu +(.*)$/m.exec(read("/proc/stat")) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq) * 10_000;
}

/** Tasks the host created since boot, threads included (proc(5), /proc/stat). */
export function hostForks(): number {
  return Number(/^processes (\d+)/m.exec(read("/proc/stat"))?.[1] ?? NaN);
}

/** Tasks that exist, threads of all processes and of the kernel (proc(5), /proc/loadavg). */
export function hostTasks(): number {
  return Number(/\/(\d+) /.exec(read("/proc/loadavg"))?.[1] ?? NaN);
}

/** Processes that exist. */
export function processCount(): number {
  return list("/proc").filter((name) => /^\d+$/.test(name)).length;
}

/** Pids of the children of a process's first thread. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number);
}
