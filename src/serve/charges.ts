/**
 * What connections hold of a share, until they give it back or are closed.
 *
 * @module
 */
import type { Shares } from "../model/shares.ts";
import { payer, type Peer } from "./protocol.ts";

/** Amounts by connection, each counted for the user at its other end. */
export class ClientCharges {
  readonly #shares: Shares;
  readonly #held = new Map<number, { readonly uid: number; amount: number }>();

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  /** Takes an amount; false, and nothing is taken, where that is beyond the user's share. */
  take(peer: Peer, amount: number): boolean {
    const uid = payer(peer);
    if (!this.#shares.take(uid, amount)) return false;
    const held = this.#held.get(peer.client);
    if (held === undefined) this.#held.set(peer.client, { uid, amount });
    else held.amount += amount;
    return true;
  }

  /** Gives an amount back; nothing where the connection is closed and has given all back. */
  give(client: number, amount: number): void {
    const held = this.#held.get(client);
    if (held === undefined) return;
    this.#shares.give(held.uid, amount);
    held.amount -= amount;
    if (held.amount <= 0) this.#held.delete(client);
  }

  /** The connection is closed: gives all back. */
  giveAll(client: number): void {
    const held = this.#held.get(client);
    if (held !== undefined) this.give(client, held.amount);
  }
}
