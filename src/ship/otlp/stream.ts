/**
 * A collector of OpenTelemetry as what a history is shipped to.
 *
 * @module
 */
import {
  type ISerializer,
  JsonLogsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { NotTaken, postToCollector } from "../../collector/post.ts";
import { type CollectorTarget, shownUrl } from "../../collector/target.ts";
import { CommandError, EXIT } from "../../fault.ts";
import type { Users } from "../../proc/passwd.ts";
import { type Refused, refusedWords } from "../refused.ts";
import { type Parcel, SinkAway } from "../sink.ts";
import type { Stream } from "../stream_sink.ts";
import type { OtlpPlace } from "./place.ts";
import { type Named, Records } from "./records.ts";

/** Records in one request, and about how many bytes of them. */
const RECORDS_MAX = 1000;
const BYTES_MAX = 1 << 20;
/** Requests that look for the records because of which one is refused, at the most. */
const SEARCH_MAX = 128;
const BAD = 400;
const TOO_LARGE = 413;

/** What of an answer is looked at: some of a request may not have been taken. */
interface Answer {
  readonly partialSuccess?: {
    readonly rejectedLogRecords?: number;
    readonly rejectedSpans?: number;
    readonly errorMessage?: string;
  };
}

type Kind = "logs" | "spans";

/** What is sent one way. */
interface Way<Record> {
  /** For messages: one of them. */
  readonly what: string;
  readonly target: CollectorTarget;
  readonly serializer: ISerializer<Record[], Answer>;
}

/** What a stream keeps from one session to the next. */
export interface OtlpMemory {
  /** Records of a parcel that was not taken as a whole: these were, or are refused for good. */
  readonly taken: Readonly<Record<Kind, Set<string>>>;
  /** How many of that parcel were refused. */
  refused: number;
}

/** Nothing, for who begins. */
export function newMemory(): OtlpMemory {
  return { taken: { logs: new Set(), spans: new Set() }, refused: 0 };
}

/** Some records on their way. */
interface Errand<Record> extends Way<Record> {
  readonly taken: Set<string>;
  readonly refused: Refused;
}

/** One session with a collector. */
export class OtlpStream implements Stream {
  readonly shown: string;
  readonly #place: OtlpPlace;
  readonly #records: Records;
  readonly #memory: OtlpMemory;
  readonly #note: (text: string) => void;
  readonly #signal: AbortSignal;

  /** `note` is told what the collector does not take, and never will. */
  constructor(
    place: OtlpPlace,
    host: string,
    users: Users,
    memory: OtlpMemory,
    note: (text: string) => void,
    signal: AbortSignal,
  ) {
    this.shown = place.shown;
    this.#place = place;
    this.#records = new Records(host, users);
    this.#memory = memory;
    this.#note = note;
    this.#signal = signal;
  }

  async send(parcel: Parcel): Promise<number> {
    const { logs, traces } = this.#place;
    const told = this.#records.told(parcel);
    await this.#sendAll("logs", this.#records.logs(told), {
      what: "log",
      target: logs,
      serializer: logs.form === "json" ? JsonLogsSerializer : ProtobufLogsSerializer,
    });
    await this.#sendAll("spans", this.#records.spans(told), {
      what: "span",
      target: traces,
      serializer: traces.form === "json" ? JsonTraceSerializer : ProtobufTraceSerializer,
    });
    const { taken, refused } = this.#memory;
    taken.logs.clear();
    taken.spans.clear();
    this.#memory.refused = 0;
    return refused;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Sends all but what an earlier session has sent of the same. */
  async #sendAll<Record>(
    kind: Kind,
    records: Iterable<Named<Record>>,
    way: Way<Record>,
  ): Promise<void> {
    const taken = this.#memory.taken[kind];
    const refused: Refused = { count: 0, first: null, why: "" };
    const errand = { ...way, taken, refused };
    let some: Named<Record>[] = [];
    let bytes = 0;
    const sendSome = async () => {
      if (some.length > 0) await this.#send(some, errand, { left: SEARCH_MAX });
      [some, bytes] = [[], 0];
    };
    try {
      for (const one of records) {
        if (taken.has(one.id)) continue;
        some.push(one);
        bytes += one.bytes;
        if (some.length >= RECORDS_MAX || bytes >= BYTES_MAX) await sendSome();
      }
      await sendSome();
    } finally {
      if (refused.count > 0) this.#note(refusedWords(this.shown, way.what, refused));
      this.#memory.refused += refused.count;
    }
  }

  /**
   * Sends some in one request. Where that is refused, halves are sent, and halves of these, until
   * the records are found because of which it was, or `search` is used up: the others are taken.
   */
  async #send<Record>(
    some: readonly Named<Record>[],
    errand: Errand<Record>,
    search: { left: number },
  ): Promise<void> {
    const { target, serializer, taken, refused } = errand;
    const body = serializer.serializeRequest(some.map(({ record }) => record))!;
    try {
      // Where nobody answers, another session tries again.
      const answer = await postToCollector(body, target, this.#signal, 1);
      const { rejected, why } = rejectedIn(answer, serializer);
      if (rejected > 0) {
        refused.count += Math.min(rejected, some.length);
        refused.why = why;
      }
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      const { status, message } = error;
      if (status !== BAD && status !== TOO_LARGE) throw this.#failure(errand, error);
      if (some.length > 1 && (status === TOO_LARGE || search.left > 0)) {
        // A collector that refuses everything is not asked about each.
        if (status === BAD) search.left -= 2;
        const half = some.length >> 1;
        await this.#send(some.slice(0, half), errand, search);
        await this.#send(some.slice(half), errand, search);
        return;
      }
      // The specification forbids to send them again ("Failures").
      refused.count += some.length;
      refused.first ??= some[0]!.id;
      refused.why = message;
    }
    for (const { id } of some) taken.add(id);
  }

  #failure({ target }: Pick<Way<unknown>, "target">, { status, message, passes }: NotTaken) {
    const where = `The collector at ${shownUrl(target.url)}`;
    if (status === null) {
      const advice = "see that it runs, and that its host is right";
      return new SinkAway(EXIT.failed, `${where} cannot be reached: ${message}; ${advice}`);
    }
    if (passes) return new SinkAway(EXIT.failed, `${where} is busy: ${message}; see its log`);
    const advice = status === 401 || status === 403
      ? "give what it wants by OTEL_EXPORTER_OTLP_HEADERS"
      : status === 404
      ? "see its path: logs go to /v1/logs below the URL, spans to /v1/traces"
      : "see its log";
    return new CommandError(EXIT.failed, `${where} takes nothing: ${message}; ${advice}`);
  }
}

/** What a collector that has answered well has not taken all the same. */
function rejectedIn(
  body: Uint8Array,
  serializer: Pick<ISerializer<never, Answer>, "deserializeResponse">,
): { readonly rejected: number; readonly why: string } {
  try {
    const { partialSuccess } = body.length === 0
      ? {} as Answer
      : serializer.deserializeResponse(body);
    const { rejectedLogRecords, rejectedSpans, errorMessage = "" } = partialSuccess ?? {};
    return { rejected: Number(rejectedLogRecords ?? rejectedSpans ?? 0), why: errorMessage };
  } catch {
    // It has taken them; what it says beside is not understood.
    return { rejected: 0, why: "" };
  }
}
