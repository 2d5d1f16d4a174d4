/**
 * Stacks as a file of speedscope (https://www.speedscope.app/file-format-schema.json): a profile
 * for each weight.
 *
 * @module
 */
import { jsonText } from "../text/json_text.ts";
import type { Spans } from "./span.ts";
import { type Stack, stacksOf } from "./stacks.ts";
import { type Weight, WEIGHTS } from "./weights.ts";

/** The file; the profile of `weight` is shown first. */
export function* speedscope(spans: Spans, weight: Weight): Generator<string> {
  const stacks = stacksOf(spans);
  const names = [...new Set(stacks.map(({ name }) => name))];
  const frames = new Map(names.map((name, index) => [name, index]));
  const head = {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    exporter: "fh",
    name: spans.frame.title,
    activeProfileIndex: WEIGHTS.indexOf(weight),
    shared: { frames: names.map((name) => ({ name })) },
  };
  yield `${jsonText(head).slice(0, -1)},"profiles":[`;
  for (const [index, one] of WEIGHTS.entries()) {
    if (index > 0) yield ",";
    yield* profile(stacks, one, frames);
  }
  yield "]}\n";
}

function* profile(
  stacks: readonly Stack[],
  weight: Weight,
  frames: ReadonlyMap<string, number>,
): Generator<string> {
  const some = stacks.filter(({ weights }) => weights[weight] > 0);
  const sum = some.reduce((sum, { weights }) => sum + weights[weight], 0);
  const unit = weight === "wall" || weight === "cpu" ? "nanoseconds" : "none";
  const head = { type: "sampled", name: weight, unit, startValue: 0, endValue: sum };
  yield `${jsonText(head).slice(0, -1)},"samples":[`;
  for (const [index, stack] of some.entries()) {
    yield `${index > 0 ? "," : ""}[${placesOf(stack, frames).join(",")}]`;
  }
  yield `],"weights":[${some.map(({ weights }) => weights[weight]).join(",")}]}`;
}

function placesOf(stack: Stack, frames: ReadonlyMap<string, number>): number[] {
  const places: number[] = [];
  for (let at: Stack | null = stack; at !== null; at = at.above) places.push(frames.get(at.name)!);
  return places.reverse();
}
