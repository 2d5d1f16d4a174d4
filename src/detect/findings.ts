/**
 * The findings of one boot: those that go on, and those that are over.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import { Finding, type FindingFacts, type FindingKind, keyOf } from "./finding.ts";
import { mostOf } from "./shares.ts";

/** Of those that are over only the latest are kept: each holds a process with what it ran. */
export const OVER_MAX = 200;
/** Of more that go on the first of the user who has most are told as over. */
export const OPEN_MAX = 200;

/** What became of a finding. */
export type Turn = "begins" | "goes on" | "ends";

/** All of them. */
export class Findings {
  /** By kind and subject: keys that are shown may be the same for two. */
  readonly #open = new Map<string, Finding>();
  readonly #over: Finding[] = [];
  readonly #onTurn: ((turn: Turn, finding: Finding) => void) | undefined;
  /** How many that were over are not kept any more. */
  dropped = 0;

  constructor(onTurn?: (turn: Turn, finding: Finding) => void) {
    this.#onTurn = onTurn;
  }

  /** Those that are over, then those that go on, each in the order in which they began. */
  all(): Finding[] {
    return [...this.#over, ...this.#open.values()];
  }

  /** Something is wrong, or still is: the finding of that, begun at `since` where it is new. */
  see(kind: FindingKind, subject: string, process: Process, since: number): Finding {
    const name = `${kind}\n${subject}`;
    const known = this.#open.get(name);
    if (known !== undefined) {
      known.process = process;
      return known;
    }
    const finding = new Finding(kind, keyOf(kind, subject), process, since, subject);
    this.#open.set(name, finding);
    if (this.#open.size > OPEN_MAX) this.#makeRoom(finding);
    return finding;
  }

  #makeRoom(newest: Finding): void {
    const uid = mostOf(this.#open.values());
    for (const one of this.#open.values()) {
      if (one.uid === uid && one !== newest) return this.end(one);
    }
  }

  /** Tells of what {@linkcode Findings.see} gave, as it is now. */
  tell(finding: Finding, until: number, count: number, facts: Partial<FindingFacts>): void {
    if (finding.isOver) return;
    finding.until = Math.max(finding.until, until);
    finding.count = count;
    finding.facts = { ...finding.facts, ...facts };
    this.#onTurn?.(finding.isTold ? "goes on" : "begins", finding);
    finding.isTold = true;
  }

  /** It is over. */
  end(finding: Finding): void {
    if (finding.isOver) return;
    finding.isOver = true;
    this.#open.delete(`${finding.kind}\n${finding.subject}`);
    this.#over.push(finding);
    if (this.#over.length > OVER_MAX) {
      this.#over.shift();
      this.dropped++;
    }
    this.#onTurn?.("ends", finding);
  }
}
