/**
 * All sinks of a recorder.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import type { Sink } from "./sink.ts";

/** A list of sinks, told as {@linkcode Sink} has it. */
export class Sinks {
  readonly #all: Sink[] = [];
  /** Whether they are told what happens; the end comes to all in any case. */
  telling = false;

  /** Adds one, after the others. */
  add(sink: Sink): void {
    this.#all.push(sink);
  }

  /** All of them, in order. */
  get all(): readonly Sink[] {
    return this.#all;
  }

  /** Tells a change. */
  note(change: Change): void {
    if (!this.telling) return;
    for (const sink of this.#all) sink.note(change);
  }

  /** Tells what a process has cost. */
  noteAccount(process: Process): void {
    if (!this.telling) return;
    for (const sink of this.#all) sink.noteAccount?.(process);
  }

  /** Tells of a new thread. */
  noteThread(time: number, process: Process, tid: number): void {
    if (!this.telling) return;
    for (const sink of this.#all) sink.noteThread?.(time, process, tid);
  }

  /** Tells that a scan is over. */
  scanned(): void {
    if (!this.telling) return;
    for (const sink of this.#all) sink.scanned?.();
  }

  /** Tells that a batch is over. */
  flush(): void {
    if (!this.telling) return;
    for (let at = this.#all.length; at-- > 0;) this.#all[at]!.flush?.();
  }

  /** Ends them. */
  async close(): Promise<void> {
    for (const sink of this.#all.toReversed()) await sink.close?.();
  }
}
