/**
 * What stands at the end of a recorder: a sink keeps, answers or hands on what a session tells.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";

/**
 * One of a list. What happens is told from the first to the last, so that a process has its number
 * in the history before others ask for it; the end of a batch and of the session from the last to
 * the first, so that nobody waits for who writes.
 */
export interface Sink {
  /** The file that it writes or the socket on which it listens, for people. */
  readonly where?: string;
  /** What it does, for people; said at the start. */
  readonly intro?: string;
  /** Takes note of a change; must not keep the object. */
  note(change: Change): void;
  /** A process has ended, and what it has cost is known. */
  noteAccount?(process: Process): void;
  /** A process has a new thread. */
  noteThread?(time: number, process: Process, tid: number): void;
  /** A scan is over: what runs is known. */
  scanned?(): void;
  /** A batch is over: what was noted may be handed on. */
  flush?(): void;
  /** Nothing more will come; throws where that leaves something undone. */
  close?(): void | Promise<void>;
}
