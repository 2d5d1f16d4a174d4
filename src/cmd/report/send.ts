/**
 * Sends spans to a collector of OpenTelemetry by HTTP.
 *
 * @module
 */
import { CommandError, EXIT, Stopped } from "../../fault.ts";
import { otlpRejected, type OtlpRequest, otlpRequests } from "../../report/otlp.ts";
import type { Spans } from "../../report/span.ts";
import { Breath, pause } from "../../steps.ts";
import type { Progress } from "../../term/progress.ts";
import { type CollectorTarget, shownUrl } from "./collector_target.ts";

/** How often one request is sent at most, and how long it is waited before the second time. */
const TRIES = 5;
const FIRST_PAUSE_MS = 500;
/** A collector may ask for more patience than anybody has. */
const PAUSE_MS_MAX = 30_000;
/** Answers that mean: try again (OTLP 1, "Failures"). */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Of an answer so much is read. */
const ANSWER_MAX = 64 << 10;
const TYPES = { protobuf: "application/x-protobuf", json: "application/json" } as const;

/** What came of one try: null is well; else what went wrong, and when to try again. */
interface Trouble {
  readonly what: string;
  /** Milliseconds; null: no other try will help, undefined: nothing was said of it. */
  readonly againMs: number | null | undefined;
}

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
  request: OtlpRequest,
  target: CollectorTarget,
  signal: AbortSignal,
  before: number,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let tries = 1;; tries++) {
    const trouble = await tryOne(request, target, signal);
    if (signal.aborted) throw new Stopped(String(signal.reason));
    if (trouble === null) return;
    if (trouble.againMs === null || tries >= TRIES) throw failure(target, trouble.what, before);
    // Apart from others that were turned away at the same time.
    const wait = trouble.againMs ?? pauseMs * (0.5 + Math.random());
    await pause(Math.min(wait, PAUSE_MS_MAX), signal);
    pauseMs *= 2;
  }
}

function failure({ url }: CollectorTarget, what: string, before: number): CommandError {
  const sent = before === 0 ? "" : `, after ${before} spans`;
  return new CommandError(
    EXIT.failed,
    `Cannot send to ${shownUrl(url)}: ${what}${sent}; see its log`,
  );
}

async function tryOne(
  { body }: OtlpRequest,
  { url, headers, form, timeoutMs }: CollectorTarget,
  signal: AbortSignal,
): Promise<Trouble | null> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": TYPES[form] },
      body: body as Uint8Array<ArrayBuffer>,
      // What is sent, and the headers that allow it, are for nobody else.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const text = await readSome(answer);
    if (answer.ok) return rejected(text, form);
    const again = AGAIN.has(answer.status) ? retryAfter(answer) : null;
    return { what: `it answers ${answer.status} ${answer.statusText}`.trim(), againMs: again };
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException;
    const what = name === "TimeoutError" ? `no answer in ${timeoutMs} ms` : code ?? message;
    return { what, againMs: undefined };
  }
}

async function readSome({ body }: Response): Promise<Uint8Array> {
  const read = new Uint8Array(ANSWER_MAX);
  let length = 0;
  for await (const piece of body ?? []) {
    const some = piece.subarray(0, ANSWER_MAX - length);
    read.set(some, length);
    length += some.length;
    if (length === ANSWER_MAX) break;
  }
  return read.subarray(0, length);
}

/** Who takes a part alone is not asked again for the rest. */
function rejected(body: Uint8Array, form: CollectorTarget["form"]): Trouble | null {
  let found: ReturnType<typeof otlpRejected>;
  try {
    found = otlpRejected(body, form);
  } catch {
    // It has taken them; what it says beside is not understood.
    return null;
  }
  if (found === null) return null;
  return { what: `it has not taken ${found.spans} spans: ${found.why}`, againMs: null };
}

/** Milliseconds; undefined where nothing is said. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - Date.now());
}
