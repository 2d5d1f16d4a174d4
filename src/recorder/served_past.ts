/**
 * The history as the stream of a server needs it.
 *
 * @module
 */
import { QUESTION_LIMITS } from "../ask/limits.ts";
import { parseMoment } from "../ask/text/moments.ts";
import { Refusal, UsageError } from "../fault.ts";
import { History } from "../history/history.ts";
import { Timeline, type TimelineQuery } from "../history/timeline.ts";
import type { PastBoot } from "../model/boot.ts";
import type { Bounds } from "../model/bounds.ts";
import type { ChangeKind } from "../model/machine.ts";
import type { Users } from "../proc/passwd.ts";
import type { Past, PastChange } from "../serve/past.ts";
import { baseOf } from "../serve/sequence.ts";
import { PastJson } from "../view/past_json.ts";

/** What readers may ask for: their filters can be about descent. */
const ALL: TimelineQuery = {
  kinds: new Set<ChangeKind>(["fork", "exec", "exit"]),
  backwards: false,
  ancestors: QUESTION_LIMITS.ancestors,
};

/** The history that a recorder writes. */
export class RecordedPast implements Past {
  readonly #path: string;
  readonly #users: Users;
  readonly #write: () => boolean;
  readonly #now: () => number;
  /** The boot that is recorded, and where a server has placed it: other files agree on it. */
  #anchor: { readonly bootId: string; readonly base: number } | null = null;
  generation = 0;

  /**
   * `write` writes what waits, and answers whether it is in the file; `now` is the wall clock in
   * milliseconds.
   */
  constructor(path: string, users: Users, write: () => boolean, now: () => number) {
    this.#path = path;
    this.#users = users;
    this.#write = write;
    this.#now = now;
  }

  get begin(): number {
    return this.#ask(({ boots }) => {
      const [first] = boots;
      return first === undefined ? Infinity : this.#placeOf(first, first.since);
    });
  }

  place(time: string): number {
    return this.#ask((history) => {
      const { boots } = history;
      const moment = momentOf(time, this.#now(), history.bounds);
      // The clock may have been set since boot: the history knows how it stood.
      const boot = boots.findLast((one) => one.since > 0 && one.nsOf(moment) >= one.since) ??
        boots.find((one) => one.since > 0);
      return boot === undefined ? moment * 1000 : this.#placeOf(boot, boot.nsOf(moment));
    });
  }

  write(): boolean {
    return this.#write();
  }

  *changes(after: number, until: number): Generator<PastChange | null, void> {
    const history = new History(this.#path);
    try {
      const json = new PastJson(this.#users);
      const timeline = new Timeline(history);
      for (const boot of history.boots) {
        const span = {
          boot,
          since: this.#timeOf(boot, after + 1),
          until: this.#timeOf(boot, until + 1),
        };
        for (const change of timeline.steps(span, ALL)) {
          yield change === null ? null : {
            change,
            at: this.#placeOf(boot, change.time),
            append(seq, to) {
              json.boot = boot;
              json.seq = seq;
              json.append(change, boot.epochAt(change.time), to);
            },
          };
        }
      }
    } finally {
      history.close();
    }
  }

  /**
   * Microseconds from the Unix epoch to a boot, as its first recorder knew it. From now on that
   * boot has this place, whatever file is begun.
   */
  baseOf(bootId: string): number | null {
    const base = this.#ask((history) => {
      const boot = history.bounds.boot(bootId);
      return boot === undefined ? null : baseOf(boot.epochAt(0));
    });
    if (base !== null) this.#anchor = { bootId, base };
    return base;
  }

  /** Another file is begun at the path. */
  reopened(): void {
    this.generation++;
  }

  #baseOf(boot: PastBoot): number {
    return boot.bootId === this.#anchor?.bootId ? this.#anchor.base : baseOf(boot.epochAt(0));
  }

  #placeOf(boot: PastBoot, ns: number): number {
    return this.#baseOf(boot) + Math.floor(ns / 1000);
  }

  #timeOf(boot: PastBoot, place: number): number {
    return Math.max(0, (place - this.#baseOf(boot)) * 1000);
  }

  #ask<T>(question: (history: History) => T): T {
    const history = new History(this.#path);
    try {
      return question(history);
    } finally {
      history.close();
    }
  }
}

function momentOf(time: string, nowMs: number, bounds: Bounds): number {
  try {
    return parseMoment(time, nowMs, bounds);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new Refusal("EFAULT", `Bad from: ${error.message}`);
  }
}
