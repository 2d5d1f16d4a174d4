/**
 * The question of `log`: what happened within a stretch of time, filtered.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import type { Boot } from "../history/boots.ts";
import { seekCandidates } from "../history/candidates.ts";
import type { BootSpan, History } from "../history/history.ts";
import type { Life } from "../history/life.ts";
import { Timeline } from "../history/timeline.ts";
import type { PastLineage } from "../model/lineage.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import type { Filter } from "./filter.ts";
import { checkAhead, recordedSpans, type Stretch } from "./stretch.ts";
import { maySee, type Viewer } from "./viewer.ts";

const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);
const RECORDED: ReadonlySet<string> = new Set(["fork", "exec", "exit"]);

/** What happened, and in which boot; the change is the same object each time. */
export type Logged = readonly [Change, Boot];

/** What is asked for. */
export interface LogQuery {
  readonly kinds: ReadonlySet<ChangeKind>;
  readonly filter: Filter;
  /** What is told of descent as changes come by; null where nobody asks for it. */
  readonly lineage: PastLineage | null;
  readonly pids: readonly number[] | null;
  /** Nanoseconds. */
  readonly minDuration: number | null;
  readonly failed: boolean;
  readonly viewer: Viewer;
}

/** How changes are gone through. */
export interface LogWay {
  /** The latest first. */
  readonly backwards: boolean;
  /** There is little to look at: no index is asked first. */
  readonly few?: boolean;
  /** Processes are kept, with all their ancestors, to be put into a tree. */
  readonly kept?: boolean;
}

/** Throws UsageError where an event is asked for that no history has. */
export function checkEvents(event: readonly string[]): void {
  const other = event.find((kind) => !RECORDED.has(kind));
  if (other === undefined) return;
  throw new UsageError(`Bad event: ${other}; the history has fork, exec and exit`);
}

/** Changes that match; null where work may pause. */
export function* loggedSteps(
  history: History,
  spans: readonly BootSpan[],
  query: LogQuery,
  { backwards, few = false, kept = false }: LogWay,
): Generator<Logged | null, void> {
  const timeline = new Timeline(history);
  const { filter, pids, minDuration, failed, lineage, viewer } = query;
  const sees = ({ process }: Change) => process === null || maySee(viewer, process.uid);
  let among: readonly Life[] | null = null;
  if (!few) {
    const steps = seekCandidates(history, { ofImage: filter.ofImage, pids, minDuration });
    let step = steps.next();
    for (; !step.done; step = steps.next()) yield null;
    among = step.value;
  }
  const way = {
    kinds: failed || minDuration !== null ? EXITS : query.kinds,
    backwards,
    among,
    failed,
    keep: kept,
    ancestors: kept ? ANCESTORS_MAX : 0,
    lineage,
    whole: !few,
  };
  for (const span of backwards ? [...spans].reverse() : spans) {
    for (const change of timeline.steps(span, way)) {
      if (change === null) yield null;
      else if (filter.matches(change) && sees(change)) yield [change, span.boot];
    }
  }
}

/** What of a stretch was recorded; where it is to be followed, nothing may have been so far. */
export function loggedSpans(history: History, stretch: Stretch, follow: boolean): BootSpan[] {
  if (!follow) return recordedSpans(history, stretch);
  checkAhead(stretch, history);
  return history.spans(stretch.since ?? 0, Number.MAX_SAFE_INTEGER);
}

/** Where a look begins that has nothing to show yet; null where nothing was recorded. */
export function lookFrom(history: History, { since }: Stretch): BootSpan | null {
  const boot = history.boots.at(-1);
  if (boot === undefined) return null;
  const until = Math.max(boot.end, since === null ? boot.end : boot.nsOf(since));
  return { boot, since: until, until };
}

/** What runs now, where no history is: a snapshot of each process that passes, oldest first. */
export function* runningNow(
  { reader, redact, boot }: Asking,
  filter: Filter,
): Generator<Change, void> {
  const pids = withoutKernelThreads(reader, reader.pids());
  const processes = takeSnapshot(readProcesses(reader, pids), redact, boot);
  const change = new Change();
  change.kind = "snapshot";
  for (const process of processes.sort((a, b) => a.born - b.born || a.pid - b.pid)) {
    change.process = process;
    change.time = process.born;
    if (filter.matches(change)) yield change;
  }
}
