/**
 * The question of `report`: what lived in a stretch of time, below a process or in a job, as spans.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import { CommandError, EXIT } from "../fault.ts";
import { localTime } from "../host/local_time.ts";
import type { BootClock, PastBoot } from "../model/boot.ts";
import { momentOf } from "../model/boot.ts";
import type { BootEpoch } from "../model/batch.ts";
import type { BootSpan } from "../model/bounds.ts";
import { Image } from "../model/image.ts";
import { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { type Frame, jobTrace, type Span, type SpanGap, type Spans } from "../report/span.ts";
import type { Asking } from "./asking.ts";
import type { Filter, FilterOptions } from "./filter.ts";
import { JobAnswers } from "./jobs.ts";
import { readLiving } from "./living.ts";
import { runningNow } from "./log.ts";
import { noteMissing } from "./missing.ts";
import { noHistory } from "./not_found.ts";
import { noteNoHistory, notePids } from "./notes.ts";
import { SpanMaker } from "./span.ts";
import type { PastJob, PastLife, PastStore } from "./store.ts";
import { recordedSpans, type Stretch } from "./stretch.ts";
import { maySee } from "./viewer.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

const NS_PER_S = 1e9;
const HOUR_MS = 3_600_000;
/** The machine of a filter is asked of ends: of all that is wanted the last is shown. */
const AT_LAST = "exit";

/** Which processes are wanted. */
export interface SpansQuery extends Omit<FilterOptions, "pid" | "event"> {
  readonly stretch: Stretch;
  /** Processes as people name them, whose descendants are wanted, too. */
  readonly pid?: readonly string[];
  /** A job as people name it, and the uid of who asks. */
  readonly job?: string;
  readonly uid: number;
  /** Name of the host. */
  readonly host: string;
  /** Is told how many have been read, of some as many; null: that is not known. */
  readonly onRead?: (count: number, whole: number | null) => void;
}

/** The spans; throws CommandError where nothing is found. */
export async function askSpans(asking: Asking, query: SpansQuery): Promise<Spans> {
  const { store: { past } } = asking;
  return past === null ? await ofLiving(asking, query) : await new Past(asking, past, query).ask();
}

/** Filters, without what says where to look. */
function filtersOf(query: SpansQuery): FilterOptions {
  const { stretch: _s, pid: _p, job: _j, uid: _u, host: _h, onRead: _o, ...filters } = query;
  return { ...filters, event: [AT_LAST] };
}

/** Out of a history. */
class Past {
  readonly #asking: Asking;
  readonly #store: PastStore;
  readonly #query: SpansQuery;
  readonly #maker: SpanMaker;
  /** Which job a process is in first, whatever else is asked for. */
  readonly #traces = new Map<string, string>();

  constructor(asking: Asking, store: PastStore, query: SpansQuery) {
    this.#asking = asking;
    this.#store = store;
    this.#query = query;
    this.#maker = new SpanMaker(asking.users, query.host);
  }

