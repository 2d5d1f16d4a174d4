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
import { type Parcel, SinkAway } from "../sink.ts";
import type { Stream } from "../stream_sink.ts";
import type { OtlpPlace } from "./place.ts";
import { type Named, Records } from "./records.ts";

/** Records in one request, and about how many bytes of them. */
const RECORDS_MAX = 1000;
const BYTES_MAX = 1 << 20;
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
  /** For messages. */
  readonly what: string;
  readonly target: CollectorTarget;
  readonly serializer: ISerializer<Record[], Answer>;
}

/** What a stream keeps from one session to the next. */
export interface OtlpMemory {
  /** Records of a parcel that was not taken as a whole: these were. */
  readonly taken: Readonly<Record<Kind, Set<string>>>;
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

  async send(parcel: Parcel): Promise<void> {
    const { logs, traces } = this.#place;
    const told = this.#records.told(parcel);
    await this.#sendAll("logs", this.#records.logs(told), {
      what: "logs",
      target: logs,
      serializer: logs.form === "json" ? JsonLogsSerializer : ProtobufLogsSerializer,
    });
    await this.#sendAll("spans", this.#records.spans(told), {
      what: "spans",
      target: traces,
      serializer: traces.form === "json" ? JsonTraceSerializer : ProtobufTraceSerializer,
    });
    const { taken } = this.#memory;
    taken.logs.clear();
    taken.spans.clear();
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
    let some: Named<Record>[] = [];
    let bytes = 0;
    const sendSome = async () => {
      if (some.length === 0) return;
      await this.#send(some.map(({ record }) => record), way);
      for (const { id } of some) taken.add(id);
      [some, bytes] = [[], 0];
    };
    for (const one of records) {
      if (taken.has(one.id)) continue;
      some.push(one);
      bytes += one.bytes;
      if (some.length >= RECORDS_MAX || bytes >= BYTES_MAX) await sendSome();
    }
    await sendSome();
  }

  async #send<Record>(records: Record[], way: Way<Record>): Promise<void> {
    const { what, target, serializer } = way;
    const body = serializer.serializeRequest(records)!;
    let answer: Uint8Array;
    try {
      // Where nobody answers, another session tries again.
      answer = await postToCollector(body, target, this.#signal, 1);
    } catch (error) {
      if (!(error instanceof NotTaken)) throw error;
      if (error.status === TOO_LARGE && records.length > 1) {
        const half = records.length >> 1;
        await this.#send(records.slice(0, half), way);
        await this.#send(records.slice(half), way);
        return;
      }
      if (error.status !== BAD && error.status !== TOO_LARGE) throw this.#failure(way, error);
      // The specification forbids to send them again ("Failures").
      this.#refused(records.length, what, error.message);
      return;
    }
    const { rejected, why } = rejectedIn(answer, serializer);
    if (rejected > 0) this.#refused(rejected, what, why);
  }

  #refused(count: number, what: string, why: string): void {
    this.#note(`${this.shown} has refused ${count} ${what} for good: ${why || "no reason given"}`);
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
