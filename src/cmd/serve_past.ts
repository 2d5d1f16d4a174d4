/**
 * The history as the stream of a server needs it.
 *
 * @module
 */
import { baseOf } from "../serve/sequence.ts";
import type { Past, PastChange } from "../serve/past.ts";
import { Refusal } from "../serve/protocol.ts";
import type { Boot } from "../history/boots.ts";
import { History } from "../history/history.ts";
import { Timeline } from "../history/timeline.ts";
import type { ChangeKind } from "../model/machine.ts";
import type { Users } from "../proc/passwd.ts";
import { UsageError } from "./command.ts";
import { parseMoment } from "./moments.ts";
import { PastJson } from "./past_json.ts";

const KINDS: ReadonlySet<ChangeKind> = new Set(["fork", "exec", "exit"]);

/** The history that a recorder writes. */
export class RecordedPast implements Past {
  readonly #path: string;
  readonly #users: Users;
  readonly #write: () => boolean;

  /** `write` writes what waits, and answers whether it is in the file. */
  constructor(path: string, users: Users, write: () => boolean) {
    this.#path = path;
    this.#users = users;
    this.#write = write;
  }

  get begin(): number {
    return this.#ask(({ boots }) => {
      const [first] = boots;
      return first === undefined ? Infinity : placeOf(first, first.since);
    });
  }

  place(time: string): number {
    try {
      return Math.floor(parseMoment(time, Date.now()) * 1000);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new Refusal("EFAULT", `Bad from: ${error.message}`);
    }
  }

  write(): boolean {
    return this.#write();
  }

  *changes(after: number, until: number): Generator<PastChange, void> {
    const history = new History(this.#path);
    try {
      const json = new PastJson(this.#users);
      const timeline = new Timeline(history);
      for (const boot of history.boots) {
        const span = { boot, since: timeOf(boot, after + 1), until: timeOf(boot, until + 1) };
        for (const change of timeline.changes(span, { kinds: KINDS, backwards: false })) {
          yield {
            change,
            at: placeOf(boot, change.time),
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

  /** Microseconds from the Unix epoch to a boot, as its first recorder knew it. */
  baseOf(bootId: string): number | null {
    return this.#ask((history) => {
      const boot = history.boot(bootId);
      return boot === undefined ? null : baseOf(boot.epochAt(0));
    });
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

function placeOf(boot: Boot, ns: number): number {
  return baseOf(boot.epochAt(0)) + Math.floor(ns / 1000);
}

function timeOf(boot: Boot, place: number): number {
  return Math.max(0, (place - baseOf(boot.epochAt(0))) * 1000);
}
