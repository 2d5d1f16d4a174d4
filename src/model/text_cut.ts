/**
 * Cutting texts that others chose.
 *
 * @module
 */

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
