/** Makes files of BSD process accounting, by the encoders of kernel/acct.c. */
const SIZE = 64;

/** A record to be written; times in hundredths of a second. */
export interface AcctParts {
  readonly version?: 2 | 3;
  readonly big?: boolean;
  readonly flags?: number;
  readonly tty?: number;
  readonly status?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly pid?: number;
  readonly ppid?: number;
  readonly start?: number;
  readonly elapsed?: number;
  readonly user?: number;
  readonly system?: number;
  readonly mem?: number;
  readonly io?: number;
  readonly rw?: number;
  readonly minor?: number;
  readonly major?: number;
  readonly swaps?: number;
  readonly ahz?: number;
  readonly comm?: string | Uint8Array;
}

/** encode_comp_t(): rounds, and stops at the largest. */
export function encodeComp(value: number): number {
  let [exponent, round] = [0, false];
  while (value > 0x1fff) {
    round = (value & 4) !== 0;
    value = Math.floor(value / 8);
    exponent++;
  }
  if (round && ++value > 0x1fff) {
    value >>= 3;
    exponent++;
  }
  return exponent > 7 ? 0xffff : exponent * 0x2000 + value;
}

/** encode_comp2_t(). */
export function encodeComp2(value: number): number {
  const max = 0xfffff;
  let exponent = value > max >> 1 ? 1 : 0;
  let round = false;
  while (value > max) {
    round = value % 2 === 1;
    value = Math.floor(value / 2);
    exponent++;
  }
  if (round && ++value > max) {
    value >>= 1;
    exponent++;
  }
  return exponent > 31 ? 0xffffff : (value & (max >> 1)) + exponent * 0x80000;
}

/** One record of 64 bytes. */
export function acctRecord(parts: AcctParts = {}): Uint8Array {
  const { version = 3, big = false, comm = "true" } = parts;
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  bytes[0] = parts.flags ?? 0;
  bytes[1] = version | (big ? 0x80 : 0);
  const name = typeof comm === "string" ? new TextEncoder().encode(comm) : comm;
  const u16 = (at: number, value = 0) => view.setUint16(at, value, !big);
  const u32 = (at: number, value = 0) => view.setUint32(at, value, !big);
  const { mem = 0, io = 0, rw = 0, minor = 0, major = 0, swaps = 0, elapsed = 0 } = parts;
  const counts = [mem, io, rw, minor, major, swaps].map(encodeComp);
  if (version === 3) {
    u16(2, parts.tty);
    [parts.status, parts.uid, parts.gid, parts.pid, parts.ppid, parts.start].forEach((value, i) => {
      u32(4 + 4 * i, value);
    });
    view.setFloat32(28, elapsed, !big);
    u16(32, encodeComp(parts.user ?? 0));
    u16(34, encodeComp(parts.system ?? 0));
    counts.forEach((value, i) => u16(36 + 2 * i, value));
    bytes.set(name.subarray(0, 16), 48);
    return bytes;
  }
  u16(2, (parts.uid ?? 0) & 0xffff);
  u16(4, (parts.gid ?? 0) & 0xffff);
  u16(6, parts.tty);
  u32(8, parts.start);
  u16(12, encodeComp(parts.user ?? 0));
  u16(14, encodeComp(parts.system ?? 0));
  u16(16, encodeComp(elapsed));
  counts.forEach((value, i) => u16(18 + 2 * i, value));
  u16(30, parts.ahz ?? 100);
  u32(32, parts.status);
  bytes.set(name.subarray(0, 17), 36);
  const long = encodeComp2(elapsed);
  bytes[53] = long >> 16;
  u16(54, long & 0xffff);
  u32(56, parts.uid);
  u32(60, parts.gid);
  return bytes;
}

/** Records and other bytes one after the other. */
export function acctFile(...parts: readonly (AcctParts | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) => part instanceof Uint8Array ? part : acctRecord(part));
  const file = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}
