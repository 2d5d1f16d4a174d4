/**
 * Fork storms: far more processes than a host usually starts, for longer than work takes.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import type { Finding } from "./finding.ts";
import type { Findings } from "./findings.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

const SECOND_NS = 1e9;
/** The usual pace is a mean that forgets with this time constant, in seconds. */
const USUAL_SECONDS = 600;
/** Forks a second that are usual on any host: a build on a quiet one is no storm. */
const USUAL_MIN = 100;
/** Most of a storm comes from below one process. */
const MOST = 0.6;
/** Ancestors that are looked at. */
const ANCESTORS = 64;
/** Who forked is noted of so many forks a second, about: the rest is as they are. */
export const SAMPLES = 500;

/** Forks of about one second, or of more where nothing happened in between. */
interface Second {
  readonly at: number;
  readonly seconds: number;
  readonly forks: number;
  /** Who made some of them. */
  readonly parents: readonly Process[];
}

/** Finds them. */
export class Storms implements Watch {
  readonly told = "fork";
  readonly #limits: Limits;
  readonly #findings: Findings;
  /** Those of the stretch, oldest first. */
  readonly #seconds: Second[] = [];
  #forks = 0;
  #parents: Process[] = [];
  /** Of so many forks one is noted. */
  #stride = 1;
  #last: Process | null = null;
  /** Forks per second before the stretch, outside storms. */
  #usual = 0;
  /** Seconds of which it is the mean. */
  #learned = 0;
  #turned = NaN;
  #storm: Finding | null = null;
  /** Forks since the storm began. */
  #total = 0;

  constructor(limits: Limits, findings: Findings) {
    this.#limits = limits;
    this.#findings = findings;
  }

  note({ process, inferred }: Change): void {
    if (process === null || inferred) return;
    this.#forks++;
    this.#last = process;
    const { parent } = process;
    if (parent === null || this.#forks % this.#stride !== 0) return;
    this.#parents.push(parent);
    if (this.#parents.length < 2 * SAMPLES) return;
    // There are more than in the second before: every other one will do.
    this.#parents = this.#parents.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  turn(now: number): void {
    // A clock of the one who asks may be a little behind that of the events.
    if (now <= this.#turned) return;
    // A look that was late, or a past in which nothing happened, is so many quiet seconds.
    const seconds = Number.isNaN(this.#turned) ? 1 : (now - this.#turned) / SECOND_NS;
    this.#turned = now;
    this.#seconds.push({ at: now, seconds, forks: this.#forks, parents: this.#parents });
    while (
      this.#seconds.length > 0 && this.#seconds[0]!.at <= now - this.#limits["storm-stretch"]
    ) {
      const before = this.#seconds.shift()!;
      if (this.#storm === null) this.#learn(before);
    }
    this.#judge(now);
    this.#stride = Math.max(1, Math.floor(this.#forks / SAMPLES));
    this.#forks = 0;
    this.#parents = [];
  }

  #judge(now: number): void {
    if (this.#storm?.isOver) this.#storm = null;
    const many = this.#manyOf();
    if (this.#storm !== null) {
      this.#total += this.#forks;
      if (many === null) {
        this.#findings.end(this.#storm);
        this.#storm = null;
      } else if (this.#forks > 0) {
        this.#tell(this.#storm, now, many.pace);
      }
      return;
    }
    const unusual = Math.max(this.#known ?? 0, USUAL_MIN) * this.#limits["storm-share"];
    if (many === null || many.pace < unusual || this.#last === null) return;
    const source = this.#source();
    const subject = source?.by.id ?? "the host";
    this.#total = many.forks;
    this.#storm = this.#findings.see("fork-storm", subject, source?.by ?? this.#last, many.since);
    this.#tell(this.#storm, now, many.pace);
  }

  /** The latest forks that are many enough for a storm; null where the stretch has not as many. */
  #manyOf(): { forks: number; since: number; pace: number } | null {
    let forks = 0;
    let seconds = 0;
    for (let at = this.#seconds.length; at-- > 0;) {
      const one = this.#seconds[at]!;
      forks += one.forks;
      seconds += one.seconds;
      if (forks < this.#limits["storm-forks"]) continue;
      return { forks, since: one.at - one.seconds * SECOND_NS, pace: forks / seconds };
    }
    return null;
  }

  #tell(storm: Finding, now: number, rate: number): void {
    const source = this.#source();
    this.#findings.tell(storm, now, this.#total, {
      by: source?.by ?? null,
      share: source?.share ?? null,
      rate,
      usual: this.#known,
    });
  }

  /** What is usual; null where that was not seen for as long as a stretch. */
  get #known(): number | null {
    return this.#learned * SECOND_NS < this.#limits["storm-stretch"] ? null : this.#usual;
  }

  /** A mean over what was seen so far, then over the time constant. */
  #learn({ forks, seconds }: Second): void {
    this.#learned = Math.min(this.#learned + seconds, USUAL_SECONDS);
    this.#usual += (forks / seconds - this.#usual) * Math.min(1, seconds / this.#learned);
  }

  /** The lowest process below which most of the forks are, and their share. */
  #source(): { by: Process; share: number } | null {
    const below = new Map<Process, number>();
    let all = 0;
    for (const { forks, parents } of this.#seconds) {
      all += forks;
      const each = forks / Math.max(1, parents.length);
      for (const parent of parents) {
        let at: Process | null = parent;
        for (let up = 0; at !== null && up < ANCESTORS; up++, at = at.parent) {
          below.set(at, (below.get(at) ?? 0) + each);
        }
      }
    }
    let best: Process | null = null;
    for (const [process, forks] of below) {
      if (forks < MOST * all) continue;
      if (best === null || process.born > best.born) best = process;
    }
    return best === null ? null : { by: best, share: Math.min(1, below.get(best)! / all) };
  }
}
