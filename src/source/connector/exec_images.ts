/**
 * Images of execs that are told twice, by the doorbell and by the truth, in either order.
 *
 * @module
 */

/** Execs that wait for their counterpart; the truth has room for fewer. What is older had none. */
const WAITING_MAX = 100_000;

interface ReadImage {
  readonly image: Uint8Array | null;
  readonly at: number;
}

/** What was read at the doorbell, until the truth delivers the exec. Keys name an event on both. */
export class ExecImages {
  readonly #images = new Map<number, ReadImage>();
  /** Execs the truth delivered before the doorbell rang for them. */
  readonly #early = new Set<number>();
  readonly #read: (pid: number) => Uint8Array | null;
  readonly #now: () => number;
  /** When the image that was taken last had been read, on the clock of `now`. */
  readAt = 0;

  /** `read` gives the image of a process now; `now` is any clock. */
  constructor(read: (pid: number) => Uint8Array | null, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  /** Whether there is no room for more images. */
  get full(): boolean {
    return this.#images.size >= WAITING_MAX;
  }

  /** Execs of which only one of the two has told. */
  get waiting(): number {
    return this.#images.size + this.#early.size;
  }

  /** The doorbell rang: the image is read, unless the truth was earlier. */
  ring(key: number, pid: number): void {
    if (this.#early.delete(key)) return;
    const image = this.#read(pid);
    this.#images.set(key, { image, at: this.#now() });
    forgetOldest(this.#images);
  }

  /** The truth tells of an exec: its image, read now where the doorbell has not rung. */
  take(key: number, pid: number): Uint8Array | null {
    const known = this.#images.get(key);
    if (known !== undefined) {
      this.#images.delete(key);
      this.readAt = known.at;
      return known.image;
    }
    this.#early.add(key);
    forgetOldest(this.#early);
    const image = this.#read(pid);
    this.readAt = this.#now();
    return image;
  }

  /** Events were lost: what waits may wait in vain. */
  clear(): void {
    this.#images.clear();
    this.#early.clear();
  }
}

/** A socket that overflows loses the counterparts of what is here. */
function forgetOldest(waiting: Map<number, unknown> | Set<number>): void {
  if (waiting.size <= WAITING_MAX) return;
  for (const key of waiting.keys()) {
    waiting.delete(key);
    return;
  }
}
