/**
 * Scanning of /proc text as bytes, for the files that are read often.
 *
 * @module
 */

const NEWLINE = 10;
const encoder = new TextEncoder();

/** The key of a line that is not the first: a newline, then `name`. */
export function lineKey(name: string): Uint8Array {
  return encoder.encode(`\n${name}`);
}

/** The decimal number that starts at `at` and ends before byte `end`; -1 when there is none. */
export function decimalAt(bytes: Uint8Array, at: number, length: number, end: number): number {
  let value = 0;
  for (let i = at; i < length; i++) {
    const byte = bytes[i]!;
    if (byte === end) return i === at ? -1 : value;
    if (byte < 48 || byte > 57) return -1;
    value = value * 10 + (byte - 48);
  }
  return -1;
}

function matches(bytes: Uint8Array, at: number, key: Uint8Array): boolean {
  for (let i = 1; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}

/** Where the value of the first line with `key` starts; -1 when there is no such line. */
export function valueAfter(bytes: Uint8Array, length: number, key: Uint8Array): number {
  const last = length - key.length;
  // indexOf() is native: in a short command no loop over bytes gets compiled.
  for (let at = bytes.indexOf(NEWLINE); at >= 0 && at <= last;) {
    if (matches(bytes, at, key)) return at + key.length;
    at = bytes.indexOf(NEWLINE, at + 1);
  }
  return -1;
}

/** The same for the last such line, looked for from the end. */
export function valueAfterLast(bytes: Uint8Array, length: number, key: Uint8Array): number {
  for (let at = length - key.length; at >= 0; at--) {
    if (bytes[at] === NEWLINE && matches(bytes, at, key)) return at + key.length;
  }
  return -1;
}
