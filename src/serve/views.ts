/**
 * The views of all subscribers, by whose processes they show.
 *
 * @module
 */
import type { Wishes } from "./stream.ts";
import type { Peer } from "./protocol.ts";
import { View } from "./view.ts";

const NONE: readonly View[] = [];

/** Views, each for all subscribers who want and may see the same. */
export class Views {
  readonly #byKey = new Map<string, View>();
  /** Of those who see everything. */
  #ofAll: View[] = [];
  /** Of those who see one user's processes. */
  readonly #ofUser = new Map<number, View[]>();

  /** Every view. */
  get all(): Iterable<View> {
    return this.#byKey.values();
  }

  /** Those of who sees everything. */
  get privileged(): readonly View[] {
    return this.#ofAll;
  }

  /** Those of who sees no more than the processes of a user. */
  of(uid: number | null): readonly View[] {
    return uid === null ? NONE : this.#ofUser.get(uid) ?? NONE;
  }

  /** The view of a subscriber, who is sent it from now on. */
  join(peer: Peer, wishes: Wishes): View {
    const key = keyOf(peer, wishes);
    let view = this.#byKey.get(key);
    if (view === undefined) {
      view = new View(wishes.live, peer);
      this.#byKey.set(key, view);
      if (peer.privileged) this.#ofAll.push(view);
      else this.#ofUser.set(peer.uid, [...this.of(peer.uid), view]);
    }
    view.clients.add(peer.client);
    return view;
  }

  /** A subscriber is sent a view no more. */
  leave(view: View, peer: Peer, wishes: Wishes): void {
    view.clients.delete(peer.client);
    if (view.clients.size > 0) return;
    this.#byKey.delete(keyOf(peer, wishes));
    const isOther = (other: View) => other !== view;
    this.#ofAll = this.#ofAll.filter(isOther);
    const own = this.of(peer.uid).filter(isOther);
    if (own.length > 0) this.#ofUser.set(peer.uid, own);
    else this.#ofUser.delete(peer.uid);
  }

  /** Forgets all. */
  clear(): void {
    this.#byKey.clear();
    this.#ofAll = [];
    this.#ofUser.clear();
  }
}

function keyOf({ privileged, uid }: Peer, { key }: Wishes): string {
  return `${privileged ? "all" : uid} ${key}`;
}
