/**
 * Records of BSD process accounting: include/uapi/linux/acct.h, kernel/acct.c.
 *
 * ```text
 *  v3  flag u8 | version u8 | tty u16 | exitcode u32 | uid u32 | gid u32 | pid u32 | ppid u32
 *      btime u32 | etime float | utime stime mem io rw minflt majflt swaps u16 | comm 16
 *  v2  flag u8 | version u8 | uid16 gid16 tty u16 | btime u32
 *      utime stime etime mem io rw minflt majflt swaps u16 | ahz u16 | exitcode u32
 *      comm 17 | etime_hi u8 | etime_lo u16 | uid u32 | gid u32
 * ```
 *
 * Both take 64 bytes, in the byte order of the machine that wrote them: `version` has the bit
 * ACCT_BYTEORDER where that is big endian. Versions 0 and 1 (Linux before 2.6.11, m68k) are
 * not read.
 *
 * @module
 */
import { WireError } from "./wire_error.ts";

/** Bytes of a record of either version. */
export const ACCT_SIZE = 64;

/** The bit of `ac_version` that says big endian. */
const ACCT_BYTEORDER = 0x80;
/** AHZ: the times of a record are in hundredths of a second, unless a v2 record says otherwise. */
const AHZ = 100;

/** Bits of `ac_flag`. */
export const ACCT_FLAG = {
  /** Forked, and did not exec. */
  FORK: 0x01,
  /** Used the rights of the superuser. */
  SU: 0x02,
  COMPAT: 0x04,
  /** Dumped core. */
  CORE: 0x08,
  /** A signal ended it. */
  XSIG: 0x10,
  /** Was the last task of its process; set in every record. */
  GROUP: 0x20,
} as const;

/** Bits that no kernel sets. */
const UNUSED_FLAGS = 0xc0;

/** Offsets of struct acct_v3. */
const V3 = {
  exitcode: 4,
  uid: 8,
  gid: 12,
  pid: 16,
  ppid: 20,
  btime: 24,
  etime: 28,
  utime: 32,
  stime: 34,
  mem: 36,
  io: 38,
  rw: 40,
  minflt: 42,
  majflt: 44,
  swaps: 46,
  comm: 48,
  commEnd: 64,
} as const;

/** Offsets of struct acct. */
const V2 = {
  btime: 8,
  utime: 12,
  stime: 14,
  mem: 18,
  io: 20,
  rw: 22,
  minflt: 24,
  majflt: 26,
  swaps: 28,
  ahz: 30,
  exitcode: 32,
  comm: 36,
  commEnd: 53,
  etimeHi: 53,
  etimeLo: 54,
  uid: 56,
  gid: 60,
} as const;

const COMM_MAX = V2.commEnd - V2.comm;

/** One record; it is filled again and again, because files have millions.. */
export class AcctRecord {
  /** 2 or 3. */
  version = 3;
  bigEndian = false;
  /** See {@linkcode ACCT_FLAG}. */
  flags = 0;
  /** How it ended, as wait(2) has it. */
  waitStatus = 0;
  uid = 0;
  gid = 0;
  /** Null in version 2, which has none. */
  pid: number | null = null;
  ppid: number | null = null;
  /** When it was started, in whole seconds since the epoch. */
  startS = 0;
  /** How long it lived, in hundredths of a second; null where what stands there is no time. */
  elapsedCs: number | null = null;
  /** CPU time in user mode and in the kernel, in hundredths of a second. */
  userCs = 0;
  systemCs = 0;
  /** Memory on average, KiB. */
  memKib = 0;
  /** Characters and blocks that were moved, as far as the kernel counts them. */
  io = 0;
  rw = 0;
  minorFaults = 0;
  majorFaults = 0;
  swaps = 0;
  /** The name, and how much of it is one: raw bytes. */
  readonly #comm = new Uint8Array(COMM_MAX);
  #commLength = 0;

  /** The name: bytes up to the NUL; they change with the record. */
  get comm(): Uint8Array {
    return this.#comm.subarray(0, this.#commLength);
  }

