/**
 * Requests to a collector of OpenTelemetry by HTTP (OTLP 1, "OTLP/HTTP").
 *
 * @module
 */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Stopped } from "../fault.ts";
import { pause } from "../steps.ts";
import type { CollectorTarget } from "./target.ts";

/** How often one request is sent at most, and how long it is waited before the second time. */
const TRIES = 5;
const FIRST_PAUSE_MS = 500;
/** A collector may ask for more patience than anybody has. */
const PAUSE_MS_MAX = 30_000;
/** Answers that mean: try again ("Retryable Response Codes"). */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Of an answer so much is read. */
const ANSWER_MAX = 64 << 10;
const TYPES = { protobuf: "application/x-protobuf", json: "application/json" } as const;
const compress = promisify(gzip);

/** A request was not taken. */
export class NotTaken extends Error {
  /** The status of HTTP; null where there was no answer. */
  readonly status: number | null;
  /** Whether another try may do better, later. */
  readonly passes: boolean;

  constructor(what: string, status: number | null, passes: boolean) {
    super(what);
    this.name = "NotTaken";
    this.status = status;
    this.passes = passes;
  }
}

/** What came of one try. */
type Tried =
  | { readonly answer: Uint8Array }
  | {
    readonly what: string;
    readonly status: number | null;
    /** Milliseconds; null: no other try will help, undefined: nothing was said of it. */
    readonly againMs: number | null | undefined;
  };

/**
 * Sends a request, several times if need be; its answer comes back. Where nobody answers it is
 * tried `unanswered` times. Throws NotTaken, Stopped.
 */
export async function postToCollector(
  body: Uint8Array,
  target: CollectorTarget,
  signal: AbortSignal,
  unanswered: number = TRIES,
): Promise<Uint8Array> {
  const sent = target.gzip ? await compress(body, { level: 1 }) : body;
  let pauseMs = FIRST_PAUSE_MS;
  for (let tries = 1;; tries++) {
    const tried = await tryOnce(sent, target, signal);
    if (signal.aborted) throw new Stopped(String(signal.reason));
    if ("answer" in tried) return tried.answer;
    const { what, status, againMs } = tried;
    const most = status === null ? unanswered : TRIES;
    if (againMs === null || tries >= most) throw new NotTaken(what, status, againMs !== null);
    // Apart from others that were turned away at the same time.
    const wait = againMs ?? pauseMs * (0.5 + Math.random());
    await pause(Math.min(wait, PAUSE_MS_MAX), signal);
    pauseMs *= 2;
  }
}

async function tryOnce(
  body: Uint8Array,
  { url, headers, form, gzip, timeoutMs }: CollectorTarget,
  signal: AbortSignal,
): Promise<Tried> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": TYPES[form],
        ...gzip ? { "content-encoding": "gzip" } : {},
      },
      body: body as Uint8Array<ArrayBuffer>,
      // What is sent, and the headers that allow it, are for nobody else.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const read = await readSome(answer);
    if (answer.ok) return { answer: read };
    const { status, statusText } = answer;
    const againMs = AGAIN.has(status) ? retryAfter(answer) : null;
    return { what: `it answers ${status} ${statusText}`.trim(), status, againMs };
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException;
    const what = name === "TimeoutError" ? `no answer in ${timeoutMs} ms` : code ?? message;
    return { what, status: null, againMs: undefined };
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

/** Milliseconds; undefined where nothing is said. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - Date.now());
}
