/**
 * Spans as the columns of a page.
 *
 * @module
 */
import { type Hint, hintsIn } from "./hints.ts";
import { Family } from "./hints/family.ts";
import {
  COST_COLUMNS,
  type CostColumn,
  type PageData,
  type PageHint,
  type Stretch,
} from "./page/columns.ts";
import { ticksOf } from "./page/ticks.ts";
import { toRounded } from "./page/rounded.ts";
import { foldTimes } from "./page/tree_times.ts";
import { foldWords, WordWriter } from "./page/words.ts";
import type { Span, Spans } from "./span.ts";
import { treeOrder } from "./tree_order.ts";

const ZERO = "0".charCodeAt(0);
/** Processes and stretches of a hint that a page marks, the first of them. */
const MARKED_MAX = 5_000;

/** Some spans and stretches of time, and what is said of them. */
export interface MarkedSpans extends Pick<Hint, "words" | "advice" | "stretches" | "spans"> {
  readonly kind: string;
}

/** Rows by number, in the order in which they came. */
class Table<T> {
  readonly rows: T[] = [];
  readonly #places = new Map<unknown, number>();
  /** What is beside each other in a tree is often the same. */
  #lastKey: unknown = null;
  #lastPlace = -1;

  /** The place of a row; -1 for null. */
  place(row: T | null, key: unknown = row): number {
    if (key === this.#lastKey) return this.#lastPlace;
    if (row === null) return -1;
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, place = this.rows.push(row) - 1);
    this.#lastKey = key;
    this.#lastPlace = place;
    return place;
  }
}

/**
 * What a page shows; `writtenMs` is the time now, milliseconds since the Unix epoch, `marks` what
 * stands in the place of hints.
 */
