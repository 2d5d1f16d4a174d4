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
  u32Attribute,
} from "./genl.ts";
import { NLM_F } from "./nlmsg.ts";
import { WireError } from "./wire_error.ts";

/** TASKSTATS_GENL_NAME and TASKSTATS_GENL_VERSION. */
export const TASKSTATS_FAMILY = { name: "TASKSTATS", version: 1 } as const;
/** enum TASKSTATS_CMD_*. */
export const TASKSTATS_CMD = { GET: 1, NEW: 2 } as const;
/** Of enum TASKSTATS_CMD_ATTR_*. */
export const TASKSTATS_CMD_ATTR = { PID: 1 } as const;
/** Of enum TASKSTATS_TYPE_*. */
export const TASKSTATS_TYPE = { PID: 1, STATS: 3, AGGR_PID: 4 } as const;

/** Offsets of struct taskstats, checked with offsetof(3) on the header of Linux 6.1. */
export const TASKSTATS = { version: 0, comm: 80, commEnd: 112, pid: 128, pidEnd: 132 } as const;

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

/** The account in an answer; throws {@linkcode WireError} when there is none or it is cut. */
export function decodeTaskstats({ cmd, attributes }: GenlMessage): Taskstats {
  if (cmd !== TASKSTATS_CMD.NEW) throw new WireError("taskstats", GENL.cmd, `command ${cmd}`);
  const { AGGR_PID, STATS } = TASKSTATS_TYPE;
  const aggregate = decodeAttributes(attributeValue(attributes, AGGR_PID, 0, "taskstats AGGR_PID"));
  const stats = attributeValue(aggregate, STATS, TASKSTATS.pidEnd, "struct taskstats");
  const view = new DataView(stats.buffer, stats.byteOffset, stats.byteLength);
  const comm = stats.slice(TASKSTATS.comm, TASKSTATS.commEnd);
  const nul = comm.indexOf(0);
  return {
    version: view.getUint16(TASKSTATS.version, true),
    pid: view.getUint32(TASKSTATS.pid, true),
    comm: nul < 0 ? comm : comm.subarray(0, nul),
  };
}
