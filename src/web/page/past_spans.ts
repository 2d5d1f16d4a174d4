/**
 * What the recorder told of a stretch of time, as the spans that a timeline is drawn from. Pure.
 *
 * @module
 */
import type { Span, SpanGap, Spans } from "../../report/span.ts";
import type { EventFields, LifeFields, TreeFields } from "./answers.ts";

const NS_PER_MS = 1e6;

/** What was told: exits and gaps out of the log, and what runs now. */
export interface Told {
  readonly events: readonly EventFields[];
  readonly running: readonly TreeFields[];
  /** The stretch, milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly notes: readonly string[];
}

/** The spans, in the order of their starts. */
export function pastSpans({ events, running, sinceMs, untilMs, notes }: Told): Spans {
  const lengthNs = Math.max(1, untilMs - sinceMs) * NS_PER_MS;
  const since = (time: string) => nsSince(time, sinceMs);
  const spans: Span[] = [];
  const gaps: SpanGap[] = [];
  for (const event of events) {
    if (event.event === "gap") gaps.push(gapOf(event, since, lengthNs));
    else if (event.event === "exit") spans.push(endedSpan(event, since));
  }
  const known = new Set(spans.map(({ id }) => id));
  for (const node of livingOf(running)) {
    const start = node.started === null ? null : since(node.started);
    if (start === null || start > lengthNs || known.has(node.id)) continue;
    spans.push({ ...spanOf(node), start, isStartKnown: true, end: null, status: null });
  }
  spans.sort((a, b) => a.start - b.start);
  const frame = {
    title: "",
    host: "",
    originMs: sinceMs,
    lengthNs,
    cpus: null,
    source: events.find(({ source }) => source !== undefined)?.source ?? null,
    accounts: null,
    gaps,
    notes,
    run: null,
  };
  return { frame, spans };
}

/** Nanoseconds from a moment to a time: since the epoch they would be more than a number holds. */
function nsSince(time: string, sinceMs: number): number {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? "";
  const wholeMs = Date.parse(time.replace(/\.\d+/, ""));
  return (wholeMs - sinceMs) * NS_PER_MS + Number(fraction.padEnd(9, "0"));
}

function gapOf(
  { time, since: begin, lost = null, reason = "" }: EventFields,
  since: (time: string) => number,
  lengthNs: number,
): SpanGap {
  const until = Math.min(lengthNs, since(time));
  return { since: Math.max(0, begin === undefined ? until : since(begin)), until, reason, lost };
}

function endedSpan(event: EventFields, since: (time: string) => number): Span {
  const end = since(event.time);
  const { duration_ns: duration, exit_code: code } = event;
  return {
    ...spanOf(event),
    start: end - (duration ?? 0),
    isStartKnown: duration !== null,
    end,
    // All that is asked of a signal is that it was one.
    status: event.signal !== null ? 1 : code === null ? null : code << 8,
    cost: event.cost ?? null,
  };
}

type Some = Pick<LifeFields, "id" | "parent" | "pid" | "ppid" | "uid" | "user" | "comm" | "argv">;

function spanOf(
  fields: Some & Partial<Pick<EventFields, "exe" | "cwd" | "unit" | "container">> & {
    readonly argv_missing?: number;
  },
): Omit<Span, "start" | "isStartKnown" | "end" | "status"> {
  const { id, parent, pid, ppid, uid, user, comm, argv } = fields;
  return {
    id,
    parent,
    pid,
    ppid,
    host: "",
    uid,
    user,
    jobs: [],
    image: {
      name: comm,
      argv,
      argvMore: fields.argv_missing ?? 0,
      exe: fields.exe ?? null,
      cwd: fields.cwd ?? null,
      unit: fields.unit ?? null,
      container: fields.container ?? null,
    },
    cost: null,
  };
}

/** Without recursion: a tree may be as deep as there are pids. */
function* livingOf(roots: readonly TreeFields[]): Generator<TreeFields, void> {
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.state === "running") yield node;
    for (const child of node.children) waiting.push(child);
  }
}
