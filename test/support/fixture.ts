/**
 * Fixtures: bytes captured from a real kernel, in a form that can be read and compared.
 *
 * ```text
 * # kernel 6.18.44 x86_64
 * # made by: cat /proc/self/cmdline ''
 *
 * cat\0/proc/self/cmdline\0\0
 * ```
 *
 * Comment lines say where the bytes come from; after the first empty line they follow. Printable
 * ASCII stands for itself; `\0`, `\t`, `\n` and `\\` as in C; `\x1b` any other byte; `\x61{1000}`
 * one byte a thousand times. The ends of lines are not part of the bytes.
 *
 * @module
 */
import { readFileSync } from "node:fs";

const ESCAPES = new Map<string, number>([["0", 0], ["t", 9], ["n", 10], ["\\", 92]]);
const TOKEN = /\\([0tn\\])|\\x([0-9a-f]{2})(?:\{(\d+)\})?|([\x20-\x5b\x5d-\x7e])/gy;

/** The bytes a body stands for. Throws a SyntaxError for a body that breaks the rules. */
export function decodeFixture(body: string): Uint8Array {
  const bytes: number[] = [];
  const text = body.replaceAll("\n", "");
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    const [whole, escape, hex, times, plain] = token;
    end = token.index + whole.length;
    if (escape !== undefined) bytes.push(ESCAPES.get(escape)!);
    else if (plain !== undefined) bytes.push(plain.charCodeAt(0));
    else for (let i = Number(times ?? 1); i > 0; i--) bytes.push(parseInt(hex!, 16));
  }
  if (end !== text.length) throw new SyntaxError(`Cannot decode fixture at character ${end}`);
  return new Uint8Array(bytes);
}

/** A body that stands for `bytes`, a line of text a line. */
export function encodeFixture(bytes: Uint8Array): string {
  let body = "";
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    let times = 1;
    while (bytes[at + times] === byte) times++;
    const hex = `\\x${byte.toString(16).padStart(2, "0")}`;
    if (times >= 100) {
      body += `${hex}{${times}}`;
      at += times - 1;
    } else if (byte === 10) body += "\\n\n";
    else if (byte === 0) body += "\\0";
    else if (byte === 9) body += "\\t";
    else if (byte === 92) body += "\\\\";
    else body += byte >= 32 && byte < 127 ? String.fromCharCode(byte) : hex;
  }
  return body.endsWith("\n") ? body : `${body}\n`;
}

/** The bytes of the fixture `name`, a path below test/fixtures. */
export function readFixture(name: string): Uint8Array {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
  const at = text.indexOf("\n\n");
  if (!text.startsWith("# kernel ") || at < 0) {
    throw new SyntaxError(`Cannot read fixture ${name}: no header`);
  }
  return decodeFixture(text.slice(at + 2));
}

/** The same as text; bytes that are not UTF-8 become U+FFFD. */
export function readFixtureText(name: string): string {
  return new TextDecoder().decode(readFixture(name));
}
