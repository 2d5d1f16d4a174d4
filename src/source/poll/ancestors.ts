/**
 * Which process forked one that is new: where that is not known either, those above it are met
 * first, from the outermost down, one after the other.
 *
 * @module
 */
import type { PresenceReader } from "../scan.ts";
import type { Known, KnownProcesses } from "./known.ts";
import type { PidfdSet } from "./pidfd.ts";

/** Generations that are met at once; they change while they are read, and might form a ring. */
const GENERATIONS_MAX = 4096;

/** Finds parents among the known processes. */
export class Ancestors {
  readonly #known: KnownProcesses;
  readonly #pidfds: PidfdSet;
  readonly #reader: PresenceReader;
  #climbing = false;

  constructor(known: KnownProcesses, pidfds: PidfdSet, reader: PresenceReader) {
    this.#known = known;
    this.#pidfds = pidfds;
    this.#reader = reader;
  }

  /**
   * The parent with a pid. `meet` is called for it and for those above it that are new, or have an
   * ended one's pid; where it asks for parents itself, they have been met.
   */
  find(ppid: number, meet: (pid: number) => void): Known | undefined {
    if (!this.#climbing && !this.#isThere(ppid)) {
      this.#climbing = true;
      for (const pid of this.#missingFrom(ppid)) meet(pid);
      this.#climbing = false;
    }
    return this.#known.get(ppid);
  }

  /** Orphans have another parent by the time that a pidfd tells of the end. */
  #isThere(pid: number): boolean {
    const known = this.#known.get(pid);
    return known !== undefined && !this.#pidfds.hasEnded(known.fd);
  }

  /** Outermost first. */
  #missingFrom(first: number): number[] {
    const pids: number[] = [];
    for (let pid = first; pid > 0 && !this.#isThere(pid); pid = this.#reader.stat.ppid) {
      if (pids.length >= GENERATIONS_MAX || !this.#reader.readStat(pid)) break;
      pids.push(pid);
    }
    return pids.reverse();
  }
}
