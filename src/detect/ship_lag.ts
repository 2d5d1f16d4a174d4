/**
 * Whether what happens on a host reaches the places that its history is shipped to.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import type { Finding } from "./finding.ts";
import type { Findings } from "./findings.ts";
import type { Limits } from "./thresholds.ts";

const NS_PER_MS = 1e6;
/** Characters of the reason: a server says what it likes. */
const REASON_MAX = 300;

/** How far one place is behind. */
export interface ShipLag {
  /** Its URL. */
  readonly to: string;
  readonly lagMs: number;
  /** Lives that wait. */
  readonly waiting: number;
  /** Why it does not go on; null where it does. */
  readonly trouble: string | null;
}

/** Finds those that are behind, and fall further behind. */
export class ShipLags {
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #open = new Map<string, Finding>();
  /** As it was at the last look. */
  #before = new Map<string, number>();

  constructor(limits: Limits, findings: Findings) {
    this.#limits = limits;
    this.#findings = findings;
  }

  /** A look at all places, at a time (nanoseconds since boot); `keeper` keeps the history. */
  look(lags: readonly ShipLag[], now: number, keeper: Process): void {
    const late = new Set<string>();
    for (const { to, lagMs, waiting, trouble } of lags) {
      const before = this.#before.get(to);
      const lag = lagMs * NS_PER_MS;
      // Who catches up is behind as well, and nobody has to do anything.
      if (lag < this.#limits["ship-lag"] || before === undefined || lagMs <= before) continue;
      late.add(to);
      const finding = this.#findings.see("ship-lag", to, keeper, now - lag);
      const reason = trouble === null ? to : `${to}: ${trouble}`;
      this.#open.set(to, finding);
      this.#findings.tell(finding, now, waiting, { reason: reason.slice(0, REASON_MAX) });
    }
    for (const [to, finding] of this.#open) {
      if (late.has(to)) continue;
      this.#open.delete(to);
      this.#findings.end(finding);
    }
    this.#before = new Map(lags.map(({ to, lagMs }) => [to, lagMs]));
  }
}
