/**
 * Lives up to the cursor of which more is to be told: those that run, and those that have just
 * ended, for their account may come after their end.
 *
 * @module
 */
import type { Numbered, Outgoing, OutgoingLife } from "../history/outgoing.ts";
import { TICK_NS } from "../model/process.ts";
import type { Cursor, Renamed, Taking, Who } from "./sink.ts";

/** Of a life that ended so long ago (ns) nothing will change: its account has come. */
const SETTLED_NS = 10e9;
/** After so long (ns) a recorder has written all that it has found when it began. */
const SCANNED_NS = 10e9;
/** Numbers of rows that are asked for at once. */
const KEYS_AT_ONCE = 1000;

type Reach = ReturnType<Outgoing["reach"]>;

/** A life as it was when it was looked at last. */
interface Seen {
  readonly who: Who;
  readonly boot: number;
  /** Nanoseconds since boot; null while it runs. */
  readonly ended: number | null;
  readonly signature: string;
}

/** Whether a life can be sent as it is. */
export type Ripe = (life: OutgoingLife) => boolean;

/**
 * Who takes each life once gets it when it has ended and its account has come, or will not come any
 * more; `once` waits for no account.
 */
export function ripeness(taking: Taking, once: boolean, source: Outgoing, reach: Reach): Ripe {
  if (taking === "states") return () => true;
  const run = reach === null ? undefined : source.boot(reach.boot).runs.at(-1);
  const isOver = once || reach === null || run === undefined || run["ended"] !== null ||
    run["accounts"] === null;
  return ({ boot, born, span, costs }) => {
    if (span === null) return false;
    return isOver || boot !== reach.boot || costs[0] !== null ||
      born + span < reach.ns - SETTLED_NS;
  };
}

/** Lives that are looked at again and again, by their numbers. */
export class Watched {
  readonly #source: Outgoing;
  readonly #taking: Taking;
  readonly #seen = new Map<number, Seen>();
  /** Up to where earlier sessions have come. */
  readonly #last: number;
  /** Those of earlier sessions that are not there, or not yet. */
  #missing: readonly Who[];
  /** What an earlier session has come past, as far as it was not looked at; null: nothing. */
  #passed: Iterator<Numbered & Who, void> | null = null;
  #isFiltered = false;
  #gone: Who[] = [];
  #renamed: Renamed[] = [];
  /** Whether the last look found more than it was to find. */
  isCut = false;

  /** `open` are those of earlier sessions, `last` is the number that these have come to. */
  constructor(source: Outgoing, taking: Taking, open: readonly Who[], last: number) {
    this.#source = source;
    this.#taking = taking;
    this.#last = last;
    this.#missing = open;
    this.#look();
  }

