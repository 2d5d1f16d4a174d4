/**
 * The events of a socket over any number of servers: when one goes, it is gone on with the next.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { Connection, ConnectionError, RequestError } from "./socket_client.ts";
import { Course, type CourseSettings, type FollowedEvent } from "./course.ts";

export type { FollowedEvent };

/** Milliseconds before the first attempt to connect again, and at most between two. */
const PAUSE_MS = { first: 100, most: 2000 } as const;

/** What is followed, and for how long. */
export interface FollowSettings extends CourseSettings {
  /** The socket, or what tells before each attempt which it is. */
  readonly path: string | (() => string);
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
      for await (const event of eventsOf(course, settings.path, signal)) {
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

/** Connects, and hands out what comes, until the server goes (it throws) or the signal aborts. */
async function* eventsOf(
  course: Course,
  path: FollowSettings["path"],
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent, void, void> {
  const connection = await Connection.open(typeof path === "string" ? path : path());
  const stop = () => connection.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    course.start(await connection.request("subscribe", course.wish()));
    for (;;) {
      const lines = await connection.take();
      if (lines === null) break;
      for (const line of lines) {
        const event = JSON.parse(line) as FollowedEvent;
        if (course.take(event)) yield event;
      }
    }
    if (connection.error !== null) throw connection.error;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    connection.close();
  }
}
