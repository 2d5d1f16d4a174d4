/**
 * Jobs that come at even times, those of cron and of timers, and fail most times.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { isBad } from "./ends.ts";
import type { Finding } from "./finding.ts";
import type { Findings } from "./findings.ts";
import { commandKey, isCron, type Restarters } from "./restarter.ts";
import { mostOf } from "./shares.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

/** Jobs that are followed: those that have failed lately. */
export const JOBS_MAX = 4096;
/** Runs that are remembered of each. */
const RUNS_MAX = 16;
/** Even is what differs from the middle by no more. */
const EVEN_SHARE = 0.2;
const EVEN_NS = 5e9;
/** A run that was left out makes a pause twice as long. */
const MOST_EVEN = 0.75;
/** So many of them fail. */
const MOST_FAIL = 0.6;

interface Series {
  readonly uid: number | null;
  readonly starts: number[];
  readonly failed: boolean[];
  lastGood: number | null;
  finding: Finding | null;
  /** How often it has failed since the finding began. */
  count: number;
}

/** Finds them. */
export class Failing implements Watch {
  readonly told = "exit";
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #restarters: Restarters;
  /** By user and command, the latest that failed last. */
  readonly #series = new Map<string, Series>();
  /** The child that has failed last, by who may fail because of it: the lowest of them. */
  readonly #causes = new WeakMap<Process, Process>();

  constructor(limits: Limits, findings: Findings, restarters: Restarters) {
    this.#limits = limits;
    this.#findings = findings;
    this.#restarters = restarters;
  }

  note({ process, inferred }: Change): void {
    if (process === null || inferred) return;
    const { status, parent, start } = process;
    if (status === null || start === null) return;
    const bad = isBad(status);
    const manager = this.#restarters.managed(process);
    // A container that is started again is in a loop.
    const isUnit = manager !== null && !manager.isContainer;
    const isJob = isUnit || (parent !== null && isCron(parent));
    if (!isJob) {
      // What a script makes of it is seen at its own end.
      if (bad && parent !== null) this.#causes.set(parent, this.#causeOf(process));
      return;
    }
    const subject = `${process.uid}\n${commandKey(process)}`;
    let series = this.#series.get(subject);
    if (series === undefined) {
      if (!bad) return;
      const uid = process.uid;
      series = { uid, starts: [], failed: [], lastGood: null, finding: null, count: 0 };
    }
    if (bad) this.#renew(subject, series);
    series.starts.push(start);
    series.failed.push(bad);
    if (!bad) series.lastGood = process.end;
    if (series.starts.length > RUNS_MAX) {
      series.starts.shift();
      series.failed.shift();
    }
    this.#judge(subject, series, bad ? this.#causeOf(process) : process, bad);
  }

  turn(now: number): void {
    for (const [subject, { starts, finding }] of this.#series) {
      const every = finding?.facts.everyNs ?? this.#limits["failing-period"];
      const last = starts.at(-1)!;
      if (finding !== null && now - last > 2 * every + this.#limits.quiet) this.#forget(subject);
    }
  }

  /**
   * The lowest below it that ended in the same way. What a run and a page say of it
   * (src/model/passed_on.ts) takes the fork of each child, and holds up to nine dead ones of each
   * parent. Here all parents of the host are watched for as long as it is up, by their children's
   * ends alone, and each holds one: who ended in another way is named itself, never who is not
   * known to be the cause.
   */
  #causeOf(process: Process): Process {
    const cause = this.#causes.get(process);
    return cause !== undefined && cause.status === process.status ? cause : process;
  }

  #judge(subject: string, series: Series, cause: Process, bad: boolean): void {
    const { starts, failed } = series;
    if (starts.length < this.#limits["failing-times"]) return;
    const every = periodOf(starts);
    const share = failed.filter((is) => is).length / failed.length;
    const is = every !== null && every >= this.#limits["failing-period"] && share >= MOST_FAIL;
    if (!is) {
      if (series.finding !== null) this.#findings.end(series.finding);
      series.finding = null;
      return;
    }
    if (!bad) return;
    if (series.finding === null) series.count = failed.filter((is) => is).length;
    else series.count++;
    const finding = this.#findings.see("failing", subject, cause, starts[0]!);
    series.finding = finding;
    this.#findings.tell(finding, cause.end ?? starts.at(-1)!, series.count, {
      by: cause.parent,
      everyNs: every,
      lastGood: series.lastGood,
    });
  }

  /** Puts it at the end of the order in which series are forgotten. */
  #renew(subject: string, series: Series): void {
    this.#series.delete(subject);
    this.#series.set(subject, series);
    if (this.#series.size <= JOBS_MAX) return;
    const uid = mostOf(this.#series.values());
    for (const [oldest, one] of this.#series) if (one.uid === uid) return this.#forget(oldest);
  }

  #forget(subject: string): void {
    const finding = this.#series.get(subject)?.finding ?? null;
    if (finding !== null) this.#findings.end(finding);
    this.#series.delete(subject);
  }
}

/** The pause from start to start, where it is nearly always the same; null where it is not. */
function periodOf(starts: readonly number[]): number | null {
  const pauses = starts.slice(1).map((start, i) => start - starts[i]!);
  const middle = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)]!;
  const most = Math.max(EVEN_NS, middle * EVEN_SHARE);
  const even = pauses.filter((pause) => Math.abs(pause - middle) <= most).length;
  return even >= MOST_EVEN * pauses.length ? middle : null;
}
