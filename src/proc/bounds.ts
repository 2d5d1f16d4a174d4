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
