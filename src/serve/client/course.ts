/**
 * How far the events of a socket were followed, over any number of connections and servers: each is
 * handed out once. Pure: it is told what comes, and knows of no socket.
 *
 * @module
 */
import { Overlap, type ToldEvent } from "./overlap.ts";

/** An event as it came. */
export interface FollowedEvent extends ToldEvent {
  readonly [field: string]: unknown;
}

/** What is followed. */
export interface CourseSettings {
  /** As `subscribe` takes it. */
  readonly filter?: Readonly<Record<string, unknown>> | undefined;
  readonly from?: number | string | undefined;
  readonly snapshot?: boolean | undefined;
  /** Whether heartbeats are handed out. */
  readonly heartbeats?: boolean | undefined;
}

/** How far it has come. */
export class Course {
  readonly #settings: CourseSettings;
  readonly #overlap = new Overlap();
  /** Number of the last event; null before there was one. */
  #last: number | null = null;
  /** The server that gave it. */
  #instance = "";
  /** The server that tells now, and whether it tells again what the one before has told. */
  #teller = "";
  #again = false;
  /** Where it was gone on from; what is told again is near that. */
  #seam = 0;
  /** What has a number up to this was not asked for. */
  #floor = -Infinity;
  /** Ids of the snapshot, until all of it has come. */
  #snapshot: Set<string> | null;

  constructor(settings: CourseSettings) {
    this.#settings = settings;
    this.#snapshot = settings.snapshot ? new Set() : null;
  }

  /** A server has answered. */
  begun = false;

  /** What is to be asked of `subscribe` next. */
  wish(): Record<string, unknown> {
    const { filter, from } = this.#settings;
    const last = this.#last;
    return {
      ...filter === undefined ? {} : { filter },
      ...this.#snapshot === null ? {} : { snapshot: true },
      ...last !== null
        ? { from: last, instance: this.#instance }
        : from === undefined
        ? {}
        : { from },
    };
  }

  /** A subscription has begun: `answer` is what `subscribe` was answered. */
  start(answer: Readonly<Record<string, unknown>>): void {
    const { from } = this.#settings;
    const last = this.#last;
    this.#teller = String(answer["instance"]);
    const seq = Number(answer["seq"]);
    // Only what one server has told in part can be told again by the next.
    this.#again = answer["overlap"] === true && last !== null;
    this.#seam = last ?? 0;
    if (!this.begun && typeof from === "number") this.#floor = from;
    if (!this.begun && from === undefined) {
      // From now on: that is where it is gone on from, even if nothing should come.
      this.#floor = this.#last = seq;
      this.#instance = this.#teller;
    }
    this.begun = true;
  }

  /** Whether an event that has come is to be handed out. */
  take(event: FollowedEvent): boolean {
    if (this.#again) this.#again = Overlap.reaches(event.seq, this.#seam) || isPrelude(event);
    if (event.event === "snapshot") {
      const { id = "" } = event;
      if (this.#snapshot?.has(id)) return false;
      this.#snapshot?.add(id);
      return true;
    }
    if (event.event === "source") return true;
    this.#snapshot = null;
    const { seq } = event;
    const isOld = this.#again && event.event !== "gap" &&
      (seq <= this.#floor || this.#overlap.has(event));
    // What another server tells again has numbers that were passed already.
    if (this.#last === null || seq > this.#last) {
      this.#last = seq;
      this.#instance = this.#teller;
    }
    if (event.event === "heartbeat") return this.#settings.heartbeats === true;
    if (!isOld) this.#overlap.note(event, this.#last);
    return !isOld;
  }
}

/** Lines before the first event: their numbers are not those of events. */
function isPrelude({ event }: FollowedEvent): boolean {
  return event === "source" || event === "snapshot";
}
