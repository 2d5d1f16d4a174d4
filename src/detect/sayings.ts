/**
 * Which turns of findings are told: their begin, their end, and now and then that they go on.
 *
 * @module
 */
import type { Finding } from "./finding.ts";
import type { Turn } from "./findings.ts";

/** Between two sayings that a finding goes on. */
const AGAIN_MS = 600_000;

/** Remembers what was said of those that go on. */
export class Sayings {
  readonly #saidAt = new Map<Finding, number>();

  /** Whether some go on. */
  get isOpen(): boolean {
    return this.#saidAt.size > 0;
  }

  /** Whether a turn is to be told, at a time of a steady clock (milliseconds). */
  passes(turn: Turn, finding: Finding, at: number): boolean {
    if (turn === "ends") return this.#saidAt.delete(finding);
    if (at < (this.#saidAt.get(finding) ?? -Infinity) + AGAIN_MS) return false;
    this.#saidAt.set(finding, at);
    return true;
  }
}
