/**
 * The proc connector's datagram: nlmsghdr, cn_msg, proc_event.
 * Headers: include/uapi/linux/netlink.h, connector.h, cn_proc.h.
 *
 * ```text
 *  0         16    20    24    28    32    34     36     40    44           52
 *  | nlmsghdr | idx | val | seq | ack | len | flags| what | cpu | timestamp_ns | union, <= 24 ...
 * ```
 *
 * cn_msg.len counts from `what`. The union was shorter on older kernels, so its end comes from
 * cn_msg.len and a field beyond it reads as 0. The timestamp stands at 44, which is no multiple
 * of 8: it is read as two 32-bit halves.
 *
 * @module
 */
import { encodeNlMsg, NLMSG, NLMSG_TYPE } from "./nlmsg.ts";

/** Offsets in the datagram. */
export const PROC = {
  idx: NLMSG.payload,
  val: 20,
  seq: 24,
  ack: 28,
  len: 32,
  flags: 34,
  what: 36,
  cpu: 40,
  timestampLow: 44,
  timestampHigh: 48,
  union: 52,
  end: 76,
} as const;

/** CN_IDX_PROC and CN_VAL_PROC, connector.h; the index is the multicast group too. */
export const CN_PROC = { idx: 1, val: 1 } as const;

/** enum proc_cn_mcast_op, cn_proc.h. */
export const PROC_CN_MCAST = { LISTEN: 1, IGNORE: 2 } as const;

/** enum proc_cn_event, cn_proc.h. */
export const PROC_EVENT = {
  NONE: 0,
  FORK: 0x1,
  EXEC: 0x2,
  UID: 0x4,
  GID: 0x40,
  SID: 0x80,
  PTRACE: 0x100,
  COMM: 0x200,
  COREDUMP: 0x40000000,
  EXIT: 0x80000000,
} as const;

/** Bytes of the union each event had when it first appeared: what a decoder may rely on. */
const UNION_MIN: Record<number, number> = {
  [PROC_EVENT.NONE]: 4,
  [PROC_EVENT.FORK]: 16,
  [PROC_EVENT.EXEC]: 8,
  [PROC_EVENT.UID]: 16,
  [PROC_EVENT.GID]: 16,
  [PROC_EVENT.SID]: 8,
  [PROC_EVENT.PTRACE]: 16,
  [PROC_EVENT.COMM]: 24,
  [PROC_EVENT.COREDUMP]: 8,
  [PROC_EVENT.EXIT]: 16,
};

/**
 * One datagram, decoded. A decoder fills the same object again and again; the words are the
 * union's six 32-bit fields in order, 0 where the kernel did not send them.
 */
export class ProcDatagram {
  /** One of {@linkcode PROC_EVENT}, or a number this version does not know. */
  what = 0;
  /** CPU the event happened on; 0xffffffff in the acks of old kernels. */
  cpu = 0;
  /** Per-CPU counter. */
  seq = 0;
  /** The sent ack plus one, in the answer to LISTEN. */
  ack = 0;
  /** CLOCK_MONOTONIC nanoseconds. */
  time = 0;
  /** The union as 32-bit words. */
  readonly words: Int32Array = new Int32Array(6);
  /** The union's bytes as sent, a copy; comm of a COMM event is bytes 8 to 24. */
  readonly union: Uint8Array = new Uint8Array(this.words.buffer);
  /** Bytes of the union the kernel sent. */
  unionLength = 0;
}

/**
 * Decodes the datagram of `length` bytes at `at` into `into`.
 *
 * Answers false for bytes that are no proc event (other type or group, or too short for what
 * they claim to be); an event kind it does not know is decoded like any other.
 */
export function decodeProcEvent(
  view: DataView,
  at: number,
  length: number,
  into: ProcDatagram,
): boolean {
  if (length < PROC.union) return false;
  const end = view.getUint32(at + NLMSG.len, true);
  if (end > length || view.getUint16(at + NLMSG.type, true) !== NLMSG_TYPE.DONE) return false;
  if (view.getUint32(at + PROC.idx, true) !== CN_PROC.idx) return false;
  if (view.getUint32(at + PROC.val, true) !== CN_PROC.val) return false;
  const sent = PROC.what + view.getUint16(at + PROC.len, true);
  if (sent > end) return false;
  const unionLength = Math.min(sent, PROC.end) - PROC.union;
  const what = view.getUint32(at + PROC.what, true);
  if (unionLength < (UNION_MIN[what] ?? 0)) return false;

  into.what = what;
  into.cpu = view.getUint32(at + PROC.cpu, true);
  into.seq = view.getUint32(at + PROC.seq, true);
  into.ack = view.getUint32(at + PROC.ack, true);
  into.time = view.getUint32(at + PROC.timestampLow, true) +
    view.getUint32(at + PROC.timestampHigh, true) * 0x1_0000_0000;
  into.unionLength = unionLength;
  const words = into.words;
  const whole = unionLength >> 2;
  for (let i = 0; i < 6; i++) {
    words[i] = i < whole ? view.getInt32(at + PROC.union + i * 4, true) : 0;
  }
  return true;
}

/** The datagram as the kernel would send it: for tests, and to prove the decoder. */
export function encodeProcEvent(event: ProcDatagram): Uint8Array {
  const length = PROC.union + event.unionLength;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  encodeNlMsg(view, 0, {
    len: length,
    type: NLMSG_TYPE.DONE,
    flags: 0,
    seq: event.seq,
    pid: 0,
  });
  view.setUint32(PROC.idx, CN_PROC.idx, true);
  view.setUint32(PROC.val, CN_PROC.val, true);
  view.setUint32(PROC.seq, event.seq, true);
  view.setUint32(PROC.ack, event.ack, true);
  view.setUint16(PROC.len, length - PROC.what, true);
  view.setUint32(PROC.what, event.what, true);
  view.setUint32(PROC.cpu, event.cpu, true);
  view.setUint32(PROC.timestampLow, event.time % 0x1_0000_0000, true);
  view.setUint32(PROC.timestampHigh, Math.floor(event.time / 0x1_0000_0000), true);
  bytes.set(event.union.subarray(0, event.unionLength), PROC.union);
  return bytes;
}

/**
 * The request LISTEN or IGNORE with the 4-byte payload that kernels before and after 6.6 take
 * (6.6 added a second word, the event mask; with a mask loss can no longer be counted).
 */
export function encodeMcastOp(op: number, ack: number): Uint8Array {
  const length = PROC.what + 4;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  encodeNlMsg(view, 0, { len: length, type: NLMSG_TYPE.DONE, flags: 0, seq: 0, pid: 0 });
  view.setUint32(PROC.idx, CN_PROC.idx, true);
  view.setUint32(PROC.val, CN_PROC.val, true);
  view.setUint32(PROC.ack, ack, true);
  view.setUint16(PROC.len, 4, true);
  view.setUint32(PROC.what, op, true);
  return bytes;
}

/** struct sockaddr_nl {family u16, pad u16, pid u32, groups u32}, uapi/linux/netlink.h. */
export function encodeSockaddrNl(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 16, true);
  view.setUint32(8, groups, true);
  return bytes;
}
