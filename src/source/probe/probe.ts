/**
 * Finds out what this host allows, by trying it.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { release } from "node:os";
import process from "node:process";
import { ERRNO, SyscallError } from "../../../ffi/errno.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { NOTIFY, TASK } from "../../../ffi/linux.ts";
import { openLibc } from "../../../ffi/mod.ts";
import { UNKNOWN } from "../../model/event.ts";
import {
  type ProcOptions,
  procOptions,
  type VirtualFile,
  virtualFiles,
} from "../../proc/mounts.ts";
import { parseNamespace } from "../../proc/namespaces.ts";
import { openProcfs, ProcError, type ProcReader } from "../../proc/procfs.ts";
import { parseStatus, type Status } from "../../proc/status.ts";
import { encodeMcastOp, PROC_CN_MCAST } from "../../wire/proc_event.ts";
import { type CaptureOptions, SourceRefused } from "../capture.ts";
import { Clocks } from "../clocks.ts";
import { EVENT_TRUESIZE, listen, ownNamespace } from "../listen.ts";
import { openLive } from "../open.ts";
import { PidCounter } from "../poll/pid_counter.ts";
import { PidfdSet } from "../poll/pidfd.ts";
import { ProcFiles } from "../proc_files.ts";
import { askTaskstats, type TaskstatsFact } from "./probe_taskstats.ts";

const EXE = new TextEncoder().encode("exe\0");
const ROOT_FOLDER = new TextEncoder().encode("/\0");
/** The process that everybody can look for. */
const INIT_PID = 1;
/** Files over which container managers lay others. */
const MAY_BE_VIRTUAL = [
  "loadavg",
  "stat",
  "uptime",
  "sys/kernel/ns_last_pid",
  "sys/kernel/pid_max",
  "sys/kernel/random/boot_id",
] as const;
/** The lowest real-time priority, as the capture thread asks for it. */
const FIFO_PRIORITY = 1;

/** What became of LISTEN. */
export type ConnectorFact =
  /** `events` fit into the buffer; `forced` beyond net.core.rmem_max. */
  | { readonly kind: "open"; readonly events: number; readonly forced: boolean }
  /** A sentence part, and what to do about it. */
  | { readonly kind: "refused"; readonly reason: string; readonly advice: string | null };

/** The source that fh watch would use; null when there would be none. */
export interface Choice {
  readonly source: "connector" | "poll" | null;
  readonly why: string;
}

/** /proc as this process sees it. */
export interface ProcFacts {
  readonly root: string;
  /** Mount options; null when there is no such mount. */
  readonly options: ProcOptions | null;
  /** Our own pid as it counts; null when it does not show us. */
  readonly self: number | null;
  /** Real uid of process 1; null when its files cannot be read. */
  readonly initUid: number | null;
  /** Files that others have laid over the kernel's own. */
  readonly virtual: readonly VirtualFile[];
  /** Which counters follow our forks: two of the last pid, and one of all tasks made. */
  readonly counters: Readonly<Pick<PidCounter, "loadavg" | "nsLastPid" | "stat">>;
  /** How many processes it shows, and of how many of them the executable may not be read. */
  readonly processes: number;
  readonly guarded: number;
}

/** All that decides what fh can see. A field `...Errno` is a positive errno, or 0: it worked. */
export interface Facts {
  /** `uname -r` */
  readonly release: string;
  readonly pid: number;
  /** Effective uid. */
  readonly uid: number;
  /** Effective capabilities as a bit set; null when not known. */
  readonly capabilities: bigint | null;
  /** Inode numbers of our own namespaces; `initNet` is that of process 1. null when not known. */
  readonly namespaces: Readonly<Record<"pid" | "user" | "net" | "initNet", number | null>>;
  readonly connector: ConnectorFact;
  readonly choice: Choice;
  readonly realtimeErrno: number;
  readonly proc: ProcFacts;
  readonly pidfdErrno: number;
  /** Whether a pidfd gave a child's wait status after it was reaped; null when it was not tried. */
  readonly exitInfo: boolean | null;
  /** Descriptors that may be open; a negative errno when not known. */
  readonly openFiles: number;
  readonly inotifyErrno: number;
  readonly taskstats: TaskstatsFact;
}

/** Tries everything; `source` is what fh watch would be asked for. Takes some milliseconds. */
export async function gatherFacts(
  procRoot: string,
  source: CaptureOptions["source"] = "auto",
): Promise<Facts> {
  const libc = await openLibc();
  const reader = openProcfs(procRoot);
  const status = ownStatus(reader);
  const namespaceOf = (name: string): number | null => ownNamespace(libc, procRoot, name);
  return {
    release: release(),
    pid: process.pid,
    uid: process.geteuid?.() ?? UNKNOWN,
    capabilities: status === null ? null : status.capEff,
    namespaces: {
      pid: namespaceOf("pid"),
      user: namespaceOf("user"),
      net: namespaceOf("net"),
      initNet: netOfInit(reader),
    },
    connector: tryConnector(libc, procRoot),
    choice: tryOpen(libc, procRoot, source),
    realtimeErrno: tryRealtime(libc),
    proc: lookAtProc(libc, reader, procRoot),
    openFiles: libc.raiseLimit(TASK.RLIMIT_NOFILE),
    inotifyErrno: tryInotify(libc),
    taskstats: askTaskstats(libc, process.pid),
    ...await tryPidfd(libc),
  };
}

