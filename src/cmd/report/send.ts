/**
 * Sends spans to a collector of OpenTelemetry by HTTP.
 *
 * @module
 */
import { NotTaken, postToCollector } from "../../collector/post.ts";
import { type CollectorTarget, shownUrl } from "../../collector/target.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { otlpRejected, type OtlpRequest, otlpRequests } from "../../report/otlp.ts";
import type { Spans } from "../../report/span.ts";
import { Breath } from "../../steps.ts";
import type { Progress } from "../../term/progress.ts";

/**
 * Sends all of them, request by request; how many comes back.
 *
 * @throws {CommandError} The collector cannot be reached, or does not take them.
 */
export async function sendSpans(
  spans: Spans,
  target: CollectorTarget,
  signal: AbortSignal,
  progress: Progress,
): Promise<number> {
  const breath = new Breath(signal);
  let sent = 0;
  for (const request of otlpRequests(spans, target.form)) {
    await sendOne(request, target, signal, sent);
    sent += request.spans;
    progress.show("sending", sent, spans.spans.length, "spans");
    await breath.take();
  }
  return sent;
}

async function sendOne(
  { body }: OtlpRequest,
  target: CollectorTarget,
  signal: AbortSignal,
  before: number,
): Promise<void> {
  let answer: Uint8Array;
  try {
    answer = await postToCollector(body, target, signal);
  } catch (error) {
    if (error instanceof NotTaken) throw failure(target, error.message, before);
    throw error;
  }
  // Who takes a part alone is not asked again for the rest.
  const found = otlpRejected(answer, target.form);
  if (found === null) return;
  throw failure(target, `it has not taken ${found.spans} spans: ${found.why}`, before);
}

function failure({ url }: CollectorTarget, what: string, before: number): CommandError {
  const sent = before === 0 ? "" : `, after ${before} spans`;
  return new CommandError(
    EXIT.failed,
    `Cannot send to ${shownUrl(url)}: ${what}${sent}; see its log`,
  );
}
