/**
 * Which processes are remembered: the living, their ancestors, and a bounded number of the dead.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** The known processes by pid, and the rules of forgetting. */
export class Memory {
  readonly #byPid = new Map<number, Process>();
  /** Dead, with nothing that descends from them: a ring, oldest at `#oldest`. */
  readonly #dead: (Process | null)[];
  #oldest = 0;
  #deadCount = 0;
  /** Dead, with known children, oldest death first. */
  readonly #ancestors = new Set<Process>();
  readonly #ancestorLimit: number;

  constructor(deadLimit: number, ancestorLimit: number) {
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
    const { parent } = process;
    if (parent === null) return;
    process.parent = null;
    this.#release(parent);
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

  #forget(process: Process): void {
    if (this.#byPid.get(process.pid) === process) this.#byPid.delete(process.pid);
    this.#ancestors.delete(process);
    this.unlink(process);
  }

  #release(parent: Process): void {
    parent.kept--;
    if (parent.kept > 0 || parent.alive || !this.#ancestors.delete(parent)) return;
    // It was kept for its descendants alone, and the last of them is forgotten.
    this.#forget(parent);
  }

  /**
   * A chain that forks and dies for ever would keep an ancestor per generation. The oldest
   * loses its own past; its children still name it.
   */
  #cutOldestAncestor(): void {
    const [oldest] = this.#ancestors;
    if (oldest === undefined) return;
    this.#ancestors.delete(oldest);
    if (this.#byPid.get(oldest.pid) === oldest) this.#byPid.delete(oldest.pid);
    this.unlink(oldest);
  }
}
