/**
 * What viewers show of a process beside its name and its times.
 *
 * @module
 */
import { FIGURES } from "../model/account.ts";
import type { Span, SpanImage } from "./span.ts";
import { commandOf, outcomeOf } from "./words.ts";

/** What is known of it, by name; numbers are whole. */
export function* factsOf(span: Span): Generator<[name: string, value: string | number]> {
  yield ["command", commandOf(span.image)];
  yield ["pid", span.pid];
  if (span.ppid !== null) yield ["ppid", span.ppid];
  yield ["outcome", outcomeOf(span)];
  if (span.uid !== null) yield ["user", span.user ?? String(span.uid)];
  yield* placeOf(span.image);
  if (span.jobs.length > 0) yield ["jobs", span.jobs.join(", ")];
  yield ["id", span.id];
  if (!span.isStartKnown) yield ["start", "not known: first seen here"];
  yield* factsOfCost(span);
}

function* placeOf({ exe, cwd, unit, container }: SpanImage): Generator<[string, string]> {
  if (exe !== null) yield ["exe", exe];
  if (cwd !== null) yield ["cwd", cwd];
  if (unit !== null) yield ["unit", unit];
  if (container !== null) yield ["container", container];
}

/** What it has cost, by the names of JSON. */
export function* factsOfCost({ cost }: Span): Generator<[string, number]> {
  if (cost === null) return;
  for (const { json } of FIGURES) {
    const value = cost[json as keyof typeof cost];
    if (value !== null) yield [json, value];
  }
}
