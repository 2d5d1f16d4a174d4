/**
 * Whose turn it is: at the history, and at answers.
 *
 * @module
 */
import { payer, type Peer } from "./protocol.ts";

/** Subscribers that are told of the past at the same time, in all. */
const TURNS_MAX = 4;

/** Who reads the history now, and who waits: an ordinary user reads once at a time. */
export class Turns {
  readonly #reading: Peer[] = [];
  #waiting: { readonly peer: Peer; readonly begin: () => void }[] = [];

  /** Resolves when it is this peer's turn; what comes back is to be called at its end. */
  async enter(peer: Peer): Promise<() => void> {
    if (!this.#mayRead(peer)) {
      await new Promise<void>((begin) => this.#waiting.push({ peer, begin }));
    } else {
      this.#reading.push(peer);
    }
    return () => this.#leave(peer);
  }

  #mayRead(peer: Peer): boolean {
    const others = this.#reading.filter(({ privileged }) => !privileged);
    if (peer.privileged) return this.#reading.length - others.length < TURNS_MAX;
    return others.length < TURNS_MAX && !others.some(({ uid }) => uid === peer.uid);
  }

  #leave(peer: Peer): void {
    this.#reading.splice(this.#reading.indexOf(peer), 1);
    const next = this.#waiting.find((one) => this.#mayRead(one.peer));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    this.#reading.push(next.peer);
    next.begin();
  }
}

/** A request that waits; null for one that was too long. */
export interface WaitingRequest {
  readonly peer: Peer;
  readonly line: string | null;
}

/** Requests in the order of each user; users take turns. */
export class FairQueue {
  readonly #queues = new Map<number, WaitingRequest[]>();

  /** Adds a request at the end of its user's. */
  push(one: WaitingRequest): void {
    const uid = payer(one.peer);
    const queue = this.#queues.get(uid);
    if (queue === undefined) this.#queues.set(uid, [one]);
    else queue.push(one);
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** Takes the next one of a user who may; undefined when there is none. */
  shift(may: (uid: number) => boolean): WaitingRequest | undefined {
    for (const [uid, queue] of this.#queues) {
      if (!may(uid)) continue;
      // A map is walked in the order in which its keys came: who had a turn comes last.
      this.#queues.delete(uid);
      const next = queue.shift();
      if (queue.length > 0) this.#queues.set(uid, queue);
      return next;
    }
    return undefined;
  }

  /** Forgets all. */
  clear(): void {
    this.#queues.clear();
  }
}
