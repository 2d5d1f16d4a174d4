/**
 * Bytes that were handed to the sending thread and not taken by it yet, by whose they are.
 *
 * @module
 */
import { Shares } from "../model/shares.ts";
import { SERVER_LIMITS } from "./limits.ts";

/** What was handed over, in its order. */
export class Untaken {
  readonly #unreadBytes: () => number;
  readonly #shares: Shares;
  /** Those that are not taken yet, from `#first` on. */
  #pieces: { readonly uid: number; readonly bytes: number }[] = [];
  #first = 0;

  /** `unreadBytes` answers how many of them the thread has not taken. */
  constructor(unreadBytes: () => number) {
    this.#unreadBytes = unreadBytes;
    const { total, reserve } = SERVER_LIMITS.untaken;
    this.#shares = new Shares(total, reserve);
  }

  /** Whether more may be handed over for a user: what is left out then is counted. */
  may(uid: number): boolean {
    this.#settle();
    return this.#shares.left(uid) > 0 && this.#unreadBytes() <= this.#shares.total;
  }

  /** Notes what is handed over. */
  add(uid: number, bytes: number): void {
    this.#settle();
    this.#shares.charge(uid, bytes);
    this.#pieces.push({ uid, bytes });
  }

  #settle(): void {
    if (this.#shares.used === 0) return;
    const unread = this.#unreadBytes();
    for (let piece = this.#pieces[this.#first]; piece !== undefined;) {
      if (this.#shares.used - piece.bytes < unread) break;
      this.#shares.give(piece.uid, piece.bytes);
      piece = this.#pieces[++this.#first];
    }
    if (this.#first < this.#pieces.length / 2) return;
    this.#pieces.splice(0, this.#first);
    this.#first = 0;
  }
}
