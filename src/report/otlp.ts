/**
 * Spans as those of OpenTelemetry (OTLP 1): traces whose ids follow from the ids of processes, so
 * that what is sent twice is the same.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { exitStatus } from "../model/process.ts";
import { safeJson } from "../text/json_text.ts";
import { signalName } from "../text/words.ts";
import { factsOfCost } from "./facts.ts";
import { type Kin, kinOf, NONE } from "./kin.ts";
import { endOf } from "./end.ts";
import type { Span, Spans } from "./span.ts";
import { tracesOf } from "./traces.ts";
import { commandOf, hasFailed, nameOf, outcomeOf } from "./words.ts";

type OtlpSpans = Parameters<typeof JsonTraceSerializer.serializeRequest>[0];
type OtlpSpan = OtlpSpans[number];
type Attributes = OtlpSpan["attributes"];

/** How a request is written. */
export type OtlpForm = "protobuf" | "json";

/** Spans in one request. */
const BATCH = 1000;
const NS_PER_S = 1e9;
const MS_PER_S = 1000;
const NS_PER_MS = 1e6;
const INTERNAL = 0;
const ERROR = 2;
const UNSET = 0;
const SAMPLED = 1;
const SCOPE = { name: "fh" };
const DIGITS = { trace: 32, span: 16 } as const;

/** Lines of JSON, a request each: what the file exporter of OpenTelemetry writes. */
export function* otlpJson(spans: Spans): Generator<string> {
  const decoder = new TextDecoder();
  for (const { body } of otlpRequests(spans, "json")) yield `${safeJson(decoder.decode(body))}\n`;
}

/** A request to a collector. */
export interface OtlpRequest {
  readonly body: Uint8Array;
  /** How many spans are in it. */
  readonly spans: number;
}

/** The bodies of requests (ExportTraceServiceRequest). */
export function* otlpRequests(spans: Spans, form: OtlpForm): Generator<OtlpRequest> {
  const serializer = form === "json" ? JsonTraceSerializer : ProtobufTraceSerializer;
  const maker = new OtlpMaker(spans);
  for (let at = 0; at < spans.spans.length; at += BATCH) {
    const some = spans.spans.slice(at, at + BATCH).map((_, index) => maker.of(at + index));
    const body = serializer.serializeRequest(some as OtlpSpans);
    if (body !== undefined) yield { body, spans: some.length };
  }
}

/** How many spans a collector says it has not taken, and why; null where it took all. */
export function otlpRejected(
  body: Uint8Array,
  form: OtlpForm,
): { readonly spans: number; readonly why: string } | null {
  if (body.length === 0) return null;
  const serializer = form === "json" ? JsonTraceSerializer : ProtobufTraceSerializer;
  const { partialSuccess } = serializer.deserializeResponse(body);
  const spans = Number(partialSuccess?.rejectedSpans ?? 0);
  return spans > 0 ? { spans, why: partialSuccess?.errorMessage ?? "" } : null;
}

class OtlpMaker {
  readonly #spans: Spans;
  readonly #kin: Kin;
  /** Keys of traces, by place. */
  readonly #keys: readonly string[];
  readonly #traceIds = new Map<string, string>();
  readonly #resources = new Map<string, OtlpSpan["resource"]>();
  readonly #seconds: number;
  readonly #ns: number;

  constructor(spans: Spans) {
    this.#spans = spans;
    this.#kin = kinOf(spans.spans);
    this.#keys = tracesOf(spans, this.#kin);
    const { originMs } = spans.frame;
    this.#seconds = Math.floor(originMs / MS_PER_S);
    this.#ns = Math.round((originMs - this.#seconds * MS_PER_S) * NS_PER_MS);
  }

  of(place: number): OtlpSpan {
    const span = this.#spans.spans[place]!;
    const above = this.#kin.parent[place]!;
    const traceId = this.#traceId(this.#keys[place]!);
    const isWithin = above !== NONE && this.#keys[above] === this.#keys[place];
    const parent = isWithin ? this.#spans.spans[above]! : null;
    const end = endOf(span, this.#spans);
    const duration: [seconds: number, ns: number] = [0, end - span.start];
    const made = {
      name: nameOf(span),
      kind: INTERNAL,
      spanContext: () => ({ traceId, spanId: spanId(span.id), traceFlags: SAMPLED }),
      ...parent === null ? {} : {
        parentSpanContext: { traceId, spanId: spanId(parent.id), traceFlags: SAMPLED },
      },
      startTime: this.#time(span.start),
      endTime: this.#time(end),
      duration,
      ended: true,
      status: hasFailed(span) ? { code: ERROR, message: outcomeOf(span) } : { code: UNSET },
      attributes: attributesOf(span),
      links: parent === null && span.parent !== null ? [this.#linkTo(span.parent, above)] : [],
      events: [],
      resource: this.#resourceOf(span.host),
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
    return made as OtlpSpan;
  }

  #time(ns: number): [seconds: number, ns: number] {
    const all = this.#ns + ns;
    const seconds = Math.floor(all / NS_PER_S);
    return [this.#seconds + seconds, all - seconds * NS_PER_S];
  }

  #traceId(key: string): string {
    let id = this.#traceIds.get(key);
    if (id === undefined) this.#traceIds.set(key, id = traceIdOf(key));
    return id;
  }

  /** Whoever has forked it is in another trace, has ended before, or was not asked for. */
  #linkTo(parent: string, place: number): OtlpSpan["links"][number] {
    const key = place === NONE ? this.#spans.traces?.get(parent) ?? parent : this.#keys[place]!;
    const context = {
      traceId: this.#traceId(key),
      spanId: spanId(parent),
      traceFlags: SAMPLED,
    };
    return { context, attributes: { "fh.link": "fork", "fh.process.id": parent } };
  }

  #resourceOf(host: string): OtlpSpan["resource"] {
    let resource = this.#resources.get(host);
    if (resource === undefined) {
      const attributes = { "service.name": "fh", "host.name": host, "os.type": "linux" };
      resource = { attributes } as unknown as OtlpSpan["resource"];
      this.#resources.set(host, resource);
    }
    return resource;
  }
}

function traceIdOf(key: string): string {
  return digest(`trace\0${key}`).slice(0, DIGITS.trace);
}

function spanId(id: string): string {
  return digest(`span\0${id}`).slice(0, DIGITS.span);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Names as the semantic conventions have them for processes; those of fh begin with `fh.`. */
function attributesOf(span: Span): Attributes {
  const { image, pid, ppid, uid, user, jobs, status } = span;
  const { code, signal } = exitStatus(status);
  const known: Readonly<Record<string, Attributes[string] | null>> = {
    "process.pid": pid,
    "process.parent_pid": ppid,
    "process.executable.name": image.name,
    "process.executable.path": image.exe,
    "process.command_args": image.argv === null ? null : [...image.argv],
    "process.command_line": commandOf(image),
    "process.working_directory": image.cwd,
    "process.real_user.id": uid,
    "process.real_user.name": user,
    "process.exit.code": code,
    "fh.exit.signal": signal === null ? null : signalName(signal),
    "fh.process.id": span.id,
    "fh.running": span.end === null && status === null ? true : null,
    "fh.start_known": span.isStartKnown ? null : false,
    "fh.unit": image.unit,
    "container.id": image.container,
    "fh.jobs": jobs.length === 0 ? null : [...jobs],
    ...Object.fromEntries([...factsOfCost(span)].map(([name, value]) => [`fh.${name}`, value])),
  };
  const told: Attributes = {};
  for (const [name, value] of Object.entries(known)) if (value !== null) told[name] = value;
  return told;
}
