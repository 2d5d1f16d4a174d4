/**
 * A report as one page that needs nothing else: no network, no other file.
 *
 * @module
 */
import { deflateRawSync } from "node:zlib";
import page from "./built/page.html" with { type: "text" };
import { pageSteps } from "./columns.ts";
import { pack } from "./page/packed.ts";
import type { Spans } from "./span.ts";

/** Stands in the page where the data go, once. */
const DATA = "@FH_DATA@";
/** Stands where the title goes, once. */
const TITLE = "@FH_TITLE@";

/**
 * At this level the compressors of all runtimes look for the same matches; at lower ones they
 * guess, each in its own way. Looking no further than 4 KiB back takes a third of the time, and
 * finds as much: what is alike stands together. With little memory blocks are short, and each
 * column gets codes of its own.
 */
const DEFLATE = { level: 8, windowBits: 12, memLevel: 6 };

/**
 * The page: HTML in UTF-8, with the data as columns, deflated and in base64. `now` is the time,
 * milliseconds since the Unix epoch. The same spans and time always give the same text.
 */
export function html(spans: Spans, now: number): string {
  return [...htmlPieces(spans, now)].join("");
}

/** The same with pauses, which are empty pieces: most of the work is done before the first byte. */
export function* htmlPieces(spans: Spans, now: number): Generator<string> {
  const steps = pageSteps(spans, now);
  for (;;) {
    yield "";
    const { done, value } = steps.next();
    if (!done) continue;
    const packed = pack(value);
    yield "";
    yield pageOf(spans.frame.title, [packed]);
    return;
  }
}

/** A page with that title and data, which its script takes apart again. */
export function pageOf(title: string, parts: readonly Uint8Array[]): string {
  const data = parts.map((part) => deflateRawSync(part, DEFLATE).toString("base64")).join(" ");
  const shown = title.toWellFormed().replace(/[^\p{L}\p{N} ]/gu, reference);
  // A function, because a text would be searched for `$&`.
  return page.replace(TITLE, () => shown).replace(DATA, () => data);
}

/** A character as HTML always reads it as text; NUL and such, which it cannot, as U+FFFD. */
function reference(character: string): string {
  const code = character.codePointAt(0)!;
  const isControl = code < 32 || (code >= 127 && code < 160);
  return isControl ? "&#xfffd;" : `&#x${code.toString(16)};`;
}
