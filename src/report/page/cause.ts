/**
 * Where a failure began.
 *
 * @module
 */
import { failureOf, FailuresBelow, type Program, wayOf } from "../../model/passed_on.ts";
import type { Model } from "./model.ts";

const US = 1000;

/**
 * The deepest process whose failure was passed on up to the command's own, which may be the first
 * of all; -1 where that has not failed.
 */
export function causeOf(model: Model): number {
  const root = model.head.root;
  if (root < 0 || model.failed[root] === 0) return -1;
  for (let place = root;;) {
    const below = passedOn(model, place);
    if (below === null) return place;
    place = below;
  }
}

/** The child whose failure a process has passed on; null: nobody's. */
function passedOn(model: Model, place: number): number | null {
  const below = new FailuresBelow<number>();
  for (const { child, isEnd, time } of eventsBelow(model, place)) {
    const status = isEnd ? model.statusOf(child) : null;
    if (!isEnd) below.begin();
    else if (status === null || status === 0) below.end(time * US, status === 0);
    else below.fail(failureOf(status, time * US), child);
  }
  const failure = failureOf(model.statusOf(place)!, model.end[place]! * US);
  return below.passedOn(failure, wayOf(programOf(model, place), programsAbove(model, place)));
}

interface ChildEvent {
  readonly child: number;
  readonly time: number;
  readonly isEnd: boolean;
}

/** Begins and ends of the children while it lived; of those at one time the ends come first. */
function eventsBelow(model: Model, place: number): ChildEvent[] {
  const events: ChildEvent[] = [];
  for (const child of model.childrenOf(place)) {
    events.push({ child, time: model.start[child]!, isEnd: false });
    const time = model.end[child]!;
    const isEnded = model.outcomeOf(child) !== "running" && time <= model.end[place]!;
    if (isEnded) events.push({ child, time: Math.max(time, model.start[child]!), isEnd: true });
  }
  // A child that has lived for no time at all begins before it ends: the order is kept then.
  return events.sort((a, b) => a.time - b.time || orderOf(model, a) - orderOf(model, b));
}

function orderOf({ start }: Model, { child, time, isEnd }: ChildEvent): number {
  return isEnd && start[child]! < time ? 0 : 1;
}

function programOf(model: Model, place: number): Program {
  const exe = model.textOf("exe", place);
  return { comm: model.nameOf(place), exe, argv: model.argvOf(place) };
}

function* programsAbove(model: Model, place: number): Generator<Program> {
  for (let at = model.parent[place]!; at >= 0; at = model.parent[at]!) yield programOf(model, at);
}
