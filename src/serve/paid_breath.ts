/**
 * Long work that one user has asked for: it goes on as long as they have time left.
 *
 * @module
 */
import type { ThreadTime } from "../model/common_shares.ts";
import { Breath, pause } from "../steps.ts";

/** Who has used up their share waits so long before it is looked again. */
const REST_MS = 20;

/** Takes breaths, and charges what was done between them. */
export class PaidBreath extends Breath {
  readonly #time: ThreadTime;
  readonly #uid: number;
  readonly #signal: AbortSignal;
  #began: number;

  /** `turnMs` is how long work goes on before others have their turn; `uid` is who pays. */
  constructor(signal: AbortSignal, turnMs: number, time: ThreadTime, uid: number) {
    super(signal, turnMs);
    this.#signal = signal;
    this.#time = time;
    this.#uid = uid;
    this.#began = time.now();
  }

  /** Lets the event loop turn, and rests while its user has no time left. */
  override async turn(): Promise<void> {
    this.#time.spend(this.#uid, this.#began);
    await super.turn();
    while (!this.#signal.aborted && !this.#time.may(this.#uid)) await pause(REST_MS, this.#signal);
    this.#began = this.#time.now();
  }
}
