/**
 * The programs that this host has run, as a recorder knows them and keeps them in its history.
 *
 * @module
 */
import type { KnownPrograms } from "../detect/first_seen.ts";
import { mostOf } from "../detect/shares.ts";
import type { WritableHistory } from "../history/file.ts";
import { ProgramLog, type RunProgram } from "../history/program_log.ts";

/** Programs that are known; beyond, those of the user who has most go that came last long ago. */
export const PROGRAMS_MAX = 20_000;
/** So many go at a time. */
const ROOM = PROGRAMS_MAX / 20;
/** It is noted once in so long that a program came again. */
const SEEN_MS = 86_400_000;

/** What is known in memory, those that came last at the end, and what is written of it. */
export class RecordedPrograms implements KnownPrograms {
  /** Since when the host is known, milliseconds since the Unix epoch. */
  since = Infinity;
  readonly #known = new Map<string, RunProgram>();
  readonly #now: () => number;
  #log: ProgramLog | null = null;
  /** When it was asked last, by the wall clock. */
  #lastly = 0;

  readonly #learnMs: number;

  /**
   * `now` is the wall clock, milliseconds since the Unix epoch; everything is new to who has just
   * begun to look, so nothing is before a host is known for `learnMs`.
   */
  constructor(now: () => number, learnMs: number) {
    this.#now = now;
    this.#learnMs = learnMs;
  }

  /** The log that is written beside the lives of a file that was opened: all that is known. */
  open({ db }: Pick<WritableHistory, "db">): ProgramLog {
    const log = this.#log = new ProgramLog(db);
    const now = this.#lastly = this.#now();
    const kept = log.read();
    for (const [name, program] of this.#known) if (!kept.has(name)) log.put(name, program);
    for (const [name, program] of kept) this.#known.set(name, program);
    const isNew = this.#known.size === 0;
    this.#remember(log, now, isNew ? log.begin() ?? now : now);
    for (const { since } of this.#known.values()) this.since = Math.min(this.since, since);
    this.since = Math.min(this.since, now);
    this.#makeRoom();
    return log;
  }

  isNew(program: string, uid: number | null): boolean {
    const now = this.#now();
    // A clock that is set is no time in which the host was got to know.
    if (now < this.since) this.since = now;
    else if (now - this.#lastly > SEEN_MS) this.since += now - this.#lastly;
    this.#lastly = now;
    const known = this.#known.get(program);
    if (known !== undefined && Math.abs(now - known.seen) < SEEN_MS) return false;
    this.#note(
      program,
      known === undefined ? { uid, since: now, seen: now } : {
        ...known,
        seen: now,
      },
    );
    this.#makeRoom();
    return known === undefined && now - this.since >= this.#learnMs;
  }

  /** What ran while nobody was to tell of new programs: an older fh has recorded it, perhaps. */
  #remember(log: ProgramLog, now: number, since: number): void {
    for (const { name, uid } of log.remembered()) {
      if (this.#known.size >= PROGRAMS_MAX) return;
      if (!this.#known.has(name)) this.#note(name, { uid, since: Math.min(now, since), seen: now });
    }
  }

  #note(name: string, program: RunProgram): void {
    this.#known.delete(name);
    this.#known.set(name, program);
    this.#log?.put(name, program);
  }

  #makeRoom(): void {
    while (this.#known.size > PROGRAMS_MAX) {
      const most = mostOf(ownersOf(this.#known.values()));
      let left = ROOM;
      for (const [name, { uid }] of this.#known) {
        if (ownerOf(uid) !== most) continue;
        this.#known.delete(name);
        this.#log?.put(name, null);
        if (--left === 0) break;
      }
    }
  }
}

/** A user may have tens of thousands of ids beyond this (subuid(5)): all are one. */
const SUBORDINATE = 65_536;

function ownerOf(uid: number | null): number | null {
  return uid === null ? null : Math.min(uid, SUBORDINATE);
}

/** Root's go only where there are no others. */
function* ownersOf(programs: Iterable<RunProgram>): Generator<{ readonly uid: number | null }> {
  let others = 0;
  let own = 0;
  for (const { uid } of programs) {
    if (uid === 0) own++;
    else {
      others++;
      yield { uid: ownerOf(uid) };
    }
  }
  if (others === 0) { for (; own > 0; own--) yield { uid: 0 }; }
}