function ownStatus(reader: ProcReader): Status | null {
  const bytes = reader.read("self", "status");
  return bytes === null ? null : parseStatus(bytes);
}

function netOfInit(reader: ProcReader): number | null {
  const link = reader.link(INIT_PID, "ns/net");
  return link === null ? null : parseNamespace(new TextDecoder().decode(link));
}

function tryConnector(libc: Libc, procRoot: string): ConnectorFact {
  try {
    const open = listen(libc, (name) => ownNamespace(libc, procRoot, name));
    libc.send(open.truth, encodeMcastOp(PROC_CN_MCAST.IGNORE, 0), 0);
    libc.close(open.truth);
    libc.close(open.doorbell);
    const events = Math.floor(open.bufferBytes / EVENT_TRUESIZE);
    return { kind: "open", events, forced: open.forced };
  } catch (error) {
    return { kind: "refused", ...refusal(error) };
  }
}

function refusal(error: unknown): { reason: string; advice: string | null } {
  if (error instanceof SourceRefused) return { reason: error.message, advice: error.advice };
  if (error instanceof SyscallError) return { reason: error.message, advice: null };
  throw error;
}

/** Opens a source exactly as the capture thread does: its own words are the answer. */
function tryOpen(libc: Libc, procRoot: string, source: CaptureOptions["source"]): Choice {
  const options = { source, procRoot, env: [], intervalNs: null, realtime: false };
  const wake = libc.eventfd(NOTIFY.EFD_CLOEXEC | NOTIFY.EFD_NONBLOCK);
  try {
    const live = openLive(libc, new Clocks(libc), options, wake);
    live.close();
    if (live.farewell !== null) libc.close(live.farewell.fd);
    return { source: live.info.source === "connector" ? "connector" : "poll", why: live.info.why };
  } catch (error) {
    return { source: null, why: refusal(error).reason };
  } finally {
    if (wake >= 0) libc.close(wake);
  }
}

/** Makes the calling thread real-time for a moment. */
function tryRealtime(libc: Libc): number {
  // Without SCHED_RESET_ON_FORK, which could not be taken back without CAP_SYS_NICE.
  const result = libc.schedSetscheduler(TASK.SCHED_FIFO, FIFO_PRIORITY);
  if (result < 0) return -result;
  libc.schedSetscheduler(TASK.SCHED_OTHER, 0);
  return 0;
}

function lookAtProc(libc: Libc, reader: ProcReader, root: string): ProcFacts {
  const files = new ProcFiles(libc, root);
  const counter = new PidCounter(libc, files);
  const mountinfo = reader.read("self", "mountinfo");
  const initStatus = reader.read(INIT_PID, "status");
  const mounts = mountinfo === null ? "" : new TextDecoder().decode(mountinfo);
  const facts = {
    root,
    options: procOptions(mounts, root),
    virtual: virtualFiles(mounts, MAY_BE_VIRTUAL, root),
    self: files.readSelf(),
    initUid: initStatus === null ? null : parseStatus(initStatus)?.uid.real ?? null,
    counters: { loadavg: counter.loadavg, nsLastPid: counter.nsLastPid, stat: counter.stat },
    ...countProcesses(libc, files, reader),
  };
  counter.close();
  return facts;
}

function countProcesses(
  libc: Libc,
  files: ProcFiles,
  reader: ProcReader,
): Pick<ProcFacts, "processes" | "guarded"> {
  const pids = listPids(reader);
  const into = new Uint8Array(64);
  const guarded = pids.filter((pid) => {
    const handle = files.openProcess(pid);
    if (handle < 0) return false;
    const length = libc.readlinkat(handle, EXE, into);
    libc.close(handle);
    return length === -ERRNO.EACCES || length === -ERRNO.EPERM;
  });
  return { processes: pids.length, guarded: guarded.length };
}

/** None where there is no procfs at all. */
function listPids(reader: ProcReader): number[] {
  try {
    return reader.pids();
  } catch (error) {
    if (error instanceof ProcError) return [];
    throw error;
  }
}

function tryInotify(libc: Libc): number {
  const fd = libc.inotifyInit(NOTIFY.IN_NONBLOCK | NOTIFY.IN_CLOEXEC);
  if (fd < 0) return -fd;
  const watch = libc.inotifyAddWatch(fd, ROOT_FOLDER, NOTIFY.IN_OPEN);
  libc.close(fd);
  return watch < 0 ? -watch : 0;
}

/** Holds a pidfd of a child until the child has been reaped, then asks for its wait status. */
async function tryPidfd(libc: Libc): Promise<Pick<Facts, "pidfdErrno" | "exitInfo">> {
  const own = libc.pidfdOpen(process.pid);
  if (own < 0) return { pidfdErrno: -own, exitInfo: false };
  libc.close(own);
  // Our own executable is the one program that is there on every host.
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  const reaped = new Promise<boolean>((resolve) => {
    child.once("error", () => resolve(false));
    child.once("exit", () => resolve(true));
  });
  const set = new PidfdSet(libc);
  const fd = child.pid === undefined ? UNKNOWN : set.add(child.pid);
  const tried = await reaped && fd >= 0;
  const exitInfo = tried ? set.waitStatus(fd) !== UNKNOWN : null;
  if (fd >= 0) set.remove(fd);
  set.close();
  return { pidfdErrno: 0, exitInfo };
}
