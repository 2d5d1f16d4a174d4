/**
 * The tree of the spans in the language of Graphviz; the whole command line is what a node shows
 * when it is pointed at.
 *
 * @module
 */
import { escapeText } from "../text/escape.ts";
import { inFamilies, kinOf, NONE } from "./kin.ts";
import type { Span, Spans } from "./span.ts";
import { commandOf, hasFailed, lastedWords, nameOf, outcomeOf } from "./words.ts";

/** The lines, each with its end. */
export function* dot(spans: Spans): Generator<string> {
  const kin = kinOf(spans.spans);
  yield `digraph ${quoted(spans.frame.title)} {\n`;
  yield '  graph [rankdir="LR"];\n';
  yield '  node [shape="box", fontname="sans-serif", style="rounded"];\n';
  for (const place of inFamilies(kin)) {
    const span = spans.spans[place]!;
    const failed = hasFailed(span) ? ', color="red", fontcolor="red"' : "";
    const tooltip = quoted(commandOf(span.image), TOOLTIP_BACKSLASH);
    const label = `${quoted(labelOf(span, spans))}, tooltip=${tooltip}`;
    yield `  p${place} [label=${label}${failed}];\n`;
    const above = kin.parent[place]!;
    if (above !== NONE) yield `  p${above} -> p${place};\n`;
  }
  yield "}\n";
}

function labelOf(span: Span, spans: Spans): string {
  const outcome = span.status === 0 ? "" : `, ${outcomeOf(span)}`;
  return `${escapeText(nameOf(span))} (${span.pid})\n${lastedWords(span, spans)}${outcome}`;
}

/** A string of at most so many characters: Graphviz takes 16 384 bytes, but several in a row. */
const STRING_MAX = 2000;

const BACKSLASH = "\\\\";
/** Graphviz reads escapes of tooltips twice, first those of lines, then those such as `\N`. */
const TOOLTIP_BACKSLASH = BACKSLASH.repeat(2);

/** A text in quotes: `\n` is the one escape that is ours, and an `&` begins no entity. */
function quoted(text: string, backslash = BACKSLASH): string {
  const lines = text.split("\n").map((line) => {
    const parts = [...escapeText(line)];
    const strings: string[] = [];
    for (let at = 0; at < parts.length; at += STRING_MAX) {
      const part = parts.slice(at, at + STRING_MAX).join("");
      strings.push(
        part.replaceAll("\\", () => backslash).replaceAll('"', '\\"').replaceAll("&", "&amp;"),
      );
    }
    return strings.join('" + "');
  });
  return `"${lines.join("\\n")}"`;
}
