/**
 * The tree of the spans as a flowchart of Mermaid. It draws 500 edges unless it is told otherwise
 * (`maxEdges`).
 *
 * @module
 */
import { escapeText } from "../text/escape.ts";
import { inFamilies, kinOf, NONE } from "./kin.ts";
import type { Spans } from "./span.ts";
import { hasFailed, lastedWords, nameOf, outcomeOf } from "./words.ts";

/** What stands for itself in a text of Mermaid, be it Markdown or HTML. */
const PLAIN = /[^A-Za-z0-9 .,/:+()-]/gu;

/** The lines, each with its end. */
export function* mermaid(spans: Spans): Generator<string> {
  const kin = kinOf(spans.spans);
  yield "flowchart LR\n";
  yield "  classDef failed stroke:#c00,color:#c00\n";
  for (const place of inFamilies(kin)) {
    const span = spans.spans[place]!;
    const outcome = span.status === 0 ? "" : `, ${outcomeOf(span)}`;
    const label = [`${nameOf(span)} (${span.pid})`, `${lastedWords(span, spans)}${outcome}`];
    const text = label.map(escaped).join("<br>");
    yield `  p${place}["${text}"]${hasFailed(span) ? ":::failed" : ""}\n`;
    const above = kin.parent[place]!;
    if (above !== NONE) yield `  p${above} --> p${place}\n`;
  }
}

/** Mermaid writes characters as `#35;`. */
function escaped(text: string): string {
  return escapeText(text).replace(PLAIN, (character) => `#${character.codePointAt(0)};`);
}
