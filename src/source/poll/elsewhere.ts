/**
 * Keeps the capture thread off the CPU of the process that it waits for.
 *
 * A thread that wakes up on a busy CPU waits until the task there sleeps or its slice is over,
 * which short programs do not live to see, and it stays on that CPU though another is idle where
 * CPUs share no cache (select_idle_sibling() in kernel/sched/fair.c).
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";

/** Bytes of glibc's cpu_set_t: 1024 CPUs. With more of them the thread stays where it is. */
const MASK_BYTES = 128;

/** Where the calling thread may run. */
export class Elsewhere {
  readonly #libc: Libc;
  /** CPUs this thread was allowed when it began. */
  readonly #allowed = new Uint8Array(new ArrayBuffer(MASK_BYTES));
  readonly #mask = new Uint8Array(new ArrayBuffer(MASK_BYTES));
  readonly #count: number;
  /** The CPU that is avoided; negative when none is. */
  #avoided = -1;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#count = libc.schedGetaffinity(this.#allowed) < 0 ? 0 : bits(this.#allowed);
  }

  /** Runs on other CPUs than `cpu` from now on, where there are any. */
  avoid(cpu: number | null): void {
    if (cpu === null || cpu === this.#avoided || this.#count < 2) return;
    this.#mask.set(this.#allowed);
    if (cpu < MASK_BYTES * 8) this.#mask[cpu >> 3]! &= ~(1 << (cpu & 7));
    if (this.#libc.schedSetaffinity(this.#mask) >= 0) this.#avoided = cpu;
  }

  /** Runs on any CPU again. */
  release(): void {
    if (this.#avoided < 0) return;
    this.#libc.schedSetaffinity(this.#allowed);
    this.#avoided = -1;
  }
}

function bits(bytes: Uint8Array): number {
  let count = 0;
  for (let rest of bytes) for (; rest > 0; rest &= rest - 1) count++;
  return count;
}
