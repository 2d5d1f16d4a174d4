/**
 * A history as source events: what a capture would have told of that time.
 *
 * @module
 */
import { EVENT, FLAG, SourceEvent, UNKNOWN } from "../model/event.ts";
import { encodeImage } from "../model/image.ts";
import type { Change, ChangeKind } from "../model/machine.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { History } from "./history.ts";
import type { Life } from "./life.ts";
import { Timeline } from "./timeline.ts";

const KINDS: ReadonlySet<ChangeKind> = new Set(["fork", "exec", "exit"]);
const RUNNING = "R".charCodeAt(0);

/**
 * What lived at the beginning of a stretch, as a scan would have found it, and what happened
 * then. Each event is the same object with other contents.
 */
export function* replayEvents(history: History, span: BootSpan): Generator<SourceEvent, void> {
  for (const event of replaySteps(history, span)) if (event !== null) yield event;
}

/** The same; null stands where work may pause. */
export function* replaySteps(
  history: History,
  span: BootSpan,
): Generator<SourceEvent | null, void> {
  const event = new SourceEvent();
  const { since } = span;
  yield event.reset(EVENT.scanBegin, since, 0, 0);
  const steps = history.livedWithinSteps({ ...span, until: since });
  let step = steps.next();
  for (; !step.done; step = steps.next()) yield null;
  for (const life of step.value.sort((a, b) => a.born - b.born)) {
    history.lives.withParent(life);
    history.lives.dressAt(life, since);
    event.reset(EVENT.present, since, life.pid, life.pid);
    event.start = life.born;
    event.asOf = since;
    event.a = life.ppid ?? 0;
    event.b = 1;
    event.c = RUNNING;
    event.d = life.uid ?? UNKNOWN;
    event.text = encodeImage(life.image.parts);
    yield event;
  }
  yield event.reset(EVENT.scanEnd, since, 0, 0);
  const timeline = new Timeline(history);
  const query = { kinds: KINDS, backwards: false, ancestors: 0, whole: true };
  for (const change of timeline.steps(span, query)) {
    yield change === null ? null : toEvent(change, span.until, event);
  }
}

function toEvent(change: Change, until: number, event: SourceEvent): SourceEvent {
  const life = change.process as Life | null;
  if (life === null) {
    // What is played ends there, though the gap goes on.
    event.reset(EVENT.gap, Math.min(change.time, until), 0, 0);
    event.start = change.since;
    event.a = change.a;
    event.b = change.b;
    return event;
  }
  const { pid } = life;
  event.reset(EVENT[change.kind as "fork" | "exec" | "exit"], change.time, pid, pid);
  if (change.inferred) event.flags |= FLAG.inferred;
  if (change.kind === "fork") {
    event.a = event.b = life.ppid ?? UNKNOWN;
  } else if (change.kind === "exec") {
    event.text = encodeImage(life.image.parts);
    event.d = life.uid ?? UNKNOWN;
  } else {
    event.flags |= FLAG.group;
    event.a = life.status ?? UNKNOWN;
    event.c = life.reaper ?? life.ppid ?? 0;
  }
  return event;
}
