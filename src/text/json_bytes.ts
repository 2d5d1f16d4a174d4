/**
 * Bytes that others chose as JSON strings: plain ASCII is copied, all else decoded and escaped.
 *
 * @module
 */
import { decodeText, splitArgv } from "../model/image.ts";
import type { ByteText } from "./byte_text.ts";
import { jsonText } from "./json_text.ts";

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d];

/** Whether bytes `from` to `to` mean the same inside the quotes of a JSON string. */
function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** Appends `bytes` as a string, bytes that are not UTF-8 as U+FFFD; null as null. */
export function appendString(bytes: Uint8Array | null, to: ByteText): void {
  if (bytes === null) {
    to.text("null");
  } else if (isPlain(bytes, 0, bytes.length)) {
    to.byte(QUOTE);
    to.bytes(bytes);
    to.byte(QUOTE);
  } else {
    to.text(jsonText(decodeText(bytes)));
  }
}

/** Appends a command line as /proc/PID/cmdline has it as an array of strings; null as null. */
export function appendArgv(bytes: Uint8Array | null, to: ByteText): void {
  if (bytes === null) {
    to.text("null");
    return;
  }
  // An argument that no NUL ends, or an unusual one, is left to the decoder.
  if (bytes.at(-1) !== 0 || !isPlainArgv(bytes)) {
    to.text(jsonText(splitArgv(bytes)));
    return;
  }
  to.byte(OPEN);
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0, from);
    if (from > 0) to.byte(COMMA);
    to.byte(QUOTE);
    to.bytes(bytes.subarray(from, end));
    to.byte(QUOTE);
    from = end + 1;
  }
  to.byte(CLOSE);
}

function isPlainArgv(bytes: Uint8Array): boolean {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0, from);
    if (!isPlain(bytes, from, end)) return false;
    from = end + 1;
  }
  return true;
}
