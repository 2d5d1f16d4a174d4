/**
 * Looks at all that lives, once a minute, for those who want to know what it uses.
 *
 * @module
 */
import { lookSteps } from "../ask/looks.ts";
import type { Look } from "../detect/living.ts";
import { Stopped } from "../fault.ts";
import type { Change } from "../model/machine.ts";
import { openProcfs } from "../proc/procfs.ts";
import { Breath } from "../steps.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

const LOOK_MS = 60_000;
/** Others have their turn after so long. */
const SLICE_MS = 5;

/** Who is told of a look, and when it was taken (nanoseconds since boot). */
export type Looker = (look: ReadonlyMap<number, Look>, at: number) => void;

/** A sink that looks at /proc, and does not care for what happens. */
export class Looks implements Sink {
  readonly #clock: () => number;
  readonly #lookers: readonly Looker[];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #world: Pick<World, "procRoot" | "say">;
  readonly #end = new AbortController();
  #isLooking = false;
  #hasScanned = false;
  /** It was said that it cannot look. */
  #isSaid = false;

  constructor(
    world: Pick<World, "procRoot" | "say">,
    clock: () => number,
    lookers: readonly Looker[],
  ) {
    this.#world = world;
    this.#clock = clock;
    this.#lookers = lookers;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  note(_change: Change): void {}

  /** What runs already is looked at at once: what it has used before is known then. */
  scanned(): void {
    if (!this.#hasScanned) void this.look();
    this.#hasScanned = true;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  /** Takes a look, unless one is being taken. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const steps = lookSteps(openProcfs(this.#world.procRoot));
      const look = await new Breath(this.#end.signal, SLICE_MS).finish(steps);
      const at = this.#clock();
      for (const looker of this.#lookers) looker(look, at);
      this.#isSaid = false;
    } catch (error) {
      // Descriptors or memory may be short for a while: what happens is recorded all the same.
      if (error instanceof Stopped || this.#isSaid) return;
      this.#isSaid = true;
      this.#world.say(`cannot look at what lives: ${(error as Error).message}`);
    } finally {
      this.#isLooking = false;
    }
  }
}
