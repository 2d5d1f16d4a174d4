/**
 * A span as one of OpenTelemetry: names, and ids that follow from those of processes and jobs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { exitStatus } from "../model/process.ts";
import { signalName } from "../text/words.ts";
import { factsOfCost } from "./facts.ts";
import type { Span } from "./span.ts";
import { commandOf, hasFailed, nameOf, outcomeOf } from "./words.ts";

/** A span of the library. */
export type OtlpSpan = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
/** What is known of a span, by name. */
export type Attributes = OtlpSpan["attributes"];
/** Since the Unix epoch. */
export type OtlpTime = [seconds: number, ns: number];

const INTERNAL = 0;
const ERROR = 2;
const UNSET = 0;
const SAMPLED = 1;
const DIGITS = { trace: 32, span: 16 } as const;

/** Who says it. Records that share the object are told together. */
export const SCOPE = { name: "fh" };

/** What of a span is not in itself. */
export interface SpanPlace {
  /** What its trace is told by. */
  readonly trace: string;
  /** Id of its parent, where that is in the same trace. */
  readonly parent: string | null;
  /** Id of its parent, and what the trace of that is told by, where it is another. */
  readonly link: { readonly id: string; readonly trace: string } | null;
  readonly startTime: OtlpTime;
  readonly endTime: OtlpTime;
  /** Nanoseconds from start to end. */
  readonly lasted: number;
  readonly resource: OtlpSpan["resource"];
}

/** Makes the span. */
export function otlpSpanOf(
  span: Span,
  { trace, parent, link, startTime, endTime, lasted, resource }: SpanPlace,
): OtlpSpan {
  const made = {
    name: nameOf(span),
    kind: INTERNAL,
    spanContext: () => contextOf(trace, span.id),
    ...parent === null ? {} : { parentSpanContext: contextOf(trace, parent) },
    ...{ startTime, endTime, duration: [0, lasted], ended: true },
    status: hasFailed(span) ? { code: ERROR, message: outcomeOf(span) } : { code: UNSET },
    attributes: attributesOf(span),
    links: link === null ? [] : [{
      context: contextOf(link.trace, link.id),
      attributes: { "fh.link": "fork", "fh.process.id": link.id },
    }],
    events: [],
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
  return made as unknown as OtlpSpan;
}

/** The ids of a process in a trace. */
export function contextOf(trace: string, id: string): ReturnType<OtlpSpan["spanContext"]> {
  return { traceId: traceIdOf(trace), spanId: spanIdOf(id), traceFlags: SAMPLED };
}

/** What a host is told by. */
export function resourceOf(host: string): OtlpSpan["resource"] {
  const attributes = { "service.name": "fh", "host.name": host, "os.type": "linux" };
  return { attributes } as unknown as OtlpSpan["resource"];
}

/** Many spans are of one trace. */
const traceIds = new Map<string, string>();
const TRACES_MAX = 10_000;

function traceIdOf(trace: string): string {
  let id = traceIds.get(trace);
  if (id === undefined) {
    if (traceIds.size >= TRACES_MAX) traceIds.clear();
    traceIds.set(trace, id = digest(`trace\0${trace}`).slice(0, DIGITS.trace));
  }
  return id;
}

function spanIdOf(id: string): string {
  return digest(`span\0${id}`).slice(0, DIGITS.span);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Names as the semantic conventions have them for processes; those of fh begin with `fh.`. */
export function attributesOf(span: Span): Attributes {
  const { image, pid, ppid, uid, user, jobs, status } = span;
  const { code, signal } = exitStatus(status);
  const told: Attributes = {};
  const put = (name: string, value: Attributes[string] | null) => {
    if (value !== null) told[name] = value;
  };
  put("process.pid", pid);
  put("process.parent_pid", ppid);
  put("process.executable.name", image.name);
  put("process.executable.path", image.exe);
  put("process.command_args", image.argv === null ? null : [...image.argv]);
  put("process.command_line", commandOf(image));
  put("process.working_directory", image.cwd);
  put("process.real_user.id", uid);
  put("process.real_user.name", user);
  put("process.exit.code", code);
  put("fh.exit.signal", signal === null ? null : signalName(signal));
  put("fh.process.id", span.id);
  put("fh.running", span.end === null && status === null ? true : null);
  put("fh.start_known", span.isStartKnown ? null : false);
  put("fh.unit", image.unit);
  put("container.id", image.container);
  put("fh.jobs", jobs.length === 0 ? null : [...jobs]);
  for (const [name, value] of factsOfCost(span)) put(factName(name), value);
  return told;
}

/** A text that is put together each time is looked up by its letters each time. */
const factNames = new Map<string, string>();

function factName(name: string): string {
  let whole = factNames.get(name);
  if (whole === undefined) factNames.set(name, whole = `fh.${name}`);
  return whole;
}