  /** Looks for those that are missing. */
  #look(): void {
    this.#missing = this.#missing.filter((who) => {
      const found = this.#source.find(who);
      if (found === null) return true;
      const { key, born, nth } = found;
      if (nth > 0 || Math.floor(born / TICK_NS) !== Math.floor(who.born / TICK_NS)) {
        this.#renamed.push({ who, born, nth });
      }
      if (key <= this.#last) this.#watch({ key, ...who });
      return false;
    });
  }

  /**
   * What is missing is looked for again, and is gone once nobody may write it any more: a file that
   * is made anew has no lives before the first look of its recorder.
   */
  lookAgain(reach: Reach): void {
    if (this.#missing.length === 0 || reach === null) return;
    this.#look();
    const run = this.#source.boot(reach.boot).runs.at(-1);
    const isScanned = run === undefined || run["ended"] !== null ||
      reach.ns - Number(run["since"]) >= SCANNED_NS;
    const bootId = isScanned ? null : this.#source.bootId(reach.boot);
    this.#gone.push(...this.#missing.filter((who) => who.bootId !== bootId));
    this.#missing = this.#missing.filter((who) => who.bootId === bootId);
  }

  /**
   * Those before the cursor that may be another than an earlier session has sent: who had just
   * ended, for the account may have come since; with a filter also those that were not sent because
   * of what they were. Where many began and ended lately, they are many: looks take them one after
   * the other.
   */
  passedOver({ seen_boot: boot, seen = 0, last }: Cursor, isFiltered: boolean): void {
    if (boot === undefined && !isFiltered) return;
    this.#isFiltered = isFiltered;
    const running = isFiltered ? this.#source.runningUpTo(last) : [];
    for (const one of running) this.#watch(one);
    this.#passed = this.#source.endedSince(boot ?? null, seen - SETTLED_NS, last);
  }

  /** Whether it was not known yet. */
  #watch({ key, ...who }: Numbered & Who): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, { who, boot: -1, ended: null, signature: "" });
    return true;
  }

  /** Numbers of the next of those that an earlier session has come past. */
  #nextPassed(): number[] {
    const keys: number[] = [];
    while (this.#passed !== null && keys.length < KEYS_AT_ONCE) {
      const { done, value } = this.#passed.next();
      if (done) this.#passed = null;
      else if (this.#watch(value)) keys.push(value.key);
    }
    return keys;
  }

  /** Those that were to be told of, and are not there any more. */
  get gone(): readonly Who[] {
    return this.#gone;
  }

  /** Those that the sink has by another start. */
  get renamed(): readonly Renamed[] {
    return this.#renamed;
  }

  /** Forgets them: the file is another, and they are met there again. */
  startAnew(): void {
    this.#seen.clear();
  }

  /** Those that are to be sent now, `most` or somewhat more of them. */
  changed(most: number, ripe: Ripe): OutgoingLife[] {
    const keys = [...this.#seen.keys()];
    const changed: OutgoingLife[] = [];
    let at = 0;
    for (; at < keys.length && changed.length < most; at += KEYS_AT_ONCE) {
      changed.push(...this.#changedOf(keys.slice(at, at + KEYS_AT_ONCE), ripe));
    }
    if (at >= keys.length && changed.length < most) {
      changed.push(...this.#changedOf(this.#nextPassed(), ripe).filter((one) => this.#isNews(one)));
    }
    this.isCut = at < keys.length || this.#passed !== null;
    return changed;
  }

  /** Without a filter an earlier session has sent all of it, but for an account that came later. */
  #isNews(life: OutgoingLife): boolean {
    if (this.#isFiltered || life.costs[0] !== null) return true;
    this.#seen.set(life.key, seenOf(life));
    return false;
  }

  #changedOf(keys: readonly number[], ripe: Ripe): OutgoingLife[] {
    const asked = new Set(keys);
    const changed: OutgoingLife[] = [];
    for (const life of this.#source.some(keys)) {
      asked.delete(life.key);
      if (this.#taking === "ends" ? ripe(life) : this.#isOther(life)) changed.push(life);
    }
    for (const key of asked) {
      const { ended, who } = this.#seen.get(key)!;
      if (this.#taking === "ends" || ended === null) this.#gone.push(who);
      this.#seen.delete(key);
    }
    return changed;
  }

  #isOther(life: OutgoingLife): boolean {
    return this.#seen.get(life.key)!.signature !== signatureOf(life);
  }

  /** Who is left to be told of, of those that were looked at, when `done` of them are. */
  openAfter(looked: readonly OutgoingLife[], done: readonly OutgoingLife[]): Who[] {
    const told = new Set(done.map(({ key }) => key));
    const left: Who[] = [...this.#missing];
    for (const [key, { who }] of this.#seen) if (!told.has(key)) left.push(who);
    for (const { key, bootId, pid, born } of looked) {
      if (!told.has(key) && !this.#seen.has(key)) left.push({ bootId, pid, born });
    }
    return left;
  }

  /** They were looked at, and `done` of them are acknowledged or left out for good. */
  keep(looked: readonly OutgoingLife[], done: readonly OutgoingLife[], reach: Reach): void {
    this.#gone = [];
    this.#renamed = [];
    const over = new Set(this.#taking === "ends" ? done : []);
    for (const life of looked) {
      if (over.has(life)) {
        this.#seen.delete(life.key);
        continue;
      }
      const seen = seenOf(life);
      // Its account has come: that is the last of it.
      if (this.#taking === "states" && seen.ended !== null && life.costs[0] !== null) {
        this.#seen.delete(life.key);
      } else this.#seen.set(life.key, seen);
    }
    if (this.#taking === "ends" || reach === null) return;
    // What has ended is looked at for some time: its account may come after its end.
    for (const [key, { boot, ended }] of this.#seen) {
      if (ended === null) continue;
      if (boot !== reach.boot || ended < reach.ns - SETTLED_NS) this.#seen.delete(key);
    }
  }
}

function seenOf(life: OutgoingLife): Seen {
  const { boot, bootId, pid, born, span } = life;
  const ended = span === null ? null : born + span;
  return { who: { bootId, pid, born }, boot, ended, signature: signatureOf(life) };
}

/** Everything of a life that may change. */
function signatureOf(life: OutgoingLife): string {
  const { span, reaper, status, image, exec, flags, parent, costs } = life;
  const jobs = life.members.flatMap(({ job, since, until }) => [job, since, until]);
  return [span, reaper, status, image, exec, flags, parent?.pid, ...costs, ...jobs].join(" ");
}
