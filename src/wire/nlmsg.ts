/**
 * struct nlmsghdr, include/uapi/linux/netlink.h.
 *
 * ```text
 *  0       4     6     8       12      16
 *  | len   |type |flags| seq   | pid   | payload, padded to 4 ...
 * ```
 *
 * @module
 */
import { WireError } from "./wire_error.ts";

/** Offsets of struct nlmsghdr. */
export const NLMSG = { len: 0, type: 4, flags: 6, seq: 8, pid: 12, payload: 16 } as const;

/** Message types and flags, uapi/linux/netlink.h. */
export const NLMSG_TYPE = { NOOP: 1, ERROR: 2, DONE: 3 } as const;
/** Flags of a request. */
export const NLM_F = { REQUEST: 1, ACK: 4 } as const;

/** A netlink message's header. */
export interface NlMsg {
  /** Whole length, header included, padding not. */
  len: number;
  type: number;
  flags: number;
  seq: number;
  pid: number;
}

/** `#define NLMSG_ALIGN(len) (((len) + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1))`, 4. */
export function nlmsgAlign(length: number): number {
  return (length + 3) & ~3;
}

/** Decodes the header at `at`; throws {@linkcode WireError} when it does not fit into `end`. */
export function decodeNlMsg(view: DataView, at: number, end: number): NlMsg {
  if (end - at < NLMSG.payload) {
    throw new WireError("nlmsghdr", at, `${end - at} bytes, 16 needed`);
  }
  const len = view.getUint32(at + NLMSG.len, true);
  if (len < NLMSG.payload || len > end - at) {
    throw new WireError("nlmsghdr", at, `length ${len} of ${end - at}`);
  }
  return {
    len,
    type: view.getUint16(at + NLMSG.type, true),
    flags: view.getUint16(at + NLMSG.flags, true),
    seq: view.getUint32(at + NLMSG.seq, true),
    pid: view.getUint32(at + NLMSG.pid, true),
  };
}

/** Writes the header at `at`. */
export function encodeNlMsg(view: DataView, at: number, header: NlMsg): void {
  view.setUint32(at + NLMSG.len, header.len, true);
  view.setUint16(at + NLMSG.type, header.type, true);
  view.setUint16(at + NLMSG.flags, header.flags, true);
  view.setUint32(at + NLMSG.seq, header.seq, true);
  view.setUint32(at + NLMSG.pid, header.pid, true);
}
