/**
 * The generic netlink family TASKSTATS and struct taskstats: include/uapi/linux/taskstats.h,
 * Documentation/accounting/taskstats.rst.
 *
 * ```text
 *  AGGR_PID { PID u32, STATS struct taskstats }      answer to GET with an attribute PID
 * ```
 *
 * The structure only ever grew at its end, so its first fields can be read at any version.
 *
 * @module
 */
import {
  attributeValue,
  decodeAttributes,
  encodeGenl,
  GENL,
  type GenlMessage,
  stringAttribute,
  u32Attribute,
} from "./genl.ts";
import { NLM_F } from "./nlmsg.ts";
import { WireError } from "./wire_error.ts";

/** TASKSTATS_GENL_NAME and TASKSTATS_GENL_VERSION. */
export const TASKSTATS_FAMILY = { name: "TASKSTATS", version: 1 } as const;
/** enum TASKSTATS_CMD_*. */
export const TASKSTATS_CMD = { GET: 1, NEW: 2 } as const;
/** Of enum TASKSTATS_CMD_ATTR_*. */
export const TASKSTATS_CMD_ATTR = { PID: 1, REGISTER_CPUMASK: 3, DEREGISTER_CPUMASK: 4 } as const;
/** Of enum TASKSTATS_TYPE_*. */
export const TASKSTATS_TYPE = { PID: 1, STATS: 3, AGGR_PID: 4 } as const;

/** Offsets of struct taskstats, checked with offsetof(3) on the header of Linux 6.1. */
export const TASKSTATS = {
  version: 0,
  exitcode: 4,
  flag: 8,
  cpuRunVirtual: 72,
  comm: 80,
  commEnd: 112,
  pid: 128,
  pidEnd: 132,
  utime: 152,
  stime: 160,
  minflt: 168,
  majflt: 176,
  hiwaterRss: 200,
  readBytes: 248,
  writeBytes: 256,
  nvcsw: 272,
  nivcsw: 280,
  /** End of what version 8 has. */
  extendedEnd: 288,
  tgid: 368,
  tgidEnd: 372,
} as const;
/** acct.h AGROUP: the task was the last of its process. */
const AGROUP = 0x20;
/** Offsets in a datagram: nlattr is len u16, type u16, value. */
const NLA_HEADER = 4;

/** What one task has used, from its start to its exit. A decoder fills it again and again. */
export class TaskAccount {
  /** Thread id. */
  tid = 0;
  /** Process; the thread id itself before version 12 (Linux 5.19), which does not tell. */
  tgid = 0;
  /** The last task of its process. */
  last = false;
  /** Where ac_comm begins in the bytes that were decoded. */
  commAt = 0;
  /** Time on a CPU, nanoseconds: se.sum_exec_runtime, exact (the other total is sampled). */
  cpuNs = 0;
  /** The same as the kernel sampled it, microseconds: only their ratio is of use. */
  userUs = 0;
  systemUs = 0;
  minorFaults = 0;
  majorFaults = 0;
  /** Peak resident size of the process, KiB. */
  peakKib = 0;
  /** Bytes that storage was asked for. */
  readBytes = 0;
  writeBytes = 0;
  voluntarySwitches = 0;
  involuntarySwitches = 0;
}

/**
 * Reads the record that the kernel sends when a task exits, a datagram of `length` bytes at `at`.
 * Answers false for one that has none: another command, or cut.
 */
export function decodeExitRecord(
  view: DataView,
  at: number,
  length: number,
  into: TaskAccount,
): boolean {
  if (length < GENL.attributes || view.getUint8(at + GENL.cmd) !== TASKSTATS_CMD.NEW) return false;
  const end = at + Math.min(length, view.getUint32(at, true));
  const aggregate = findAttribute(view, at + GENL.attributes, end, TASKSTATS_TYPE.AGGR_PID);
  if (aggregate < 0) return false;
  const aggregateEnd = Math.min(end, aggregate - NLA_HEADER + view.getUint16(aggregate - 4, true));
  const stats = findAttribute(view, aggregate, aggregateEnd, TASKSTATS_TYPE.STATS);
  if (stats < 0) return false;
  const size = Math.min(aggregateEnd, stats - NLA_HEADER + view.getUint16(stats - 4, true)) - stats;
  if (size < TASKSTATS.extendedEnd) return false;
  into.tid = view.getUint32(stats + TASKSTATS.pid, true);
  into.tgid = size < TASKSTATS.tgidEnd ? into.tid : view.getUint32(stats + TASKSTATS.tgid, true);
  into.commAt = stats + TASKSTATS.comm;
  into.last = (view.getUint8(stats + TASKSTATS.flag) & AGROUP) !== 0;
  into.cpuNs = u64(view, stats + TASKSTATS.cpuRunVirtual);
  into.userUs = u64(view, stats + TASKSTATS.utime);
  into.systemUs = u64(view, stats + TASKSTATS.stime);
  into.minorFaults = u64(view, stats + TASKSTATS.minflt);
  into.majorFaults = u64(view, stats + TASKSTATS.majflt);
  into.peakKib = u64(view, stats + TASKSTATS.hiwaterRss);
  into.readBytes = u64(view, stats + TASKSTATS.readBytes);
  into.writeBytes = u64(view, stats + TASKSTATS.writeBytes);
  into.voluntarySwitches = u64(view, stats + TASKSTATS.nvcsw);
  into.involuntarySwitches = u64(view, stats + TASKSTATS.nivcsw);
  return true;
}

