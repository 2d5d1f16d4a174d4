/**
 * Images that were read too late: the process had executed something else by then, or its pid was
 * another's. Who runs `env nice setsid CMD` executes four programs within two milliseconds.
 *
 * @module
 */

/**
 * So long before an exec is told, a process may have the new image already, in nanoseconds: it is
 * told when the program has been loaded (fs/exec.c, begin_new_exec() and proc_exec_connector()).
 */
const LOADING_NS = 100_000;

interface Read {
  /** When the exec was, nanoseconds since boot. */
  readonly exec: number;
  /** When its image had been read. */
  readonly read: number;
}

/** The last exec of each pid whose image may turn out to be another's. */
export class LateReads {
  readonly #reads = new Map<number, Read>();

  /** Execs of which it is not known yet. */
  get waiting(): number {
    return this.#reads.size;
  }

  /** A process has executed something; its image had been read at `read`. */
  note(pid: number, exec: number, read: number): void {
    this.#reads.set(pid, { exec, read });
  }

  /**
   * At `time` a pid begins something else, by a fork or an exec: when the exec was whose image was
   * read later than that; null where there is none.
   */
  overtaken(pid: number, time: number): number | null {
    const last = this.#reads.get(pid);
    if (last === undefined) return null;
    this.#reads.delete(pid);
    return last.read > time - LOADING_NS ? last.exec : null;
  }

  /** What was stamped before `horizon` has all come. */
  settle(horizon: number): void {
    for (const [pid, { read }] of this.#reads) if (read < horizon) this.#reads.delete(pid);
  }
}
