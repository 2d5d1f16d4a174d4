/**
 * Waiting for a page to take what was written.
 *
 * @module
 */
import type { ServerResponse } from "node:http";

/** Resolves when more may be written, or as soon as the signal is aborted. */
export function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    response.on("drain", done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
