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
  type Placed,
  type Stretch,
} from "./page/columns.ts";
import { ticksOf } from "./page/ticks.ts";
import { toRounded } from "./page/rounded.ts";
import { foldTimes } from "./page/tree_times.ts";
import { foldWords, WordWriter } from "./page/words.ts";
import type { Span, SpanCost, Spans } from "./span.ts";
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

  /** The place of a row; -1 for null. */
  place(row: T | null, key: unknown = row): number {
    if (row === null) return -1;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.rows.push(row) - 1;
    this.#places.set(key, place);
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
  const family = new Family(spans);
  const { order, depth } = treeOrder(spans.spans, family.parents);
  const all = order.map((index) => spans.spans[index]!);
  const places = new Map(order.map((index, place) => [index, place]));
  const outside = all.flatMap(({ ppid }, at) => {
    return depth[at] === 0 && ppid !== null ? [[at, ppid] as const] : [];
  });
  const [images, ids, owners] = [imagesOf(all), idsOf(all), ownersOf(all)];
  return {
    head: {
      version: 1,
      frame: spans.frame,
      writtenMs,
      count: all.length,
      root: places.get(family.root) ?? -1,
      ...sumsOf(all),
      ...images.tables,
      ...ids.tables,
      ...owners.tables,
      outside,
      argvMore: all.flatMap(({ image: { argvMore } }, at): Placed<number> => {
        return argvMore > 0 ? [[at, argvMore]] : [];
      }),
      seenLate: all.flatMap(({ isStartKnown }, at) => isStartKnown ? [] : [at]),
      hints: (marks ?? hintsIn(family)).map((hint) => pageHint(hint, places)),
    },
    columns: {
      depth,
      ...timesOf(all, depth),
      status: all.map(({ status }) => status ?? -1),
      ...ids.columns,
      ...images.columns,
      ...owners.columns,
      ...costsOf(all),
    },
  };
}

function micros(ns: number): number {
  return Math.round(ns / 1000);
}

function timesOf(all: readonly Span[], depth: ArrayLike<number>) {
  const start = Float64Array.from(all, (span) => micros(span.start));
  const end = Float64Array.from(all, (span, at) => {
    return span.end === null ? start[at]! : Math.max(start[at]!, micros(span.end));
  });
  return { ...foldTimes(depth, { start, end }), is_ended: all.map(({ end }) => +(end !== null)) };
}

const COSTS: Readonly<Record<CostColumn, (cost: SpanCost) => number | null>> = {
  user_us: ({ user_ns }) => micros(user_ns),
  system_us: ({ system_ns }) => micros(system_ns),
  minor_faults: ({ minor_faults }) => minor_faults,
  major_faults: ({ major_faults }) => major_faults,
  peak_bytes: ({ peak_bytes }) => peak_bytes,
  read_bytes: ({ read_bytes }) => read_bytes,
  write_bytes: ({ write_bytes }) => write_bytes,
  voluntary_switches: ({ voluntary_switches }) => voluntary_switches,
  involuntary_switches: ({ involuntary_switches }) => involuntary_switches,
};

function costsOf(all: readonly Span[]): Record<CostColumn, number[]> {
  const columns = COST_COLUMNS.map((name) => {
    const numbers = all.map(({ cost }) => {
      const figure = cost === null ? null : COSTS[name](cost);
      return figure === null ? -1 : toRounded(figure);
    });
    return [name, numbers] as const;
  });
  return Object.fromEntries(columns) as Record<CostColumn, number[]>;
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
    name: all.map(({ image }) => names.place(image.name)),
    exe: all.map(({ image }) => exes.place(image.exe)),
    cwd: all.map(({ image }) => cwds.place(image.cwd)),
    unit: all.map(({ image }) => units.place(image.unit)),
    container: all.map(({ image }) => containers.place(image.container)),
    words: all.map(({ image: { argv, name } }) => {
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
  const columns = {
    user: all.map(({ uid, user }) => users.place([uid, user], `${uid} ${user}`)),
    host: all.map(({ host }) => hosts.place(host)),
    jobs: all.map(({ jobs }) => jobLists.place(jobs, jobs.join("\0"))),
  };
  return { columns, tables: { users: users.rows, hosts: hosts.rows, jobLists: jobLists.rows } };
}

function pageHint(hint: MarkedSpans, places: ReadonlyMap<number, number>): PageHint {
  const { kind, words, advice, stretches, spans } = hint;
  return {
    kind,
    words,
    advice,
    stretches: stretches.slice(0, MARKED_MAX)
      .map(({ from, to }): Stretch => [micros(from), micros(to)]),
    processes: spans.slice(0, MARKED_MAX).map((index) => places.get(index)!),
  };
}
