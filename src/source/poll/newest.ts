/**
 * The processes forked last, whose exec is expected: their command lines are kept open, so that
 * a look takes one call, and is of the same process whatever happens to its pid.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { Known } from "./known.ts";

/** Each takes three descriptors. */
const COUNT = 16;

/** A process and its open files. */
export interface Newest {
  readonly known: Known;
  /** A handle on /proc/PID. */
  readonly handle: number;
  /** /proc/PID/cmdline: reading it shows the program of the moment. */
  readonly cmdline: number;
  /** /proc/PID/comm, which shows a zombie's name, too. */
  readonly comm: number;
}

/** The last few, newest first. */
export class NewestProcesses {
  readonly #libc: Libc;
  #entries: Newest[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Those that are followed, newest first; do not keep the array. */
  get entries(): readonly Newest[] {
    return this.#entries;
  }

  /** What is open of `known`; undefined when it is not followed. */
  find(known: Known): Newest | undefined {
    return this.#entries.find((entry) => entry.known === known);
  }

  /** Follows one more; the oldest makes room. */
  add(entry: Newest): void {
    this.#entries.unshift(entry);
    if (this.#entries.length > COUNT) this.#close(this.#entries.pop()!);
  }

  /** Ends following `known`, if it is. */
  remove(known: Known): void {
    const at = this.#entries.findIndex((entry) => entry.known === known);
    if (at >= 0) this.#close(this.#entries.splice(at, 1)[0]!);
  }

  close(): void {
    for (const entry of this.#entries.splice(0)) this.#close(entry);
  }

  #close({ handle, cmdline, comm }: Newest): void {
    this.#libc.close(cmdline);
    if (comm >= 0) this.#libc.close(comm);
    this.#libc.close(handle);
  }
}
