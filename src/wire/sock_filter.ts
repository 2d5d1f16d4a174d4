/**
 * Classic BPF, struct sock_filter {u16 code, u8 jt, u8 jf, u32 k}: include/uapi/linux/filter.h.
 *
 * @module
 */
import { PROC } from "./proc_event.ts";

/** The instructions that are used, uapi/linux/bpf_common.h. */
const BPF = {
  /** BPF_LD | BPF_W | BPF_ABS: the 32-bit word at k, taken as big endian. */
  LOAD_WORD: 0x20,
  /** BPF_JMP | BPF_JEQ | BPF_K */
  JUMP_EQUAL: 0x15,
  /** BPF_RET | BPF_K: keep k bytes of the packet, 0 drops it. */
  RETURN: 0x06,
} as const;

function encode(program: readonly (readonly [number, number, number, number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, whenTrue, whenFalse, k], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, whenTrue);
    view.setUint8(index * 8 + 3, whenFalse);
    view.setUint32(index * 8 + 4, k, true);
  });
  return new Uint8Array(view.buffer);
}

/** A little-endian host's word as a big-endian load sees it: htonl(3). */
function swapped(word: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, word, true);
  return view.getUint32(0, false);
}

/** Lets datagrams of one event kind through and drops the rest. */
export function filterForEvent(what: number): Uint8Array {
  return encode([
    [BPF.LOAD_WORD, 0, 0, PROC.what],
    [BPF.JUMP_EQUAL, 0, 1, swapped(what)],
    [BPF.RETURN, 0, 0, 0xffffffff],
    [BPF.RETURN, 0, 0, 0],
  ]);
}
