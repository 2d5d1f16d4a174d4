/**
 * How much is read of texts in /proc that a process chooses itself: exec allows 6 MiB of arguments,
 * and prctl(2) PR_SET_MM_MAP lays the bounds of a command line around gigabytes without any right.
 *
 * @module
 */

/** Bytes of a command line, an environment or a list of control groups that are read. */
export const PROC_TEXT_MAX: number = 64 << 10;

/** No address of a process is as high (Documentation/arch/x86/x86_64/5level-paging.rst). */
const HIGHEST = 2 ** 57;

/**
 * Length of the longest beginning of `bytes`, of at most `length` bytes, that cuts no UTF-8
 * character apart. What is not UTF-8 is cut anywhere.
 */
export function cutBetweenCharacters(bytes: Uint8Array, length: number): number {
  let start = length - 1;
  while (start > length - 4 && start > 0 && (bytes[start]! & 0xc0) === 0x80) start--;
  const first = bytes[start] ?? 0;
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return start >= 0 && start + size > length ? start : length;
}

/**
 * Length of a file of which the first `known` bytes were read. Files in /proc have no size, but
 * may be read from any place: `isThere` tells whether a byte is at an offset. It is asked some 60
 * times at most.
 */
export function findLength(known: number, isThere: (offset: number) => boolean): number {
  if (!isThere(known)) return known;
  let there = known;
  let beyond = known * 2;
  while (beyond < HIGHEST && isThere(beyond)) {
    there = beyond;
    beyond *= 2;
  }
  while (beyond - there > 1) {
    const middle = there + Math.floor((beyond - there) / 2);
    if (isThere(middle)) there = middle;
    else beyond = middle;
  }
  return beyond;
}
