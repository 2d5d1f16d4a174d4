/**
 * Texts on their way to the other thread: each user has a share of what may wait, so that one who
 * starts programs with long command lines takes no room from others.
 *
 * @module
 */
import { shortenImage } from "../model/image.ts";
import { Shares } from "../model/shares.ts";

/** Bytes of long images that wait, and what is root's of them. */
export const WAITING_TEXT = { total: 32 << 20, reserve: 8 << 20 } as const;
/** Images of so many bytes are never cut, and not counted; longer ones are cut to that. */
const SHORT = 1024;

/** The uids and bytes of the long images in one batch. */
interface Load {
  /** KiB that were posted with it and before it, modulo 2^32. */
  readonly endKib: number;
  readonly charges: readonly (readonly [uid: number, bytes: number])[];
}

/** Counts them by user. */
export class WaitingText {
  readonly #shares: Shares;
  #open: (readonly [uid: number, bytes: number])[] = [];
  readonly #posted: Load[] = [];

  constructor(total: number = WAITING_TEXT.total, reserve: number = WAITING_TEXT.reserve) {
    this.#shares = new Shares(total, reserve);
  }

  /** An encoded image as it may be handed over; `uidOf` is asked where it is long. */
  admit(text: Uint8Array, uidOf: () => number): Uint8Array {
    if (text.length <= SHORT) return text;
    const uid = uidOf();
    if (!this.#shares.take(uid, text.length)) return shortenImage(text, SHORT);
    this.#open.push([uid, text.length]);
    return text;
  }

  /** What was admitted is on its way, or nothing is left of it; `postedKib` counts with it. */
  posted(postedKib: number): void {
    if (this.#open.length === 0) return;
    this.#posted.push({ endKib: postedKib, charges: this.#open });
    this.#open = [];
  }

  /** The other thread has taken so many KiB. */
  consumed(consumedKib: number): void {
    let taken = 0;
    for (const { endKib, charges } of this.#posted) {
      if (((consumedKib - endKib) | 0) < 0) break;
      for (const [uid, bytes] of charges) this.#shares.give(uid, bytes);
      taken++;
    }
    this.#posted.splice(0, taken);
  }
}
