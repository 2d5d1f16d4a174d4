/**
 * Spans as those of OpenTelemetry (OTLP 1): traces whose ids follow from the ids of processes, so
 * that what is sent twice is the same.
 *
 * @module
 */
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { safeJson } from "../text/json_text.ts";
import { type Kin, kinOf, NONE } from "./kin.ts";
import { endOf } from "./end.ts";
import {
  type OtlpSpan,
  otlpSpanOf,
  type OtlpTime,
  resourceOf,
  type SpanPlace,
} from "./otlp_span.ts";
import type { Spans } from "./span.ts";
import { tracesOf } from "./traces.ts";

/** How a request is written. */
export type OtlpForm = "protobuf" | "json";

/** Spans in one request. */
const BATCH = 1000;
const NS_PER_S = 1e9;
const MS_PER_S = 1000;
const NS_PER_MS = 1e6;

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
    const body = serializer.serializeRequest(some);
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
  try {
    const { partialSuccess } = serializer.deserializeResponse(body);
    const spans = Number(partialSuccess?.rejectedSpans ?? 0);
    return spans > 0 ? { spans, why: partialSuccess?.errorMessage ?? "" } : null;
  } catch {
    // It has taken them; what it says beside is not understood.
    return null;
  }
}

class OtlpMaker {
  readonly #spans: Spans;
  readonly #kin: Kin;
  /** Keys of traces, by place. */
  readonly #keys: readonly string[];
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
    const trace = this.#keys[place]!;
    const isWithin = above !== NONE && this.#keys[above] === trace;
    const end = endOf(span, this.#spans);
    return otlpSpanOf(span, {
      trace,
      parent: isWithin ? this.#spans.spans[above]!.id : null,
      link: isWithin || span.parent === null ? null : this.#linkTo(span.parent, above),
      startTime: this.#time(span.start),
      endTime: this.#time(end),
      lasted: end - span.start,
      resource: this.#resourceOf(span.host),
    });
  }

  #time(ns: number): OtlpTime {
    const all = this.#ns + ns;
    const seconds = Math.floor(all / NS_PER_S);
    return [this.#seconds + seconds, all - seconds * NS_PER_S];
  }

  /** Whoever has forked it is in another trace, has ended before, or was not asked for. */
  #linkTo(parent: string, place: number): SpanPlace["link"] {
    const known = place === NONE ? this.#spans.traces?.get(parent) : this.#keys[place];
    return { id: parent, trace: known ?? parent };
  }

  #resourceOf(host: string): OtlpSpan["resource"] {
    let resource = this.#resources.get(host);
    if (resource === undefined) this.#resources.set(host, resource = resourceOf(host));
    return resource;
  }
}