/** The name at {@linkcode TaskAccount.commAt}: raw bytes without the NUL, a copy. */
export function commOfRecord(view: DataView, { commAt }: TaskAccount): Uint8Array {
  return nameAt(view, commAt);
}

function nameAt({ buffer, byteOffset }: DataView, at: number): Uint8Array {
  const size = TASKSTATS.commEnd - TASKSTATS.comm;
  const comm = new Uint8Array(buffer, byteOffset + at, size).slice();
  const nul = comm.indexOf(0);
  return nul < 0 ? comm : comm.subarray(0, nul);
}

/** Where the value of the first attribute of a type begins; -1 when there is none. */
function findAttribute(view: DataView, from: number, end: number, type: number): number {
  for (let at = from; at + NLA_HEADER <= end;) {
    const length = view.getUint16(at, true);
    if (length < NLA_HEADER || at + length > end) return -1;
    // The two highest bits say how the value is made.
    if ((view.getUint16(at + 2, true) & 0x3fff) === type) return at + NLA_HEADER;
    at += (length + 3) & ~3;
  }
  return -1;
}

/** A u64 that stands at a multiple of 4; exact below 2^53. */
function u64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
}

/** The leading fields of struct taskstats. */
export interface Taskstats {
  /** TASKSTATS_VERSION of the kernel: 8 in 2.6.3x, 16 in 6.18. */
  readonly version: number;
  /** ac_pid. */
  readonly pid: number;
  /** ac_comm: raw bytes without the NUL, a copy. */
  readonly comm: Uint8Array;
}

/** The request for the account of one task; `family` is the id the controller gave. */
export function encodeTaskstatsGet(family: number, pid: number, seq: number): Uint8Array {
  return encodeGenl({
    type: family,
    flags: NLM_F.REQUEST,
    seq,
    cmd: TASKSTATS_CMD.GET,
    version: TASKSTATS_FAMILY.version,
    attributes: [u32Attribute(TASKSTATS_CMD_ATTR.PID, pid)],
  });
}

/** Asks for the records of tasks that exit on CPUs ("0-7"), or for no more of them. */
export function encodeTaskstatsListen(
  family: number,
  cpus: string,
  listen: boolean,
  seq: number,
): Uint8Array {
  const { REGISTER_CPUMASK, DEREGISTER_CPUMASK } = TASKSTATS_CMD_ATTR;
  return encodeGenl({
    type: family,
    flags: NLM_F.REQUEST | NLM_F.ACK,
    seq,
    cmd: TASKSTATS_CMD.GET,
    version: TASKSTATS_FAMILY.version,
    attributes: [stringAttribute(listen ? REGISTER_CPUMASK : DEREGISTER_CPUMASK, cpus)],
  });
}

/** The account in an answer; throws {@linkcode WireError} when there is none or it is cut. */
export function decodeTaskstats({ cmd, attributes }: GenlMessage): Taskstats {
  if (cmd !== TASKSTATS_CMD.NEW) throw new WireError("taskstats", GENL.cmd, `command ${cmd}`);
  const { AGGR_PID, STATS } = TASKSTATS_TYPE;
  const aggregate = decodeAttributes(attributeValue(attributes, AGGR_PID, 0, "taskstats AGGR_PID"));
  const stats = attributeValue(aggregate, STATS, TASKSTATS.pidEnd, "struct taskstats");
  const view = new DataView(stats.buffer, stats.byteOffset, stats.byteLength);
  return {
    version: view.getUint16(TASKSTATS.version, true),
    pid: view.getUint32(TASKSTATS.pid, true),
    comm: nameAt(view, TASKSTATS.comm),
  };
}