export function pageData(
  spans: Spans,
  writtenMs: number,
  marks: readonly MarkedSpans[] | null = null,
): PageData {
  const steps = pageSteps(spans, writtenMs, marks);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, with pauses. */
export function* pageSteps(
  spans: Spans,
  writtenMs: number,
  marks: readonly MarkedSpans[] | null = null,
): Generator<void, PageData> {
  const family = new Family(spans);
  yield;
  const { order, depth } = treeOrder(spans.spans, family.parents);
  const all = order.map((index) => spans.spans[index]!);
  const places = new Int32Array(all.length);
  for (let place = 0; place < all.length; place++) places[order[place]!] = place;
  yield;
  const images = imagesOf(all);
  yield;
  const [ids, owners] = [idsOf(all), ownersOf(all)];
  yield;
  const columns = {
    depth,
    ...timesOf(all, depth),
    status: columnOf(all, ({ status }) => status ?? -1),
    ...ids.columns,
    ...images.columns,
    ...owners.columns,
    ...costsOf(all),
  };
  yield;
  const hints = (marks ?? hintsIn(family)).map((hint) => pageHint(hint, places));
  const head = {
    version: 1,
    frame: spans.frame,
    writtenMs,
    count: all.length,
    root: places[family.root] ?? -1,
    ...sumsOf(all),
    ...images.tables,
    ...ids.tables,
    ...owners.tables,
    ...rarelySaid(all, depth),
    hints,
  } as const;
  return { head, columns };
}

/** What is to be said of few processes. */
function rarelySaid(all: readonly Span[], depth: ArrayLike<number>) {
  const outside: [place: number, ppid: number][] = [];
  const argvMore: [place: number, bytes: number][] = [];
  const seenLate: number[] = [];
  for (let at = 0; at < all.length; at++) {
    const { ppid, image, isStartKnown } = all[at]!;
    if (depth[at] === 0 && ppid !== null) outside.push([at, ppid]);
    if (image.argvMore > 0) argvMore.push([at, image.argvMore]);
    if (!isStartKnown) seenLate.push(at);
  }
  return { outside, argvMore, seenLate };
}

/** A number of each; of any size. */
function columnOf(all: readonly Span[], numberOf: (span: Span) => number): Float64Array {
  const column = new Float64Array(all.length);
  for (let at = 0; at < column.length; at++) column[at] = numberOf(all[at]!);
  return column;
}

function micros(ns: number): number {
  return Math.round(ns / 1000);
}

function timesOf(all: readonly Span[], depth: ArrayLike<number>) {
  const start = columnOf(all, (span) => micros(span.start));
  const end = start.slice();
  const ended = new Float64Array(all.length);
  for (let at = 0; at < ended.length; at++) {
    const ns = all[at]!.end;
    if (ns === null) continue;
    ended[at] = 1;
    end[at] = Math.max(start[at]!, micros(ns));
  }
  return { ...foldTimes(depth, { start, end }), is_ended: ended };
}

function costsOf(all: readonly Span[]): Record<CostColumn, Float64Array> {
  const figures = COST_COLUMNS.map(() => new Float64Array(all.length).fill(-1));
  const [user, system, minor, major, peak, read, written, own, forced] = figures;
  for (let at = 0; at < all.length; at++) {
    const { cost } = all[at]!;
    if (cost === null) continue;
    user![at] = toRounded(micros(cost.user_ns));
    system![at] = toRounded(micros(cost.system_ns));
    minor![at] = toRounded(cost.minor_faults);
    major![at] = toRounded(cost.major_faults);
    if (cost.peak_bytes !== null) peak![at] = toRounded(cost.peak_bytes);
    read![at] = toRounded(cost.read_bytes);
    written![at] = toRounded(cost.write_bytes);
    own![at] = toRounded(cost.voluntary_switches);
    forced![at] = toRounded(cost.involuntary_switches);
  }
  const columns = COST_COLUMNS.map((name, index) => [name, figures[index]!] as const);
  return Object.fromEntries(columns) as Record<CostColumn, Float64Array>;
}

function sumsOf(all: readonly Span[]) {
  let [cpuNs, accounted] = [0, 0];
  for (const { cost } of all) {
    if (cost === null) continue;
    accounted++;
    cpuNs += cost.user_ns + cost.system_ns;
  }
  return { cpuNs, accounted };
}

function imagesOf(all: readonly Span[]) {
  const names = new Table<string>();
  const exes = new Table<string>();
  const cwds = new Table<string>();
  const units = new Table<string>();
  const containers = new Table<string>();
  const writer = new WordWriter();
  const columns = {
    name: columnOf(all, ({ image }) => names.place(image.name)),
    exe: columnOf(all, ({ image }) => exes.place(image.exe)),
    cwd: columnOf(all, ({ image }) => cwds.place(image.cwd)),
    unit: columnOf(all, ({ image }) => units.place(image.unit)),
    container: columnOf(all, ({ image }) => containers.place(image.container)),
    words: columnOf(all, ({ image: { argv, name } }) => {
      if (argv === null) return 0;
      writer.add(argv, name);
      return argv.length + 1;
    }),
    word_refs: writer.refs,
  };
  const { shared, rests } = foldWords(writer.words);
  const tables = {
    wordRests: rests,
    names: names.rows,
    exes: exes.rows,
    cwds: cwds.rows,
    units: units.rows,
    containers: containers.rows,
  };
  return { columns: { ...columns, word_shared: shared }, tables };
}

function idsOf(all: readonly Span[]) {
  const boots = new Table<string>();
  const otherIds: (readonly [number, string])[] = [];
  const columns = { boot: [] as number[], pid: [] as number[], tick: [] as number[] };
  let [pidBefore, prefix] = [0, "-"];
  let firstTick: number | null = null;
  for (const [at, { id, pid, start }] of all.entries()) {
    if (!id.startsWith(prefix)) prefix = id.slice(0, Math.max(0, id.indexOf("-")) + 1);
    const tickAt = id.indexOf("-", prefix.length) + 1;
    const tick = wholeAt(id, tickAt, id.length);
    const isUsual = tick >= 0 && prefix.length > 1 &&
      wholeAt(id, prefix.length, tickAt - 1) === pid;
    const boot = isUsual ? boots.place(prefix.slice(0, -1)) : -1;
    const more = isUsual ? tick - ticksOf(micros(start)) : 0;
    if (isUsual) firstTick ??= more;
    else otherIds.push([at, id]);
    columns.boot.push(boot);
    columns.pid.push(pid - pidBefore);
    columns.tick.push(isUsual ? more - firstTick! : 0);
    pidBefore = pid;
  }
  return { columns, tables: { boots: boots.rows, firstTick: firstTick ?? 0, otherIds } };
}

/** The number that a part of a text is, written as numbers are; -1 where it is none. */
function wholeAt(text: string, from: number, to: number): number {
  const isLong = to <= from || to - from > 15;
  if (isLong || (text.charCodeAt(from) === ZERO && to > from + 1)) return -1;
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function ownersOf(all: readonly Span[]) {
  const users = new Table<readonly [number | null, string | null]>();
  const hosts = new Table<string>();
  const jobLists = new Table<readonly string[]>();
  let last: Span | null = null;
  let place = -1;
  const columns = {
    user: columnOf(all, (span) => {
      const { uid, user } = span;
      const isSame = last !== null && last.uid === uid && last.user === user;
      if (!isSame) place = users.place([uid, user], `${uid} ${user}`);
      last = span;
      return place;
    }),
    host: columnOf(all, ({ host }) => hosts.place(host)),
    jobs: columnOf(all, ({ jobs }) => {
      return jobLists.place(jobs, jobs.length > 1 ? jobs.join("\0") : jobs[0] ?? "");
    }),
  };
  return { columns, tables: { users: users.rows, hosts: hosts.rows, jobLists: jobLists.rows } };
}

function pageHint(hint: MarkedSpans, places: ArrayLike<number>): PageHint {
  const { kind, words, advice, stretches, spans } = hint;
  return {
    kind,
    words,
    advice,
    stretches: stretches.slice(0, MARKED_MAX)
      .map(({ from, to }): Stretch => [micros(from), micros(to)]),
    processes: spans.slice(0, MARKED_MAX).map((index) => places[index]!),
  };
}
