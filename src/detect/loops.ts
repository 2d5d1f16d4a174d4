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
import { commandKey, isShell, type Restarters } from "./restarter.ts";
import { mostOf } from "./shares.ts";
import type { Limits } from "./thresholds.ts";
import type { Watch } from "./watch.ts";

/** Commands that are followed at once. */
export const RUNS_MAX = 4096;
/** People do it again at odd times, a loop at even ones: pauses differ by this factor and more. */
const UNEVEN = 2;
const UNEVEN_NS = 500e6;
/** Timers come at such times, and managers wait for less. */
const RESTART_PAUSE_NS = 15e9;

/** Engines wait longer each time: Kubernetes up to five minutes. */
const BACK_OFF_NS = 330e9;

/** Who starts it again: the manager of a unit, that of a container, or a parent. */
type Restarter = "manager" | "engine" | "shell" | "program";

/** The latest ends of one command, one after the other. */
interface Run {
  readonly kind: FindingKind;
  /** Whose it is; null where that is not known. */
  readonly uid: number | null;
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
  readonly told = "exit";
  readonly #limits: Limits;
  readonly #findings: Findings;
  readonly #restarters: Restarters;
  /** By who starts it again (a place or the id of a process) and by command. */
  readonly #runs = new Map<string, Run>();
  /** Parents of which some were followed: of the others nothing is looked up. */
  readonly #parents = new WeakSet<Process>();

  constructor(limits: Limits, findings: Findings, restarters: Restarters) {
    this.#limits = limits;
    this.#findings = findings;
    this.#restarters = restarters;
  }

  note({ process, inferred }: Change): void {
    if (process === null || inferred) return;
    const { status, parent } = process;
    const bad = isBad(status);
    const manager = this.#restarters.managed(process);
    if (manager !== null) {
      const key = keyOf(manager.restarted, process);
      const by = manager.isContainer ? "engine" : "manager";
      if (bad) this.#follow("crash-loop", key, process, by);
      else if (status === 0 && !isTimed(process)) this.#follow("restart-loop", key, process, by);
      else this.#forget(key);
      return;
    }
    if (parent === null) return;
    if (!bad) {
      // Once is enough: what can end well is no crash.
      if (this.#parents.has(parent)) this.#forget(keyOf(parent.id, process));
      return;
    }
    // A server's child that handles one client may end as it likes.
    if (parent.image.sameProgram(process.image)) return;
    this.#parents.add(parent);
    const by = isShell(parent) ? "shell" : "program";
    this.#follow("crash-loop", keyOf(parent.id, process), process, by);
  }

  turn(now: number): void {
    for (const [key, run] of this.#runs) {
      const pause = Math.max(this.#limits["loop-pause"], 3 * run.most);
      if (now - run.lastEnd > pause) this.#forget(key);
    }
  }

  #follow(kind: FindingKind, key: string, process: Process, by: Restarter): void {
    const { start, end, durationNs } = process;
    if (start === null || end === null || durationNs === null) return;
    if (durationNs > this.#limits["loop-life"]) return this.#forget(key);
    const isManaged = by === "manager" || by === "engine";
    const says = !isManaged && signalOf(process.status) === 0;
    if (says && durationNs < this.#limits["loop-shell-life"]) return;
    let run = this.#runs.get(key);
    const pause = run === undefined ? 0 : start - run.lastEnd;
    const most = kind === "restart-loop" ? RESTART_PAUSE_NS : this.#pauseOf(by);
    // Two at a time are no loop, nor is one that ends well as often as not.
    if (run !== undefined && (run.kind !== kind || pause < -TICK_NS || pause > most)) {
      this.#forget(key);
      run = undefined;
    }
    if (run === undefined) {
      run = this.#begin(kind, key, start, process.uid);
    } else {
      run.least = Math.min(run.least, Math.max(0, pause));
      run.most = Math.max(run.most, pause);
    }
    run.count++;
    run.lastStart = start;
    run.lastEnd = end;
    run.lifeNs += durationNs;
    const waits = says && by === "shell";
    if (run.count < this.#limits[waits ? "loop-shell-times" : "loop-times"]) return;
    if (by === "shell" && run.most > UNEVEN * run.least + UNEVEN_NS) return;
    this.#tell(run, key, process);
  }

  /** The longest pause within a loop. */
  #pauseOf(by: Restarter): number {
    const { "loop-pause": pause } = this.#limits;
    return by === "engine" ? Math.max(pause, BACK_OFF_NS) : pause;
  }

  #tell(run: Run, key: string, process: Process): void {
    const finding = this.#findings.see(run.kind, key, process, run.since);
    run.finding = finding;
    this.#findings.tell(finding, run.lastEnd, run.count, {
      by: process.parent,
      meanLifeNs: run.lifeNs / run.count,
      everyNs: (run.lastStart - run.since) / Math.max(1, run.count - 1),
    });
  }

  #begin(kind: FindingKind, key: string, since: number, uid: number | null): Run {
    if (this.#runs.size >= RUNS_MAX) {
      const uid = mostOf(this.#runs.values());
      for (const [oldest, run] of this.#runs) {
        if (run.uid !== uid) continue;
        this.#forget(oldest);
        break;
      }
    }
    const run: Run = {
      kind,
      uid,
      count: 0,
      since,
      lastStart: since,
      lastEnd: since,
      lifeNs: 0,
      least: Infinity,
      most: 0,
      finding: null,
    };
    this.#runs.set(key, run);
    return run;
  }

  #forget(key: string): void {
    const run = this.#runs.get(key);
    if (run === undefined) return;
    if (run.finding !== null) this.#findings.end(run.finding);
    this.#runs.delete(key);
  }
}

function keyOf(by: string, process: Process): string {
  return `${by}\n${commandKey(process)}`;
}

/** Whether a timer has started its unit: systemd says so in the environment (systemd.exec(5)). */
function isTimed({ image }: Process): boolean {
  return image.env?.["TRIGGER_UNIT"]?.endsWith(".timer") === true;
}
