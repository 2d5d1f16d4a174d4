/**
 * Which turns of findings are told: their begin, their end, and now and then that they go on.
 *
 * @module
 */
import type { Finding } from "./finding.ts";
import type { Turn } from "./findings.ts";

/** Between two sayings that a finding goes on, by the time of the host. */
const AGAIN_NS = 600e9;

/** Remembers what was said of those that go on. */
export class Sayings {
  readonly #saidAt = new Map<Finding, number>();

  /** Whether some go on. */
  get isOpen(): boolean {
    return this.#saidAt.size > 0;
  }

  /** Whether a turn is to be told: the end of what was told, all else where it `concerns`. */
  passes(turn: Turn, finding: Finding, concerns = true): boolean {
    if (turn === "ends") return this.#saidAt.delete(finding);
    const { until } = finding;
    if (!concerns || until < (this.#saidAt.get(finding) ?? -Infinity) + AGAIN_NS) return false;
    this.#saidAt.set(finding, until);
    return true;
  }
}
