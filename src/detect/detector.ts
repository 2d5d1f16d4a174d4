/**
 * Finds out of changes what is wrong on a host: pure, and fed alike by a live capture and by a
 * history.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import { Failing } from "./failing.ts";
import { type Finding, FINDING_KINDS } from "./finding.ts";
import { Findings, type Turn } from "./findings.ts";
import { type Explain, Kills } from "./kills.ts";
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
  /** Told when a finding begins, goes on or ends. */
  readonly onTurn?: (turn: Turn, finding: Finding) => void;
}

/** Kinds that changes alone tell of; the others take looks at the living. */
export const WATCHED_KINDS = FINDING_KINDS.filter((kind) => {
  return kind !== "runaway" && kind !== "stuck" && kind !== "zombies";
});

/** All watches, told of the changes of one boot. */
export class Detector {
  readonly #findings: Findings;
  readonly #watches: readonly Watch[];
  readonly #restarters = new Restarters();
  #turnAt = NaN;

  constructor({ limits, explain = () => null, onTurn }: DetectorOptions) {
    const findings = this.#findings = new Findings(onTurn);
    this.#watches = [
      new Loops(limits, findings, this.#restarters),
      new Storms(limits, findings),
      new Kills(limits, findings, explain, this.#restarters),
      new Failing(limits, findings, this.#restarters),
    ];
  }

  /** One change, in its order. */
  note(change: Change): void {
    if (!(change.time < this.#turnAt)) this.turn(change.time);
    this.#restarters.note(change);
    for (const watch of this.#watches) watch.note(change);
  }

  /** It is a time, nanoseconds since boot, also where nothing happens. */
  turn(now: number): void {
    this.#turnAt = now + TURN_NS;
    for (const watch of this.#watches) watch.turn(now);
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
