/**
 * What source events mean for the process that they name.
 *
 * @module
 */
import { EVENT, FLAG, SourceEvent, UNKNOWN } from "./event.ts";
import type { LifeInput } from "./lifecycle.ts";
import { type Process, TICK_NS } from "./process.ts";

/** Whether a scan shows that all of a process has ended. */
export function isZombie(event: SourceEvent): boolean {
  return (event.c === 0x5a || event.c === 0x58) && event.b <= 1; // 'Z', 'X'
}

/** Whether only the leader has exited: it stays as a zombie, and is counted, while others live. */
export function isLeaderless(event: SourceEvent): boolean {
  return event.c === 0x5a && event.b > 1; // 'Z'
}

/** Takes the number of threads that a scan has read. */
export function takeCount(event: SourceEvent, process: Process): void {
  process.threads = isLeaderless(event) ? event.b - 1 : event.b;
  // A single one is no other's, whatever came in between.
  process.counted = event.b <= 1;
  process.asOf = event.asOf;
}

/** Takes note of a thread that has begun or ended. */
export function count(event: SourceEvent, process: Process, by: 1 | -1): void {
  if (event.kind === EVENT.exit) process.status = statusAfter(event, process);
  if (event.time <= process.asOf) return;
  process.threads = Math.max(1, process.threads + by);
}

/**
 * The wait status of a process of which a task has exited; null as long as no such exit counts.
 * The leader's status is that of the process, unless all were made to exit after it: then others
 * have that status, but for those that ended by themselves just before, with 0.
 */
export function statusAfter(event: SourceEvent, process: Process): number | null {
  const { status } = process;
  if (event.a === UNKNOWN) return status;
  if (event.tid === event.pid) return event.a;
  return process.state === "leaderless" && (event.a !== 0 || status === null) ? event.a : status;
}

/**
 * Whether a `fork` or `present` event is of the life that is known. The kernel sets the start
 * a little before it sends the fork, and /proc rounds it down to a tick: one tick of grace.
 */
export function sameLife(event: SourceEvent, process: Process): boolean {
  if (event.kind === EVENT.present) {
    if (process.start === null) return event.start <= process.born;
    return Math.abs(Math.floor(event.start / TICK_NS) - process.startTicks) <= 1;
  }
  if (process.exact) return false;
  if (process.start === null) return event.time <= process.born;
  return event.time >= process.born && event.time < process.born + 2 * TICK_NS;
}

/**
 * Names what `event` means for `process`; null when it means nothing. `trusted` says whether a
 * count of threads that a scan has read is proof of an end.
 */
export function classify(
  event: SourceEvent,
  process: Process | undefined,
  trusted: boolean,
): LifeInput | null {
  switch (event.kind) {
    case EVENT.fork:
      if (event.tid !== event.pid) return "clone";
      return process !== undefined && sameLife(event, process) ? "own fork" : "fork";
    case EVENT.exec:
      return "exec";
    case EVENT.exit:
      return classifyExit(event, process, trusted);
    case EVENT.present:
      if (process !== undefined && !process.alive && sameLife(event, process)) return null;
      return isLeaderless(event) ? "present leaderless" : "present";
    case EVENT.absent:
      return "absent";
    default:
      return "change";
  }
}

function classifyExit(
  event: SourceEvent,
  process: Process | undefined,
  trusted: boolean,
): LifeInput {
  if ((event.flags & FLAG.group) !== 0) return "last exit";
  const last = process === undefined || (process.threads <= 1 && (process.counted || trusted));
  if (event.tid === event.pid) return last ? "last exit" : "leader exit";
  return last && process?.state === "leaderless" ? "last exit" : "thread exit";
}

/** The event by which a rescan ends `process`. */
export function vanished(event: SourceEvent, process: Process): SourceEvent {
  return new SourceEvent().reset(EVENT.absent, event.time, process.pid, process.pid);
}
