/**
 * What the reader of an answer must know beside it: every face shows it, a terminal on standard
 * error, JSON as a field `notes`.
 *
 * @module
 */
import process from "node:process";
import { hasOwnNumbering } from "../proc/numbering.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { localTime } from "../host/local_time.ts";
import type { NoHistoryPlace } from "./not_found.ts";
import type { PastStore } from "./store.ts";

/** What a note is about. */
export type NoteKind =
  /** There is no history, or none that can be read. */
  | "no_history"
  /** /proc has the pids of another pid namespace. */
  | "pid_namespace"
  /** Something was not recorded. */
  | "gap"
  /** A list was cut. */
  | "limit"
  /** There are more ancestors than are followed. */
  | "ancestors"
  /** Others have the pid or the name that was asked for. */
  | "others"
  /** How much of what there was is in the sums. */
  | "coverage"
  /** Nothing was found, and where it was looked for. */
  | "nothing"
  /** A recorder that is at work has not written what happened lately. */
  | "behind"
  /** On how many hosts of a fleet the same is known. */
  | "hosts"
  /** What the source of a capture cannot see, or not any more. */
  | "source"
  /** What was noted of a run when it was saved. */
  | "saved"
  /** No recorder is at work, so it is as it was written last. */
  | "no_recorder";

/** One note. */
export interface Note {
  readonly kind: NoteKind;
  /** One sentence without its end, for people. */
  readonly text: string;
  /** What would make it better: said once, to who sits at a terminal. */
  readonly hint?: string;
}

/** The notes of one answer, in the order in which they came up. */
export class Notes implements Iterable<Note> {
  readonly #notes: Note[] = [];

  /** Adds one. */
  add(kind: NoteKind, text: string, hint?: string): void {
    this.#notes.push({ kind, text, ...hint === undefined ? {} : { hint } });
  }

  [Symbol.iterator](): Iterator<Note> {
    return this.#notes.values();
  }

  /** As JSON has them. */
  toJSON(): readonly Note[] {
    return this.#notes;
  }

  /** How many there are. */
  get size(): number {
    return this.#notes.length;
  }
}

/** Notes what a history would add, and how to have one. */
export function noteNoHistory(notes: Notes, what: string, { isOfRoot }: NoHistoryPlace): void {
  if (isOfRoot) {
    const text = `no history that you may read: ${what}; root keeps one, so ask it by sudo fh`;
    return notes.add("no_history", text);
  }
  const hint = "to have one, run fh record (or its systemd unit)";
  notes.add("no_history", `no history here: ${what}`, hint);
}

/** Notes where nobody writes to a store what becomes of what it has. */
export function noteNoRecorder(notes: Notes, { bounds, place, behind }: PastStore): void {
  if (behind !== null || bounds.boots.some(({ reached }) => reached)) return;
  const until = bounds.range()?.until;
  const last = until === undefined ? "" : `, at ${localTime(until)}`;
  notes.add("no_recorder", `no recorder is at work on ${place}: this is what it wrote last${last}`);
}

/** Notes where the pids of /proc are not those that this process would see. */
export function notePids(notes: Notes, reader: ProcReader): void {
  if (hasOwnNumbering(reader, process.pid)) return;
  notes.add("pid_namespace", "this /proc is another pid namespace's: pids are as they are there");
}
