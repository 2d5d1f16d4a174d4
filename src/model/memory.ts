/**
 * Which processes are remembered: the living, their ancestors, and a bounded number of the dead.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** Dead ancestors that are remembered. */
export const ANCESTORS_MAX = 65_536;

/** The known processes by pid, and the rules of forgetting. */
export class Memory {
  readonly #byPid = new Map<number, Process>();
  /** Dead, with nothing that descends from them: a ring, oldest at `#oldest`. */
  readonly #dead: (Process | null)[];
  #oldest = 0;
  #deadCount = 0;
  /** Dead, with known children, oldest death first. */
  readonly #ancestors = new Set<Process>();
  /** Where the oldest of them is: a new iterator would pass all that were deleted before it. */
  #oldestAncestors = this.#ancestors.values();
  readonly #ancestorLimit: number;
  readonly #onForget: (process: Process) => void;

  /** `onForget` is told of each process that is forgotten, at least once. */
  constructor(
    deadLimit: number,
    ancestorLimit: number,
    onForget: (process: Process) => void = () => {},
  ) {
    this.#onForget = onForget;
    this.#dead = new Array<Process | null>(Math.max(1, deadLimit)).fill(null);
    this.#ancestorLimit = ancestorLimit;
  }

  get(pid: number): Process | undefined {
    return this.#byPid.get(pid);
  }

  /** The latest process of each pid, and the dead whose pid was used again. */
  *all(): Iterable<Process> {
    yield* this.#byPid.values();
    for (const process of this.#ancestors) {
      if (this.#byPid.get(process.pid) !== process) yield process;
    }
    for (let i = 0; i < this.#deadCount; i++) {
      const process = this.#dead[(this.#oldest + i) % this.#dead.length];
      if (process && process.kept === 0 && this.#byPid.get(process.pid) !== process) yield process;
    }
  }

  /** Makes `process` the latest of its pid. */
  add(process: Process): void {
    this.#byPid.set(process.pid, process);
  }

  /** Makes `parent` the parent of `process`, which keeps it from being forgotten. */
  link(process: Process, parent: Process): void {
    process.parent = parent;
    process.ppid = parent.pid;
    parent.kept++;
    if (parent.kept === 1 && !parent.alive) this.#ancestors.add(parent);
  }

  /** Undoes {@linkcode Memory.link}. */
  unlink(process: Process): void {
    const parent = this.#detach(process);
    if (parent !== null) this.#forget(parent);
  }

  /** To be told when `process` has ended; may forget older ones. */
  ended(process: Process): void {
    if (process.kept > 0) {
      this.#ancestors.add(process);
      if (this.#ancestors.size > this.#ancestorLimit) this.#cutOldestAncestor();
      return;
    }
    this.#bury(process);
  }

  #bury(process: Process): void {
    const ring = this.#dead;
    if (this.#deadCount === ring.length) {
      const oldest = ring[this.#oldest]!;
      ring[this.#oldest] = process;
      this.#oldest = (this.#oldest + 1) % ring.length;
      // It may live again (an exec after its exit) or have got a child that was told late.
      if (oldest !== null && !oldest.alive && oldest.kept === 0) this.#forget(oldest);
    } else {
      ring[(this.#oldest + this.#deadCount++) % ring.length] = process;
    }
  }

  /** Forgets a process, and upwards all that were kept for it alone: a chain can be long. */
  #forget(process: Process): void {
    for (let at: Process | null = process; at !== null; at = this.#detach(at)) this.#drop(at);
  }

  #drop(process: Process): void {
    if (this.#byPid.get(process.pid) === process) this.#byPid.delete(process.pid);
    this.#ancestors.delete(process);
    this.#onForget(process);
  }

  /** Takes a process from its parent; that comes back where it was kept for this one alone. */
  #detach(process: Process): Process | null {
    const { parent } = process;
    if (parent === null) return null;
    process.parent = null;
    parent.kept--;
    return parent.kept === 0 && !parent.alive && this.#ancestors.has(parent) ? parent : null;
  }

  /**
   * A chain that forks and dies for ever would keep an ancestor per generation. The oldest
   * loses its own past; its children still name it.
   */
  #cutOldestAncestor(): void {
    const oldest = this.#oldestAncestor();
    if (oldest === undefined) return;
    this.#ancestors.delete(oldest);
    // It lives again (an exec after its exit), and comes back when it ends.
    if (oldest.alive) return;
    this.#drop(oldest);
    this.unlink(oldest);
  }

  #oldestAncestor(): Process | undefined {
    const { value } = this.#oldestAncestors.next();
    if (value !== undefined) return value;
    // Once at its end an iterator stays there.
    this.#oldestAncestors = this.#ancestors.values();
    return this.#oldestAncestors.next().value;
  }
}
