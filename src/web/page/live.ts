/**
 * What happens, as it happens: over any number of breaks, each event once. A tab that nobody looks
 * at rests, and goes on from where it was.
 *
 * @module
 */
/// <reference lib="dom" />
import { Course, type FollowedEvent } from "../../serve/client/course.ts";
import type { EventFields } from "./answers.ts";
import { ApiError, listen, type Params } from "./api.ts";
import { SentReader } from "./sse.ts";

/** How it stands with the stream. */
export type LiveState = "connecting" | "live" | "resting" | "waiting" | "refused";

/** Who listens. */
export interface LiveHandlers {
  onEvent(event: EventFields): void;
  onState(state: LiveState, why: string): void;
}

const PAUSE_MS = { first: 200, most: 3000 } as const;
/** So long events are taken without letting the browser draw. */
const SLICE_MS = 8;

/** A stream; it begins at once, and goes on until it is closed. */
export class Live {
  readonly #course: Course;
  readonly #handlers: LiveHandlers;
  readonly #onVisible = () => this.#wake();
  #controller = new AbortController();
  #isClosed = false;
  #pauseMs: number = PAUSE_MS.first;
  #wakeUp: (() => void) | null = null;

  constructor(wish: { filter: Params; snapshot?: boolean }, handlers: LiveHandlers) {
    this.#course = new Course(wish);
    this.#handlers = handlers;
    document.addEventListener("visibilitychange", this.#onVisible);
    void this.#run();
  }

  /** Ends it. */
  close(): void {
    this.#isClosed = true;
    document.removeEventListener("visibilitychange", this.#onVisible);
    this.#controller.abort();
    this.#wakeUp?.();
  }

  #wake(): void {
    if (document.hidden) this.#controller.abort();
    else this.#wakeUp?.();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (document.hidden) {
        this.#tell("resting", "nobody looks at it");
        await this.#until(null);
        continue;
      }
      try {
        await this.#follow();
        this.#tell("waiting", "the recorder has ended");
      } catch (error) {
        if (this.#isClosed || document.hidden) continue;
        if (!(error instanceof ApiError)) this.#tell("waiting", "the connection broke");
        else this.#tell(mayPass(error) ? "waiting" : "refused", error.message);
      }
      await this.#until(this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS.most);
    }
  }

  async #follow(): Promise<void> {
    this.#controller = new AbortController();
    this.#tell("connecting", "");
    const reader = await listen("live", this.#course.wish(), this.#controller.signal);
    const decoder = new TextDecoder();
    const sent = new SentReader();
    let began = performance.now();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      for (const { event, data } of sent.push(decoder.decode(value, { stream: true }))) {
        if (event === "gone") return;
        this.#take(event, data);
        if (performance.now() - began < SLICE_MS) continue;
        await new Promise((resolve) => setTimeout(resolve));
        began = performance.now();
      }
      began = performance.now();
    }
  }

  #take(name: string, data: string): void {
    const fields = JSON.parse(data) as FollowedEvent;
    if (name === "answer") {
      this.#course.start(fields);
      this.#pauseMs = PAUSE_MS.first;
      this.#tell("live", "");
    } else if (!this.#isClosed && this.#course.take(fields)) {
      this.#handlers.onEvent(fields as unknown as EventFields);
    }
  }

  #tell(state: LiveState, why: string): void {
    if (!this.#isClosed) this.#handlers.onState(state, why);
  }

  #until(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? 0 : setTimeout(resolve, ms);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Whether it may be otherwise in a moment: no recorder, or one with too many clients. */
function mayPass({ error }: ApiError): boolean {
  return !["EFAULT", "EOPNOTSUPP", "ESRCH", "refused"].includes(error);
}
