/**
 * News of a fleet: it is opened again and again, and what has come since is seen by who asks.
 *
 * @module
 */
import type { News, PastStore } from "../ask/store.ts";
import { SinkAway } from "../ship/sink.ts";
import { pause } from "../steps.ts";

/** Hosts ship about once a second. */
const LOOK_MS = 1000;
/** A fleet that is away for longer is given up. */
const AWAY_MS = 60_000;

/** Opens the fleet once a second. */
export class FleetNews implements News {
  readonly #open: () => Promise<PastStore>;
  #awaySince: number | null = null;

  constructor(open: () => Promise<PastStore>) {
    this.#open = open;
  }

  async next(signal: AbortSignal): Promise<PastStore | null> {
    await pause(LOOK_MS, signal);
    if (signal.aborted) return null;
    try {
      const store = await this.#open();
      this.#awaySince = null;
      return store;
    } catch (error) {
      const now = performance.now();
      this.#awaySince ??= now;
      if (error instanceof SinkAway && now - this.#awaySince < AWAY_MS) return null;
      throw error;
    }
  }

  close(): void {}
}
