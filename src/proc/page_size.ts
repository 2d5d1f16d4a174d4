/**
 * /proc/self/auxv, getauxval(3): pairs of words, of which one has the size of a page.
 *
 * @module
 */

/** AT_PAGESZ of include/uapi/linux/auxvec.h. */
const AT_PAGESZ = 6n;
const PAIR = 16;
const USUAL = 4096;

/** Bytes of a page, from the file of a 64-bit program; 4096 where it does not say so. */
export function pageSizeOf(auxv: Uint8Array | null): number {
  if (auxv === null) return USUAL;
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.byteLength);
  for (let at = 0; at + PAIR <= auxv.byteLength; at += PAIR) {
    if (view.getBigUint64(at, true) === AT_PAGESZ) return Number(view.getBigUint64(at + 8, true));
  }
  return USUAL;
}
