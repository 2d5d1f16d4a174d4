/**
 * What was refused: all of it counted, and told to who runs the gateway, without what was asked.
 *
 * @module
 */
import type { RefusalKind } from "./admit.ts";
import { WEB_LIMITS } from "./limits.ts";

const MINUTE_MS = 60_000;

/** Counts refusals. */
export class Refusals {
  readonly #say: (text: string) => void;
  readonly #now: () => number;
  readonly #counts = new Map<RefusalKind, number>();
  #since = -Infinity;
  #told = 0;
  #untold = 0;

  /** `say` tells a person; `now` is a clock that does not go back, milliseconds. */
  constructor(say: (text: string) => void, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#now = now;
  }

  /** How often each kind was refused. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Counts one. Nothing that was sent is told: it may be a secret, and it may be long. */
  add(why: RefusalKind, status: number): void {
    this.#counts.set(why, (this.#counts.get(why) ?? 0) + 1);
    const now = this.#now();
    if (now - this.#since >= MINUTE_MS) {
      if (this.#untold > 0) this.#say(`web: refused ${this.#untold} more requests in that minute`);
      this.#since = now;
      this.#told = this.#untold = 0;
    }
    if (this.#told >= WEB_LIMITS.told) {
      this.#untold++;
      return;
    }
    this.#told++;
    this.#say(`web: refused a request: ${why} (${status})`);
  }
}
