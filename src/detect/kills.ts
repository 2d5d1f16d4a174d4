/**
 * What was ended from outside, or has dumped core.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import type { OomKill } from "../proc/kernel_log.ts";
import { sizeWords } from "../text/words.ts";
import { hasCore, isKilled, signalOf } from "./ends.ts";
import type { Finding, FindingKind } from "./finding.ts";
import { type Findings, OPEN_MAX } from "./findings.ts";
import type { Restarters } from "./restarter.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

/** Why the kernel has killed a process, in words; null where it has not, or that is not known. */
export type Explain = (process: Process) => string | null;

/** A kill is told before the exit that it brings about, by no more than that. */
const KILL_NS = 60e9;
const SIGQUIT = 3;

/** Why the kernel has killed a process by what its log says, in words; null where it has not. */
export function oomReason(
  { pid, end, start }: Pick<Process, "pid" | "end" | "start">,
  kills: readonly OomKill[],
): string | null {
  const kill = kills.findLast(({ pid: killed, time }) => {
    if (killed !== pid || end === null) return false;
    return time <= end + KILL_NS && time >= Math.max(start ?? 0, end - KILL_NS);
  });
  if (kill === undefined) return null;
  const { group, limit } = kill;
  if (group === null) return "the host was out of memory";
  return `out of memory (limit ${limit === null ? "" : `${sizeWords(limit)} `}of ${group})`;
}

/** Finds them. */
export class Kills implements Watch {
  readonly told = "exit";
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #explain: Explain;
  readonly #restarters: Restarters;
  readonly #open = new Set<Finding>();

  constructor(limits: Limits, findings: Findings, explain: Explain, restarters: Restarters) {
    this.#restarters = restarters;
    this.#limits = limits;
    this.#findings = findings;
    this.#explain = explain;
  }

  note({ process }: Change): void {
    if (process === null) return;
    const { status } = process;
    if (status === null || status === 0) return;
    // SIGQUIT is sent by people who want one.
    if (hasCore(status) && signalOf(status) !== SIGQUIT) {
      return this.#tell("core-dump", process, null);
    }
    if (!isKilled(status)) return;
    const reason = this.#explain(process);
    if (reason !== null) return this.#tell("oom-kill", process, reason);
    // Who ends a test or a build kills, too: what has run for long, or is a service, is missed.
    // With the main process of a container or unit all others of it are killed.
    const isLong = (process.durationNs ?? 0) >= this.#limits["kill-life"];
    const isMissed = this.#restarters.isPlaced(process)
      ? this.#restarters.managed(process) !== null
      : isLong;
    if (isMissed) this.#tell("killed", process, null);
  }

  turn(now: number): void {
    for (const finding of this.#open) {
      if (!finding.isOver && now - finding.until <= this.#limits.quiet) continue;
      this.#open.delete(finding);
      this.#findings.end(finding);
    }
  }

  #tell(kind: FindingKind, process: Process, reason: string | null): void {
    const { uid, image, end } = process;
    const subject = `${nameOf(image)}\n${uid}\n${reason ?? ""}`;
    const time = end ?? process.born;
    const finding = this.#findings.see(kind, subject, process, time);
    this.#open.add(finding);
    // What the list of findings has no room for is not held here either.
    if (this.#open.size > OPEN_MAX) {
      for (const one of this.#open) if (one.isOver) this.#open.delete(one);
    }
    this.#findings.tell(finding, time, finding.isTold ? finding.count + 1 : 1, {
      by: process.parent,
      reason,
    });
  }
}
