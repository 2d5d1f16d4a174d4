/**
 * Loops: the same command ends soon after its start, again and again, and somebody starts it anew.
 *
 * @module
 */
import type { Change } from "../model/machine.ts";
import { type Process, TICK_NS } from "../model/process.ts";
import { isBad, signalOf } from "./ends.ts";
import type { Finding, FindingKind } from "./finding.ts";
import type { Findings } from "./findings.ts";
import { commandKey, isShell, Restarters } from "./restarter.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

/** Commands that are followed at once. */
export const RUNS_MAX = 4096;
/** People do it again at odd times, a loop at even ones: pauses differ by this factor and more. */
const UNEVEN = 2;
const UNEVEN_NS = 500e6;

/** The latest ends of one command, one after the other. */
interface Run {
  readonly kind: FindingKind;
  count: number;
  readonly since: number;
  lastStart: number;
  lastEnd: number;
  /** Sum of the lives. */
  lifeNs: number;
  /** Shortest and longest pause between an end and the next start. */
  least: number;
  most: number;
  finding: Finding | null;
}

/** Finds them. */
export class Loops implements Watch {
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #restarters = new Restarters();
  /** By who starts them again (a place or the id of a process), then by command. */
  readonly #runs = new Map<string, Map<string, Run>>();
  #size = 0;
  /** Parents of which some were followed: of the others nothing is looked up. */
  readonly #parents = new WeakSet<Process>();

  constructor(limits: Limits, findings: Findings) {
    this.#limits = limits;
    this.#findings = findings;
  }

  note({ kind, process, inferred }: Change): void {
    if (kind !== "exit" || process === null || inferred) return;
    const { status, parent } = process;
    const bad = isBad(status);
    const manager = this.#restarters.managed(process);
    if (manager === null && parent === null) return;
    if (!bad && !(manager !== null && status === 0)) {
      // Once is enough: what can end well is no crash.
      if (manager !== null) this.#forget(manager, commandKey(process));
      else if (this.#parents.has(parent!)) this.#forget(parent!.id, commandKey(process));
      return;
    }
    const loop = bad ? "crash-loop" : "restart-loop";
    if (manager !== null) return this.#follow(loop, manager, process, false);
    this.#parents.add(parent!);
    this.#follow(loop, parent!.id, process, isShell(parent!));
  }

  turn(now: number): void {
    for (const [by, runs] of this.#runs) {
      for (const [command, run] of runs) {
        const pause = Math.max(this.#limits["loop-pause"], 3 * run.most);
        if (now - run.lastEnd > pause) this.#forget(by, command);
      }
    }
  }

  #follow(kind: FindingKind, by: string, process: Process, belowShell: boolean): void {
    const { start, end, durationNs } = process;
    if (start === null || end === null || durationNs === null) return;
    const command = commandKey(process);
    if (durationNs > this.#limits["loop-life"]) return this.#forget(by, command);
    const says = belowShell && signalOf(process.status) === 0;
    if (says && durationNs < this.#limits["loop-shell-life"]) return;
    let run = this.#runs.get(by)?.get(command);
    const pause = run === undefined ? 0 : start - run.lastEnd;
    // Two at a time are no loop, nor is one that ends well as often as not.
    if (run !== undefined && (run.kind !== kind || pause < -TICK_NS || this.#isLate(pause))) {
      this.#forget(by, command);
      run = undefined;
    }
    if (run === undefined) {
      run = this.#begin(kind, by, command, start);
    } else {
      run.least = Math.min(run.least, Math.max(0, pause));
      run.most = Math.max(run.most, pause);
    }
    run.count++;
    run.lastStart = start;
    run.lastEnd = end;
    run.lifeNs += durationNs;
    if (run.count < this.#limits["loop-times"]) return;
    if (belowShell && run.most > UNEVEN * run.least + UNEVEN_NS) return;
    this.#tell(run, by, command, process);
  }

  #isLate(pause: number): boolean {
    return pause > this.#limits["loop-pause"];
  }

  #tell(run: Run, by: string, command: string, process: Process): void {
    const finding = this.#findings.see(run.kind, `${by}\n${command}`, process, run.since);
    run.finding = finding;
    this.#findings.tell(finding, run.lastEnd, run.count, {
      by: process.parent,
      meanLifeNs: run.lifeNs / run.count,
      everyNs: (run.lastStart - run.since) / (run.count - 1),
    });
  }

  #begin(kind: FindingKind, by: string, command: string, since: number): Run {
    if (this.#size >= RUNS_MAX) this.#forgetOldest();
    const run: Run = {
      kind,
      count: 0,
      since,
      lastStart: since,
      lastEnd: since,
      lifeNs: 0,
      least: Infinity,
      most: 0,
      finding: null,
    };
    let runs = this.#runs.get(by);
    if (runs === undefined) {
      runs = new Map();
      this.#runs.set(by, runs);
    }
    runs.set(command, run);
    this.#size++;
    return run;
  }

  #forget(by: string, command: string): void {
    const runs = this.#runs.get(by);
    const run = runs?.get(command);
    if (runs === undefined || run === undefined) return;
    if (run.finding !== null) this.#findings.end(run.finding);
    runs.delete(command);
    if (runs.size === 0) this.#runs.delete(by);
    this.#size--;
  }

  #forgetOldest(): void {
    for (const [by, runs] of this.#runs) {
      for (const command of runs.keys()) return this.#forget(by, command);
    }
  }
}
