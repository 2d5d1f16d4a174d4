/**
 * Titles that programs give themselves by writing over their arguments (setproctitle).
 *
 * @module
 */

const SPACE = 32;

/**
 * A command line as it was read of a living process, without the NULs with which a title fills the
 * room of the arguments that stood there. What an exec gave is never such: who has a space in the
 * first word and nothing but empty words behind it wears a title.
 */
export function withoutPadding(argv: Uint8Array): Uint8Array {
  const end = argv.indexOf(0);
  if (end < 0 || argv.length === end + 1) return argv;
  const isTitle = argv.subarray(0, end).includes(SPACE);
  const isPadded = argv.subarray(end).every((byte) => byte === 0);
  return isTitle && isPadded ? argv.subarray(0, end + 1) : argv;
}
