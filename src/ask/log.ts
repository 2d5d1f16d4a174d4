/**
 * The question of `log`: what happened within a stretch of time, filtered.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { PastLineage } from "../model/lineage.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import type { Filter } from "./filter.ts";
import type { Logged, PastStore } from "./store.ts";
import { checkAhead, recordedSpans, type Stretch } from "./stretch.ts";
import { maySee, type Viewer } from "./viewer.ts";

const RECORDED: ReadonlySet<string> = new Set(["fork", "exec", "exit"]);

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

/** Changes that match, of those that the viewer may see. */
export function askLog(
  store: PastStore,
  spans: readonly BootSpan[],
  { filter, viewer, ...query }: LogQuery,
  { backwards, few = false, kept = false }: LogWay,
): AsyncGenerator<Logged, void> {
  const sees = ({ process }: Change) => process === null || maySee(viewer, process.uid);
  const accepts = (change: Change) => filter.matches(change) && sees(change);
  const { ofImage, sought } = filter;
  return store.log(spans, { ...query, accepts, ofImage, sought, backwards, few, kept });
}

/** What of a stretch was recorded; where it is to be followed, nothing may have been so far. */
export function loggedSpans(store: PastStore, stretch: Stretch, follow: boolean): BootSpan[] {
  if (!follow) return recordedSpans(store, stretch);
  checkAhead(stretch, store.bounds);
  return store.bounds.spans(stretch.since ?? 0, Number.MAX_SAFE_INTEGER);
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