  async ask(): Promise<Spans> {
    const { notes } = this.#asking;
    const { pid, job: name } = this.#query;
    const wanted = await wantedOf(this.#asking, pid, filtersOf(this.#query));
    const job = name === undefined ? null : await this.#job(name);
    const stretches = this.#stretches(job);
    const line = new Line(stretches);
    const found = await this.#read(stretches, wanted, job, line);
    if (found.length === 0) throw this.#nothing(stretches);
    const isOpen = this.#query.stretch.since === null && (job !== null || pid !== undefined);
    await noteMissing(notes, this.#store, stretches);
    const gaps = await this.#gaps(stretches, line);
    const { spans, ...times } = isOpen && job === null
      ? aroundAll(found, line, gaps)
      : { spans: found, originMs: line.originMs, lengthNs: line.lengthNs, gaps };
    const { recording, accounts } = await this.#store.sources(stretches);
    const frame: Frame = {
      title: this.#title(job, spans, times),
      host: this.#query.host,
      ...times,
      cpus: isHere(this.#asking, stretches) ? availableParallelism() : null,
      source: joined(recording),
      accounts: joined(accounts),
      notes: [...notes].map(({ text }) => text),
      run: null,
    };
    return { frame, spans, traces: this.#traces };
  }

  async #job(name: string): Promise<PastJob> {
    const { users, viewer } = this.#asking;
    const asker = { ...viewer, uid: this.#query.uid };
    return await new JobAnswers(this.#store, users, asker).find(name);
  }

  /** What of the time that is asked for was recorded. */
  #stretches(job: PastJob | null): readonly BootSpan[] {
    const { stretch, pid } = this.#query;
    if (job !== null) return this.#ofJob(job);
    if (stretch.since !== null || pid !== undefined) return recordedSpans(this.#store, stretch);
    const since = (stretch.until ?? this.#asking.now()) - HOUR_MS;
    const stretches = recordedSpans(this.#store, { ...stretch, since });
    if (this.#store.bounds.range()!.since < since) {
      this.#asking.notes.add("limit", "it is of one hour; for more give --since");
    }
    return stretches;
  }

  #ofJob({ boot, since, until }: PastJob): readonly BootSpan[] {
    const { stretch } = this.#query;
    const whole = { boot, since, until: until ?? Math.max(boot.end, since + 1) };
    if (stretch.since === null && stretch.until === null) return [whole];
    return recordedSpans(this.#store, stretch).filter((span) => span.boot === boot)
      .map((span) => ({
        boot,
        since: Math.max(since, span.since),
        until: Math.min(whole.until, span.until),
      }))
      .filter((span) => span.until > span.since);
  }

  async #read(
    stretches: readonly BootSpan[],
    { filter, lineage, pids }: Wanted,
    job: PastJob | null,
    line: Line,
  ): Promise<Span[]> {
    const { viewer } = this.#asking;
    const change = new Change();
    change.kind = AT_LAST;
    const accepts = (process: Process) => {
      change.process = process;
      return !process.kernel && maySee(viewer, process.uid) && filter.matches(change);
    };
    const { ofImage, sought } = filter;
    const query = { accepts, ofImage, sought, lineage, pids, job: job?.key ?? null };
    const spans: Span[] = [];
    // Where an index finds them, or a job has them, there are fewer.
    const { onRead, failed, minDuration } = this.#query;
    const isAll = ofImage === null && pids === null && !failed && minDuration === undefined;
    const whole = isAll && onRead !== undefined ? await this.#store.ended(stretches) : null;
    for await (const batch of this.#store.lives(stretches, query)) {
      for (const life of batch) spans.push(this.#spanOf(life, line));
      onRead?.(spans.length, job?.started ?? whole);
    }
    return spans.sort((a, b) => a.start - b.start || a.pid - b.pid);
  }

  #spanOf({ process, parent, account, jobs }: PastLife, line: Line): Span {
    const [first] = jobs;
    if (first !== undefined) {
      this.#traces.set(process.id, jobTrace(process.boot.uniqueId, first.since));
    }
    return this.#maker.of(process, {
      parent,
      account,
      jobs: jobs.map(({ name }) => name),
      originNs: line.originNs(process.boot),
    });
  }

  async #gaps(stretches: readonly BootSpan[], line: Line): Promise<SpanGap[]> {
    return (await this.#store.gaps(stretches)).map(({ boot, since, until, reason, lost }) => {
      const originNs = line.originNs(boot);
      const moved = (ns: number) => Math.round(ns - originNs);
      return { since: moved(since), until: moved(until), reason, lost };
    });
  }

  #title(job: PastJob | null, spans: readonly Span[], times: Times): string {
    const begin = localTime(times.originMs);
    const end = localTime(times.originMs + times.lengthNs / 1e6);
    const when = `from ${begin} to ${end}`;
    const on = job?.boot.host == null ? "" : ` on ${job.boot.host}`;
    if (job !== null) return `job ${job.name}${on}, ${when}`;
    if (this.#query.pid === undefined) return `${this.#query.host}, ${when}`;
    const [first] = spans;
    return `${first!.image.name ?? "?"} (${first!.pid}), ${when}`;
  }

  #nothing(stretches: readonly BootSpan[]): CommandError {
    const [first, last] = [stretches[0], stretches.at(-1)];
    const when = first === undefined || last === undefined
      ? ""
      : ` from ${localTime(first.boot.moment(first.since))}` +
        ` to ${localTime(last.boot.moment(last.until))}`;
    const what = `No such process${when} in ${this.#store.place}`;
    return new CommandError(EXIT.notFound, `${what}; give another time, or fewer filters`);
  }
}

interface Times extends Pick<Frame, "originMs" | "lengthNs" | "gaps"> {}

/**
 * The times of several boots on one line. Within a boot it is the clock that is never set; where
 * boots stand to each other is told by their wall clocks.
 */
class Line {
  readonly #origin: BootEpoch;
  readonly #originNs: number;
  readonly #epochs = new Map<BootClock, number>();
  /** Milliseconds since the Unix epoch. */
  readonly originMs: number;
  /** Nanoseconds from the begin of the first stretch to the end of the last. */
  readonly lengthNs: number;

