/**
 * What is told of a span in words.
 *
 * @module
 */
import { exitStatus } from "../model/process.ts";
import { quoteArgv } from "../text/quote.ts";
import { durationWords, exitWords, sizeWords } from "../text/words.ts";
import { endOf } from "./end.ts";
import type { Span, SpanImage, Spans } from "./span.ts";

const EMPTY = "?";

/** What a process is called; `?` where that is not known. */
export function nameOf({ image: { name } }: Pick<Span, "image">): string {
  return name ?? EMPTY;
}

/** The whole command line as a shell would take it; the name where it is not known. */
export function commandOf({ argv, argvMore, name }: SpanImage): string {
  const text = argv === null || argv.length === 0 ? name ?? EMPTY : quoteArgv(argv);
  return argvMore === 0 ? text : `${text} [${sizeWords(argvMore)} more]`;
}

/** `exit 2`, `SIGKILL`, `running`; `exit ?` where it ended and nobody knows how. */
export function outcomeOf({ end, status }: Span): string {
  return end === null && status === null ? "running" : exitWords(exitStatus(status));
}

/** Whether it has failed, as far as that is known. */
export function hasFailed({ status }: Span): boolean {
  return status !== null && status !== 0;
}

/** How long it lived, or has lived up to the end of the frame. */
export function lastedWords(span: Span, spans: Pick<Spans, "frame">): string {
  return durationWords(endOf(span, spans) - span.start);
}
