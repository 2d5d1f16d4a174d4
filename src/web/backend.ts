/**
 * Whom the gateway asks. It has no rights of its own: what is answered is what its user may know.
 *
 * @module
 */

import type { AnswerText } from "../serve/client/answer_text.ts";

/** The fields of a question or of an answer, as docs/protocol.md has them. */
export type Fields = Readonly<Record<string, unknown>>;

/** What happens, as lines of JSON that begin when it was asked for. */
export interface LiveLines {
  /** What `subscribe` was answered. */
  readonly answer: Fields;
  /** Those that have come, as soon as there are any; null at the end. */
  take(): Promise<readonly string[] | null>;
  close(): void;
}

/**
 * Answers. What is refused is thrown as CommandError, Refusal or RequestError; `signal` is aborted
 * when nobody waits for the answer any more, and ends what is done for it.
 */
export interface Backend {
  /** Why nothing can be changed through it; null where that is for its operations to say. */
  readonly unchanging: string | null;
  /** Where it asks, for who wants to ask the same in a terminal. */
  places(signal: AbortSignal): Promise<Fields>;
  /** Answers one of {@linkcode OPERATIONS}. */
  ask(op: string, params: Fields, signal: AbortSignal): Promise<Fields | AnswerText>;
  /** Subscribes, as docs/protocol.md has it. */
  live(params: Fields, signal: AbortSignal): Promise<LiveLines>;
}