  constructor(stretches: readonly BootSpan[]) {
    // Those of several hosts are of one time.
    const first = outermost(stretches, ({ boot, since }) => -boot.moment(since));
    const last = outermost(stretches, ({ boot, until }) => boot.moment(until));
    this.#origin = first === undefined ? { seconds: 0, ns: 0 } : epochOf(first);
    this.#originNs = first?.since ?? 0;
    this.originMs = momentOf(this.#originNs, this.#origin);
    for (const span of stretches) {
      const { seconds, ns } = epochOf(span);
      // What the epoch of this boot is later than that of the first.
      const later = (seconds - this.#origin.seconds) * NS_PER_S + ns - this.#origin.ns;
      this.#epochs.set(span.boot, this.#originNs - later);
    }
    this.lengthNs = last === undefined ? 0 : Math.round(last.until - this.originNs(last.boot));
  }

  /** Where the origin is, nanoseconds since a boot. */
  originNs(boot: PastBoot): number {
    return this.#epochs.get(boot) ?? this.#originNs;
  }
}

/** The one of which a value is the largest, the last of several; undefined where there is none. */
function outermost(
  stretches: readonly BootSpan[],
  valueOf: (span: BootSpan) => number,
): BootSpan | undefined {
  const most = Math.max(...stretches.map(valueOf));
  return stretches.findLast((span) => valueOf(span) === most);
}

function epochOf({ boot, until }: BootSpan): BootEpoch {
  return boot.epochAt(until);
}

/** From the first begin to the last end of what was found. */
function aroundAll(
  found: readonly Span[],
  line: Line,
  gaps: readonly SpanGap[],
): Times & { readonly spans: readonly Span[] } {
  const origin = found[0]!.start;
  const lastly = found.reduce((most, { end }) => Math.max(most, end ?? line.lengthNs), origin);
  const within = gaps.filter(({ since, until }) => until >= origin && since <= lastly);
  const moved = (ns: number | null) => ns === null ? null : ns - origin;
  return {
    spans: found.map((span) => ({ ...span, start: span.start - origin, end: moved(span.end) })),
    originMs: line.originMs + origin / 1e6,
    lengthNs: lastly - origin,
    gaps: within.map((gap) => ({
      ...gap,
      since: gap.since - origin,
      until: gap.until - origin,
    })),
  };
}

function isHere({ reader }: Asking, stretches: readonly BootSpan[]): boolean {
  const bootId = readBootId(reader);
  return stretches.some(({ boot }) => boot.bootId === bootId);
}

function joined(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.join(", ");
}

/** What runs now, where there is no history: it has not ended, and who forked it may be dead. */
async function ofLiving(asking: Asking, query: SpansQuery): Promise<Spans> {
  const { notes, reader, boot, historyPlace, viewer } = asking;
  const { stretch, job } = query;
  const { failed, minDuration } = query;
  if (stretch.since ?? stretch.until ?? job ?? minDuration ?? (failed || undefined)) {
    throw noHistory(historyPlace);
  }
  const { filter } = await wantedOf(asking, query.pid, filtersOf(query));
  const found = livingOf(asking, filter).filter(({ uid }) => maySee(viewer, uid));
  if (found.length === 0) {
    throw new CommandError(EXIT.notFound, "No such process runs; give fewer filters");
  }
  const originNs = found.reduce((least, { born }) => Math.min(least, born), Infinity);
  const originMs = momentOf(originNs, boot.epoch!);
  const maker = new SpanMaker(asking.users, query.host);
  const spans = found.map((process) => {
    complete(process, reader);
    const { account } = readLiving(reader, [process]);
    const parent = process.parent?.id ?? null;
    return maker.of(process, { parent, account, jobs: [], originNs });
  });
  notePids(notes, reader);
  noteNoHistory(notes, "these are the processes that run now", historyPlace);
  const now = asking.now();
  return {
    frame: {
      title: `${query.host}, at ${localTime(now)}`,
      host: query.host,
      originMs,
      lengthNs: Math.round((now - originMs) * 1e6),
      cpus: availableParallelism(),
      source: null,
      accounts: null,
      gaps: [],
      notes: [...notes].map(({ text }) => text),
      run: null,
    },
    spans,
  };
}

function livingOf(asking: Asking, filter: Filter): Process[] {
  const living: Process[] = [];
  for (const { process } of runningNow(asking, filter)) living.push(process!);
  return living;
}

/** Adds what a look at all that run has left out. */
function complete(one: Process, reader: ProcReader): void {
  const cgroup = reader.read(one.pid, "cgroup");
  const [exe, cwd] = [reader.link(one.pid, "exe"), reader.link(one.pid, "cwd")];
  one.image = new Image({ ...one.image.parts, cgroup, exe, cwd });
}
