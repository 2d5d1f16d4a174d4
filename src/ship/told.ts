/**
 * What shipping has done, told to people in few lines and kept for who asks.
 *
 * @module
 */
import process from "node:process";
import type { ShipEvents } from "./ship.ts";
import type { Round } from "./shipper.ts";
import { type ShipState, ShipStateFile } from "./state.ts";

/** While lives are shipped the state is written so often, and where none are. */
const BUSY_MS = 1000;
const REST_MS = 30_000;

/** How it is told. */
export interface ShipTelling {
  /** The history that is shipped. */
  readonly history: string;
  /** The URL of the place; none has a secret in it. */
  readonly to: string;
  /** It ends once all is shipped: nobody has to be told that it begins. */
  readonly once: boolean;
  /** One line for people. */
  say(text: string): void;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** Told of all that happens while a history is shipped. */
export class ShipReport implements ShipEvents {
  readonly #telling: ShipTelling;
  readonly #file: ShipStateFile;
  #state: ShipState;
  #writtenAt = -Infinity;
  #isBroken = false;
  #isBegun = false;
  /** It was said that the state cannot be kept. */
  #isSaid = false;

  constructor(telling: ShipTelling) {
    this.#telling = telling;
    this.#file = new ShipStateFile(telling.history, telling.to);
    const now = telling.now();
    this.#state = {
      ...{ to: telling.to, host: null, pid: process.pid, since: now, at: now, reach: null },
      ...{ waiting: 0, lives: 0, forgotten: 0, refused: 0, trouble: null, over: false },
    };
  }

  /** Lives that were shipped, and those that the host had forgotten before. */
  get sums(): Pick<ShipState, "lives" | "forgotten"> {
    return this.#state;
  }

  begun(name: string, where: string): void {
    if (!this.#isBegun && !this.#telling.once || this.#isBroken) {
      this.#telling.say(`ships to ${where} as ${name}`);
    }
    this.#isBegun = true;
    this.#isBroken = false;
    this.#note({ host: name, trouble: null }, 0);
  }

  round({ lives, forgotten, refused, waiting, reachMs }: Round): void {
    const { lives: before, forgotten: lost, refused: left } = this.#state;
    const isNews = lives > 0 || forgotten > 0 || waiting !== this.#state.waiting;
    const sums = { lives: before + lives, forgotten: lost + forgotten, refused: left + refused };
    const reach = reachMs ?? this.#state.reach;
    this.#note({ ...sums, waiting, reach }, isNews ? BUSY_MS : REST_MS);
    if (forgotten === 0) return;
    this.#telling.say(`${forgotten} lives were forgotten here before they were shipped`);
  }

  /** One line for each time that it breaks, however long it stays so. */
  failed(message: string, retryMs: number): void {
    if (!this.#isBroken) this.#telling.say(`${message}; tries again after ${retryMs / 1000}s`);
    const isNews = !this.#isBroken || this.#state.trouble !== message;
    this.#isBroken = true;
    this.#note({ trouble: message }, isNews ? 0 : REST_MS);
  }

  /** It has done what it was asked to, or was asked to end. */
  ended(): void {
    this.#note({ over: true }, 0);
  }

  /** It has ended by itself. */
  gaveUp(message: string): void {
    this.#note({ trouble: message, over: this.#telling.once }, 0);
  }

  #note(more: Partial<ShipState>, afterMs: number): void {
    const now = this.#telling.now();
    this.#state = { ...this.#state, ...more, at: now };
    // A clock that was put back is no reason to wait.
    const passed = now - this.#writtenAt;
    if (passed >= 0 && passed < afterMs) return;
    this.#writtenAt = now;
    try {
      this.#file.write(this.#state);
    } catch (error) {
      if (!this.#isSaid) {
        this.#telling.say(`how far it has come is not kept: ${(error as Error).message}`);
      }
      this.#isSaid = true;
    }
  }
}
