/**
 * Descent by identity: whether a process is, or descends from, one that was asked for.
 *
 * @module
 */
import type { Process } from "./process.ts";
import { RecentAnswers } from "./recent_answers.ts";

/** Answers that one lineage remembers: who asks for many of them must not take all memory. */
const ANSWERS = 4096;
/** The same for the past, by numbers. */
const PAST_ANSWERS = 50_000;

/** The processes that had certain pids when they were first met, and all their descendants. */
export class Lineage {
  /** By pid, the process that stands for it; undefined until it is met. */
  readonly #roots: Map<number, Process | undefined>;
  readonly #startTicks: number | null;
  /**
   * True for a member. For others the end of their line of ancestors: the answer holds as long
   * as that end has found no parent (a rescan, or a fork told late, may give it one).
   */
  readonly #known = RecentAnswers.ofObjects<Process, true | Process>(ANSWERS);

  /** `startTicks`, where it is known, tells the process that is meant from others of its pid. */
  constructor(pids: readonly number[], startTicks: number | null = null) {
    this.#roots = new Map(pids.map((pid) => [pid, undefined]));
    this.#startTicks = startTicks;
  }

  /** Takes `process` for the one that was meant by its pid. */
  meet(process: Process): void {
    if (this.#roots.has(process.pid)) this.#roots.set(process.pid, process);
  }

  /** Whether `process` belongs to it; to be asked of every change, so that pids are met in time. */
  has(process: Process): boolean {
    const known = this.#known.get(process);
    if (known === true) return true;
    if (known !== undefined && known.parent === null) return false;
    return this.#trace(process);
  }

  #trace(process: Process): boolean {
    const line = [process];
    let verdict: true | Process = process;
    for (let at = process;;) {
      if (this.isRoot(at)) {
        verdict = true;
        break;
      }
      verdict = at;
      const { parent } = at;
      if (parent === null) break;
      const known = this.#known.get(parent);
      if (known === true || known?.parent === null) {
        verdict = known;
        break;
      }
      line.push(parent);
      at = parent;
    }
    // The nearest last: they are asked for again.
    for (let at = Math.min(line.length, ANSWERS) - 1; at >= 0; at--) {
      this.#known.set(line[at]!, verdict);
    }
    return verdict === true;
  }

  /** Whether `process` is one of those that were asked for. */
  isRoot(process: Process): boolean {
    const { pid } = process;
    if (!this.#roots.has(pid)) return false;
    const root = this.#roots.get(pid);
    if (root !== undefined) return root === process;
    // The kernel stamps a fork a little after it notes the start: one tick of grace.
    const ticks = this.#startTicks;
    if (ticks !== null && Math.abs(process.startTicks - ticks) > 1) return false;
    this.#roots.set(pid, process);
    return true;
  }
}

/** A process of the past, told from others of its pid by its id. */
export interface PastRoot {
  readonly pid: number;
  readonly id: string;
}

/**
 * All processes that ever had one of some pids, some by their ids, and the descendants of these:
 * for the past.
 */
export class PastLineage {
  readonly #pids: ReadonlySet<number>;
  readonly #ids = new Map<number, Set<string>>();
  readonly #known = new WeakMap<Process, boolean>();
  /** By the number of a life: of long lines only the numbers are remembered. */
  #byKey = RecentAnswers.ofNumbers<boolean>(PAST_ANSWERS);

  constructor(pids: readonly number[], roots: readonly PastRoot[] = []) {
    this.#pids = new Set(pids);
    for (const { pid, id } of roots) {
      const ids = this.#ids.get(pid);
      if (ids === undefined) this.#ids.set(pid, new Set([id]));
      else ids.add(id);
    }
  }

  /** What follows is of a file, or a boot, in which rows may have other numbers. */
  begin(): void {
    this.#byKey = RecentAnswers.ofNumbers(PAST_ANSWERS);
  }

  /** What is known of a process without its ancestors. */
  known(process: Process): boolean | undefined {
    const { pid } = process;
    if (this.#pids.has(pid) || this.#ids.get(pid)?.has(process.id)) return true;
    return this.#known.get(process) ??
      (process.key > 0 ? this.#byKey.get(process.key) : undefined);
  }

  /** Lives with those numbers, each below the next one, do or do not belong to it. */
  note(keys: readonly number[], belong: boolean): void {
    // The nearest are asked for again.
    for (const key of keys.slice(0, PAST_ANSWERS)) this.#byKey.set(key, belong);
  }

  /** Whether `process`, linked to its ancestors or noted, belongs to it. */
  has(process: Process): boolean {
    const line: Process[] = [];
    let verdict = false;
    for (let at: Process | null = process; at !== null; at = at.parent) {
      const known = this.known(at);
      line.push(at);
      if (known === undefined) continue;
      verdict = known;
      break;
    }
    for (const one of line) this.#known.set(one, verdict);
    return verdict;
  }
}

/**
 * Whether a process is, or descends from, one whose answer is true. Notes the answers of all on
 * the way, so that each is asked once.
 */
export function isBelow(process: Process, answers: Map<Process, boolean>): boolean {
  const path: Process[] = [];
  let at: Process | null = process;
  while (at !== null && !answers.has(at)) {
    path.push(at);
    at = at.parent;
  }
  const answer = at !== null && answers.get(at)!;
  for (const one of path) answers.set(one, answer);
  return answer;
}