  /**
   * Reads the record that begins at byte `at`; throws {@linkcode WireError}, with the record
   * as it was, where there is none.
   */
  read(bytes: DataView, at: number): void {
    const left = bytes.byteLength - at;
    if (left < ACCT_SIZE) throw new WireError("acct record", at, `${left} of ${ACCT_SIZE} bytes`);
    const flags = bytes.getUint8(at);
    const ofVersion = bytes.getUint8(at + 1);
    const version = ofVersion & ~ACCT_BYTEORDER;
    if (version !== 2 && version !== 3) {
      throw new WireError("acct record", at + 1, `version ${hex(ofVersion)}, not 2 or 3`);
    }
    if ((flags & UNUSED_FLAGS) !== 0) {
      throw new WireError("acct record", at, `flags ${hex(flags)}, which no kernel sets`);
    }
    this.version = version;
    this.flags = flags;
    this.bigEndian = ofVersion !== version;
    if (version === 3) this.#readV3(bytes, at, !this.bigEndian);
    else this.#readV2(bytes, at, !this.bigEndian);
  }

  #readV3(bytes: DataView, at: number, little: boolean): void {
    this.waitStatus = bytes.getUint32(at + V3.exitcode, little);
    this.uid = bytes.getUint32(at + V3.uid, little);
    this.gid = bytes.getUint32(at + V3.gid, little);
    this.pid = bytes.getUint32(at + V3.pid, little);
    this.ppid = bytes.getUint32(at + V3.ppid, little);
    this.startS = bytes.getUint32(at + V3.btime, little);
    const elapsed = bytes.getFloat32(at + V3.etime, little);
    this.elapsedCs = Number.isFinite(elapsed) && elapsed >= 0 ? elapsed : null;
    this.userCs = comp(bytes.getUint16(at + V3.utime, little));
    this.systemCs = comp(bytes.getUint16(at + V3.stime, little));
    this.#readCounts(bytes, at + V3.mem, little);
    this.#readComm(bytes, at + V3.comm, V3.commEnd - V3.comm);
  }

  #readV2(bytes: DataView, at: number, little: boolean): void {
    const perCs = (bytes.getUint16(at + V2.ahz, little) || AHZ) / 100;
    const elapsed = bytes.getUint8(at + V2.etimeHi) * 0x10000 +
      bytes.getUint16(at + V2.etimeLo, little);
    this.waitStatus = bytes.getUint32(at + V2.exitcode, little);
    this.uid = bytes.getUint32(at + V2.uid, little);
    this.gid = bytes.getUint32(at + V2.gid, little);
    this.pid = null;
    this.ppid = null;
    this.startS = bytes.getUint32(at + V2.btime, little);
    this.elapsedCs = comp2(elapsed) / perCs;
    this.userCs = comp(bytes.getUint16(at + V2.utime, little)) / perCs;
    this.systemCs = comp(bytes.getUint16(at + V2.stime, little)) / perCs;
    this.#readCounts(bytes, at + V2.mem, little);
    this.#readComm(bytes, at + V2.comm, COMM_MAX);
  }

  /** The six that stand side by side in both versions. */
  #readCounts(bytes: DataView, at: number, little: boolean): void {
    this.memKib = comp(bytes.getUint16(at, little));
    this.io = comp(bytes.getUint16(at + 2, little));
    this.rw = comp(bytes.getUint16(at + 4, little));
    this.minorFaults = comp(bytes.getUint16(at + 6, little));
    this.majorFaults = comp(bytes.getUint16(at + 8, little));
    this.swaps = comp(bytes.getUint16(at + 10, little));
  }

  #readComm(bytes: DataView, at: number, size: number): void {
    let length = 0;
    for (; length < size; length++) {
      const byte = bytes.getUint8(at + length);
      if (byte === 0) break;
      this.#comm[length] = byte;
    }
    this.#commLength = length;
  }
}

/** comp_t: 13 bits, and an exponent of 3 bits to the base 8; 0xffff is also what is larger. */
export function comp(value: number): number {
  return (value & 0x1fff) * 8 ** (value >> 13);
}

/**
 * comp2_t: 24 bits. Up to 19 bits stand as they are; of what is larger the 19 bits after the
 * leading 1, with an exponent of 5 bits to the base 2 (encode_comp2_t() in kernel/acct.c).
 */
export function comp2(value: number): number {
  const exponent = value >> 19;
  const fraction = value & 0x7ffff;
  return exponent === 0 ? fraction : (fraction + 0x80000) * 2 ** (exponent - 1);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
