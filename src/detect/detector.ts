/**
 * Finds out of changes what is wrong on a host: pure, and fed alike by a live capture and by a
 * history.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { Failing } from "./failing.ts";
import type { Finding } from "./finding.ts";
import { FirstSeen, type KnownPrograms } from "./first_seen.ts";
import { Findings, type Turn } from "./findings.ts";
import { type Explain, Kills } from "./kills.ts";
import type { LivingTrouble } from "./living.ts";
import { type ShipLag, ShipLags } from "./ship_lag.ts";
import { Loops } from "./loops.ts";
import { Restarters } from "./restarter.ts";
import { Storms } from "./storm.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

const TURN_NS = 1e9;

/** How a detector is set up. */
export interface DetectorOptions {
  readonly limits: Limits;
  /** Why the kernel has killed a process; nothing is known of that where it is not given. */
  readonly explain?: Explain;
  /** What the host has run before; where it is not given, no program is told of as new. */
  readonly programs?: KnownPrograms | null;
  /** Told when a finding begins, goes on or ends. */
  readonly onTurn?: (turn: Turn, finding: Finding) => void;
}

/** All watches, told of the changes of one boot. */
export class Detector {
  readonly #findings: Findings;
  readonly #watches: readonly Watch[];
  readonly #ofForks: readonly Watch[];
  readonly #ofExecs: readonly Watch[];
  readonly #ofExits: readonly Watch[];
  readonly #restarters = new Restarters();
  readonly #lags: ShipLags;
  /** Of those that live, as the last look has found them. */
  #living = new Set<Finding>();
  #turnAt = NaN;

  constructor({ limits, explain = () => null, programs = null, onTurn }: DetectorOptions) {
    const findings = this.#findings = new Findings(onTurn);
    this.#lags = new ShipLags(limits, findings);
    this.#watches = [
      new Loops(limits, findings, this.#restarters),
      new Storms(limits, findings),
      new Kills(limits, findings, explain, this.#restarters),
      new Failing(limits, findings, this.#restarters),
      ...programs === null ? [] : [new FirstSeen(limits, findings, programs)],
    ];
    this.#ofForks = this.#watches.filter(({ told }) => told === "fork");
    this.#ofExecs = this.#watches.filter(({ told }) => told === "exec");
    this.#ofExits = this.#watches.filter(({ told }) => told === "exit");
  }

  /** One change, in its order. */
  note(change: Change): void {
    if (!(change.time < this.#turnAt)) this.turn(change.time);
    const { kind } = change;
    if (kind === "exit") {
      for (const watch of this.#ofExits) watch.note(change);
    } else if (kind === "fork") {
      for (const watch of this.#ofForks) watch.note(change);
    } else {
      this.#restarters.note(change);
      if (kind !== "exec" && kind !== "snapshot") return;
      for (const watch of this.#ofExecs) watch.note(change);
    }
  }

  /** It is a time, nanoseconds since boot, also where nothing happens. */
  turn(now: number): void {
    this.#turnAt = now + TURN_NS;
    for (const watch of this.#watches) watch.turn(now);
  }

  /**
   * What a look at the living has found, at a time; what an earlier one had found beside is over.
   * `find` gives the process that has a pid.
   */
  look(
    troubles: readonly LivingTrouble[],
    now: number,
    find: (pid: number) => Process | null,
  ): void {
    const seen = new Set<Finding>();
    for (const { kind, pid, count, since, cpu } of troubles) {
      const process = find(pid);
      if (process === null) continue;
      const finding = this.#findings.see(kind, process.id, process, since);
      const by = kind === "zombies" ? process : process.parent;
      this.#findings.tell(finding, now, count, { by, cpu });
      seen.add(finding);
    }
    for (const finding of this.#living) if (!seen.has(finding)) this.#findings.end(finding);
    this.#living = seen;
  }

  /** How far the places are behind that `keeper`'s history is shipped to, at a time. */
  shipped(lags: readonly ShipLag[], now: number, keeper: Process): void {
    this.#lags.look(lags, now, keeper);
  }

  /** What was found: that which is over, then what goes on. */
  get found(): readonly Finding[] {
    return this.#findings.all();
  }

  /** How many findings that are over are not kept any more. */
  get dropped(): number {
    return this.#findings.dropped;
  }
}
