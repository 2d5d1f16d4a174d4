/**
 * The question of `report` to spans that are there already: those of a saved run, or of a report
 * that is larger than what is wanted.
 *
 * @module
 */
import { Change } from "../model/machine.ts";
import { Image } from "../model/image.ts";
import { Process } from "../model/process.ts";
import type { Frame, Span, SpanImage, Spans } from "../report/span.ts";
import { createFilter, type FilterOptions } from "./filter.ts";
import type { Stretch } from "./stretch.ts";
import { parseAsked } from "./text/target.ts";
import type { UserIds } from "./text/values.ts";

const NS_PER_MS = 1e6;
/** No uid. */
const NOBODY = NaN;
/** As in a history: of all that is wanted the last is shown. */
const AT_LAST = "exit";

/** Which of the spans are wanted. A control group is not in them. */
export interface SavedQuery extends Omit<FilterOptions, "pid" | "event" | "cgroup"> {
  readonly stretch: Pick<Stretch, "since" | "until">;
  /** Processes as people name them, whose descendants are wanted, too. */
  readonly pid?: readonly string[];
  /** Name of a job. */
  readonly job?: string;
}

/**
 * Those that are wanted, in a frame that is as long as what was asked for; null where there are
 * none. `now` is what times are told from, milliseconds since the Unix epoch. Throws UsageError
 * for what makes no sense.
 */
export function chooseSpans(
  all: Spans,
  query: SavedQuery,
  users: UserIds,
  now: number,
): Spans | null {
  const { stretch, pid, job, ...filters } = query;
  const isOpen = stretch.since === null && stretch.until === null;
  let chosen: Spans | null = isOpen ? all : within(all, stretch);
  if (chosen !== null && pid !== undefined) {
    const below = chosenOf(chosen, descendants(all, pid, now));
    chosen = isOpen && below !== null ? around(below) : below;
  }
  if (chosen !== null && job !== undefined) {
    chosen = chosenOf(chosen, ({ jobs }) => jobs.includes(job));
  }
  const isPlain = Object.values(filters).every((filter) => filter === undefined);
  return chosen === null || isPlain ? chosen : chosenOf(chosen, filterOf(filters, users));
}

function chosenOf(spans: Spans, test: (span: Span) => boolean): Spans | null {
  const some = spans.spans.filter(test);
  return some.length === 0 ? null : { ...spans, spans: some };
}

/** What lived in a stretch of the wall clock. */
function within(all: Spans, { since, until }: SavedQuery["stretch"]): Spans | null {
  const { originMs, lengthNs } = all.frame;
  const moment = (ms: number) => Math.round((ms - originMs) * NS_PER_MS);
  const from = since === null ? 0 : Math.max(0, moment(since));
  const to = until === null ? lengthNs : Math.min(lengthNs, moment(until));
  if (from >= to) return null;
  const lived = chosenOf(all, ({ start, end }) => start < to && (end === null || end >= from));
  return lived === null ? null : moved(lived, from, to);
}

/** From the first begin to the last end. */
function around(some: Spans): Spans {
  const { spans, frame } = some;
  const from = spans[0]!.start;
  const to = spans.reduce((most, { end }) => Math.max(most, end ?? frame.lengthNs), from);
  return moved(some, from, to);
}

/** The same in a frame from one time to another. */
function moved({ frame, spans, ...more }: Spans, from: number, to: number): Spans {
  const gaps = frame.gaps.filter(({ since, until }) => until >= from && since <= to);
  const cut: Frame = {
    ...frame,
    originMs: frame.originMs + from / NS_PER_MS,
    lengthNs: to - from,
    ...frame.seenNs === undefined ? {} : { seenNs: Math.max(0, Math.min(frame.seenNs, to) - from) },
    gaps: gaps.map((gap) => ({ ...gap, since: gap.since - from, until: gap.until - from })),
  };
  const moment = (ns: number | null) => ns === null ? null : ns - from;
  return {
    ...more,
    frame: cut,
    spans: spans.map((span) => ({ ...span, start: span.start - from, end: moment(span.end) })),
  };
}

/** Whether a span is one of those that people name, or descends from one. */
function descendants(
  { frame, spans }: Spans,
  names: readonly string[],
  now: number,
): (span: Span) => boolean {
  const asked = names.map((text) => parseAsked(text, now, { latest: Infinity }));
  const parents = new Map(spans.map(({ id, parent }) => [id, parent]));
  const isRoot = ({ id, pid, start, end, image }: Span) => {
    return asked.some((one) => {
      if (typeof one === "string") return image.name === one;
      if (one.id !== null) return one.id === id;
      if (one.pid !== pid || one.at === null) return one.pid === pid;
      const at = (one.at - frame.originMs) * NS_PER_MS;
      return at >= start && at <= (end ?? Infinity);
    });
  };
  const belong = new Map(spans.filter(isRoot).map(({ id }) => [id, true]));
  return ({ id }) => {
    const line: string[] = [];
    let at: string | null = id;
    while (at !== null && !belong.has(at)) {
      line.push(at);
      // Who is its own ancestor, as a damaged file may say, ends the line, too.
      belong.set(at, false);
      at = parents.get(at) ?? null;
    }
    const answer = at !== null && belong.get(at)!;
    for (const one of line) belong.set(one, answer);
    return answer;
  };
}

function filterOf(filters: FilterOptions, users: UserIds): (span: Span) => boolean {
  const filter = createFilter({ ...filters, event: [AT_LAST] }, users, undefined, false);
  const images = new Map<SpanImage, Image>();
  const change = new Change();
  change.kind = AT_LAST;
  return (span) => {
    let image = images.get(span.image);
    if (image === undefined) images.set(span.image, image = imageOf(span.image));
    change.process = processOf(span, image);
    return filter.matches(change);
  };
}

/** Users by the names that they had where spans are from; one that is in none has no process. */
export function usersIn({ spans }: Spans): UserIds {
  const uids = new Map<string, number>();
  for (const { user, uid } of spans) if (user !== null && uid !== null) uids.set(user, uid);
  return { uid: (text) => uids.get(text) ?? (/^\d{1,10}$/.test(text) ? Number(text) : NOBODY) };
}

function processOf({ pid, start, isStartKnown, end, status, uid }: Span, image: Image): Process {
  const process = new Process(pid, start, 0);
  process.start = isStartKnown ? start : null;
  process.end = end;
  process.status = status;
  process.uid = uid;
  process.image = image;
  return process;
}

function imageOf({ name, argv, exe, cwd, argvMore }: SpanImage): Image {
  const encoder = new TextEncoder();
  const bytes = (text: string | null) => text === null ? null : encoder.encode(text);
  return new Image({
    argv: bytes(argv === null ? null : argv.map((word) => `${word}\0`).join("")),
    exe: bytes(exe),
    cwd: bytes(cwd),
    cgroup: null,
    comm: bytes(name),
    env: null,
    argvMore,
  });
}
