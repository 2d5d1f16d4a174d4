/**
 * Stacks of names with what they weigh, one a line: `make;sh;cc1 1200`. flamegraph.pl, inferno,
 * speedscope and others read it. Times are microseconds.
 *
 * @module
 */
import { escapeText } from "../text/escape.ts";
import type { Spans } from "./span.ts";
import { type Stack, stacksOf } from "./stacks.ts";
import type { Weight } from "./weights.ts";

const NS_PER_US = 1000;

/** The lines, each with its end; who weighs nothing has none. */
export function* folded(spans: Spans, weight: Weight): Generator<string> {
  const unit = weight === "wall" || weight === "cpu" ? NS_PER_US : 1;
  const lines = new Map<Stack, string>();
  for (const stack of stacksOf(spans)) {
    const { above, name } = stack;
    const line = above === null ? frameOf(name) : `${lines.get(above)!};${frameOf(name)}`;
    lines.set(stack, line);
    const weighs = Math.round(stack.weights[weight] / unit);
    if (weighs > 0) yield `${line} ${weighs}\n`;
  }
}

/** A name without what ends it. */
function frameOf(name: string): string {
  return escapeText(name).replaceAll(";", "\\x3b");
}
