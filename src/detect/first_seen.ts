/**
 * Programs that a host has never run before.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import { programOf } from "../model/program_names.ts";
import type { Finding } from "./finding.ts";
import type { Findings } from "./findings.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

/** The programs that a host has run; kept for longer than their processes are. */
export interface KnownPrograms {
  /**
   * A user (real uid, null is not known) runs a program, which is known from now on: whether it is
   * new to a host that is known well.
   */
  isNew(program: string, uid: number | null): boolean;
}

/** Finds them. */
export class FirstSeen implements Watch {
  readonly told = "exec";
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #known: KnownPrograms;
  readonly #open = new Set<Finding>();

  constructor(limits: Limits, findings: Findings, known: KnownPrograms) {
    this.#limits = limits;
    this.#findings = findings;
    this.#known = known;
  }

  note({ process, time }: Change): void {
    if (process === null) return;
    const program = programOf(process.image);
    if (program === null || !this.#known.isNew(program, process.uid)) return;
    const finding = this.#findings.see("first-seen", program, process, time);
    this.#open.add(finding);
    this.#findings.tell(finding, time, 1, { by: process.parent, reason: program });
  }

  turn(now: number): void {
    for (const finding of this.#open) {
      if (!finding.isOver && now - finding.until <= this.#limits.quiet) continue;
      this.#open.delete(finding);
      this.#findings.end(finding);
    }
  }
}
