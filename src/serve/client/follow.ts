/**
 * The events of a socket over any number of servers: when one goes, it is gone on with the next.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { Connection, ConnectionError, RequestError } from "./socket_client.ts";
import { Overlap, type ToldEvent } from "./overlap.ts";

/** Milliseconds before the first attempt to connect again, and at most between two. */
const PAUSE_MS = { first: 100, most: 2000 } as const;

/** An event as it came. */
export interface FollowedEvent extends ToldEvent {
  readonly [field: string]: unknown;
}

/** What is followed, and for how long. */
export interface FollowSettings {
  /** The socket, or what tells before each attempt which it is. */
  readonly path: string | (() => string);
  /** As `subscribe` takes it. */
  readonly filter?: Readonly<Record<string, unknown>> | undefined;
  readonly from?: number | string | undefined;
  readonly snapshot?: boolean | undefined;
  /** Whether heartbeats are handed out. */
  readonly heartbeats?: boolean | undefined;
  /** Whether to go on when the server goes; `always` waits for the first one too. */
  readonly retry?: boolean | "always" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Waits so many milliseconds, or until the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * The events, each once. Rejects where there is no server, with what the server refuses, and,
 * without `retry`, when it goes; ends when the signal aborts.
 */
export async function* follow(
  settings: FollowSettings,
  pause: Pause = sleep,
): AsyncGenerator<FollowedEvent, void, void> {
  const { retry = true } = settings;
  const signal = settings.signal ?? new AbortController().signal;
  const course = new Course(settings);
  let waitMs: number = PAUSE_MS.first;
  while (!signal.aborted) {
    try {
      for await (const event of course.events(signal)) {
        waitMs = PAUSE_MS.first;
        yield event;
      }
    } catch (error) {
      if (!mayPass(error) || !(course.begun ? retry : retry === "always")) throw error;
    }
    if (signal.aborted) break;
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, PAUSE_MS.most);
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** Whether it may be otherwise next time: no server, or one that has too many clients. */
function mayPass(error: unknown): boolean {
  if (error instanceof RequestError) return error.error === "EUSERS";
  return error instanceof ConnectionError && error.code !== "EPROTO";
}

/** How far it has come. */
class Course {
  readonly #settings: FollowSettings;
  readonly #overlap = new Overlap();
  /** Number of the last event; null before there was one. */
  #last: number | null = null;
  /** The server that gave it. */
  #instance = "";
  /** What has a number up to this was not asked for. */
  #floor = -Infinity;
  /** Ids of the snapshot, until all of it has come. */
  #snapshot: Set<string> | null;

  constructor(settings: FollowSettings) {
    this.#settings = settings;
    this.#snapshot = settings.snapshot ? new Set() : null;
  }

  /** A server has answered. */
  begun = false;

  /** Connects, and hands out what comes, until the server goes (it throws) or the signal aborts. */
  async *events(signal: AbortSignal): AsyncGenerator<FollowedEvent, void, void> {
    const { path } = this.#settings;
    const connection = await Connection.open(typeof path === "string" ? path : path());
    const stop = () => connection.close();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    try {
      yield* this.#subscribe(connection);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      connection.close();
    }
  }

  async *#subscribe(connection: Connection): AsyncGenerator<FollowedEvent, void, void> {
    const answer = await connection.request("subscribe", this.#wish());
    const instance = String(answer["instance"]);
    const last = this.#last;
    // Only what one server has told in part can be told again by the next.
    let again = answer["overlap"] === true && last !== null;
    this.#start(instance, Number(answer["seq"]));
    for (;;) {
      const lines = await connection.take();
      if (lines === null) break;
      for (const line of lines) {
        const event = JSON.parse(line) as FollowedEvent;
        if (again) again = Overlap.reaches(event.seq, last!) || isPrelude(event);
        if (this.#take(event, instance, again)) yield event;
      }
    }
    if (connection.error !== null) throw connection.error;
  }

  #wish(): Record<string, unknown> {
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

  /** A subscription has begun. */
  #start(instance: string, seq: number): void {
    const { from } = this.#settings;
    if (!this.begun && typeof from === "number") this.#floor = from;
    if (!this.begun && from === undefined) {
      // From now on: that is where it is gone on from, even if nothing should come.
      this.#floor = this.#last = seq;
      this.#instance = instance;
    }
    this.begun = true;
  }

  /** Whether an event is to be handed out. */
  #take(event: FollowedEvent, instance: string, again: boolean): boolean {
    if (event.event === "snapshot") {
      const { id = "" } = event;
      if (this.#snapshot?.has(id)) return false;
      this.#snapshot?.add(id);
      return true;
    }
    if (event.event === "source") return true;
    this.#snapshot = null;
    const { seq } = event;
    const isOld = again && event.event !== "gap" &&
      (seq <= this.#floor || this.#overlap.has(event));
    // What another server tells again has numbers that were passed already.
    if (this.#last === null || seq > this.#last) {
      this.#last = seq;
      this.#instance = instance;
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
