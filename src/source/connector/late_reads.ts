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

/**
 * Where the CPU was taken from it meanwhile it takes longer: an image that is the same as that of
 * an exec within such a time after it was read is taken for that one's.
 */
const SAME_NS = 5_000_000;

interface Read {
  /** When the exec was, nanoseconds since boot. */
  readonly exec: number;
  /** When its image had been read. */
  readonly read: number;
  readonly image: Uint8Array;
}

/** The last exec of each pid whose image may turn out to be another's. */
export class LateReads {
  readonly #reads = new Map<number, Read>();

  /** Execs of which it is not known yet. */
  get waiting(): number {
    return this.#reads.size;
  }

  /** A process has executed something; its image had been read at `read`. */
  note(pid: number, exec: number, read: number, image: Uint8Array): void {
    this.#reads.set(pid, { exec, read, image });
  }

  /**
   * At `time` a pid begins something else, by a fork or an exec of `image`: when the exec was whose
   * image was read later than that; null where there is none.
   */
  overtaken(pid: number, time: number, image: Uint8Array | null): number | null {
    const last = this.#reads.get(pid);
    if (last === undefined) return null;
    this.#reads.delete(pid);
    if (last.read > time - LOADING_NS) return last.exec;
    const isSame = image !== null && last.read > time - SAME_NS && areSame(image, last.image);
    return isSame ? last.exec : null;
  }

  /** What was stamped before `horizon` has all come. */
  settle(horizon: number): void {
    const since = horizon - SAME_NS;
    for (const [pid, { read }] of this.#reads) if (read < since) this.#reads.delete(pid);
  }
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
