/**
 * The processes of a page, ready to be drawn: where each stands in the tree, when it lived, what it
 * was and what it has cost. Pure.
 *
 * A process is known by its place; what is below it follows it. Times are microseconds since the
 * origin of the frame.
 *
 * @module
 */
import { criticalPath, type PathStretch } from "../../model/critical_path.ts";
import { escapeText } from "../../text/escape.ts";
import { quoteArgv } from "../../text/quote.ts";
import type { Frame } from "../span.ts";
import type { Columns, CostColumn, Head, PageData, ProcessColumn } from "./columns.ts";
import { fromRounded } from "./rounded.ts";
import { ticksOf } from "./ticks.ts";
import { unfoldTimes } from "./tree_times.ts";
import { placesOf, unfoldWords } from "./words.ts";

/** How a process ended. */
export const OUTCOMES = ["succeeded", "failed", "killed", "running", "unknown"] as const;

/** One of {@linkcode OUTCOMES}. */
export type Outcome = typeof OUTCOMES[number];

/** Processes by place. */
export class Model {
  readonly head: Head;
  readonly frame: Frame;
  readonly count: number;
  /** Microseconds from the origin to the end of what is drawn. */
  readonly length: number;
  readonly depth: Float64Array;
  /** Places of parents; -1 where that is not in the report. */
  readonly parent: Int32Array;
  /** The place after the last that is below. */
  readonly next: Int32Array;
  readonly start: Float64Array;
  /** That of the report while it lives. */
  readonly end: Float64Array;
  readonly pid: Float64Array;
  /** Place in `head.names`; -1 where it is not known. */
  readonly name: ArrayLike<number>;
  /** When it lived and no child of it did, altogether. */
  readonly own: Float64Array;
  /** When that was: one stretch after the other, as many as its first part is long. */
  readonly ownFrom: Float64Array;
  readonly ownTo: Float64Array;
  /** CPU time; -1 where it is not known. */
  readonly cpu: Float64Array;
  /** 1 where it has failed or was killed. */
  readonly failed: Uint8Array;
  /** What the end waited for, in the order of time. */
  readonly path: readonly PathStretch[];
  readonly #columns: Columns;
  readonly #words: readonly string[];
  readonly #wordPlaces: Uint32Array;
  /** Where the words of each begin. */
  readonly #wordsFrom: Uint32Array;
  readonly #more: Readonly<Record<"outside" | "argvMore", ReadonlyMap<number, number>>>;
  readonly #otherIds: ReadonlyMap<number, string>;
  readonly #names: readonly string[];
  #places: Map<string, number> | null = null;

  constructor({ head, columns }: PageData) {
    this.head = head;
    this.frame = head.frame;
    this.count = head.count;
    this.length = Math.max(1, Math.round(head.frame.lengthNs / 1000));
    const { seenNs } = head.frame;
    const seen = seenNs === undefined ? this.length : Math.round(seenNs / 1000);
    this.#columns = columns;
    this.depth = new Float64Array(columns.depth);
    [this.parent, this.next] = this.#kin();
    const folded = { start: new Float64Array(columns.start), end: new Float64Array(columns.end) };
    const times = unfoldTimes(this.depth, folded);
    this.start = times.start;
    this.end = times.end;
    for (let at = 0; at < head.count; at++) {
      if (columns.is_ended[at] === 0) this.end[at] = Math.max(this.start[at]!, seen);
    }
    this.pid = sums(columns.pid);
    this.name = columns.name;
    [this.ownFrom, this.ownTo, this.own] = this.#own();
    this.cpu = this.#cpu();
    this.failed = new Uint8Array(head.count);
    for (let at = 0; at < head.count; at++) if (columns.status[at]! > 0) this.failed[at] = 1;
    this.#words = unfoldWords(columns.word_shared, head.wordRests);
    this.#wordPlaces = placesOf(columns.word_refs);
    this.#wordsFrom = this.#wordBegins();
    this.#more = { outside: new Map(head.outside), argvMore: new Map(head.argvMore) };
    this.#otherIds = new Map(head.otherIds);
    this.#names = head.names.map(escapeText);
    this.path = this.#path();
  }

  /** The name for people; `?` where it is not known. */
  nameOf(place: number): string {
    return this.#names[this.name[place]!] ?? "?";
  }

  /** The command line as one would type it; the name where it is not known. */
  commandOf(place: number): string {
    const argv = this.argvOf(place);
    if (argv === null) return `[${this.nameOf(place)}]`;
    const more = this.#more.argvMore.get(place);
    return quoteArgv(argv) + (more === undefined ? "" : ` [${more} bytes more]`);
  }

  /** The same with the name instead of the first word, which is often a long path. */
  shortOf(place: number): string {
    const argv = this.argvOf(place) ?? [];
    return `${this.nameOf(place)} ${quoteArgv(argv.slice(1))}`;
  }

  /** The words of the command line; null where it is not known. */
  argvOf(place: number): string[] | null {
    const count = this.#columns.words[place]! - 1;
    if (count < 0) return null;
    const from = this.#wordsFrom[place]!;
    return Array.from(this.#wordPlaces.subarray(from, from + count), (word) => this.#words[word]!);
  }

  /** A text of a table; null where it is not known. */
  textOf(column: "exe" | "cwd" | "unit" | "container" | "host", place: number): string | null {
    const table = this.head[TABLES[column]];
    const text = table[this.#columns[column][place]!];
    return text === undefined ? null : escapeText(text);
  }

  /** Name of the user, or the uid. */
  userOf(place: number): string | null {
    const [uid, name] = this.head.users[this.#columns.user[place]!] ?? [null, null];
    return name === null ? uid?.toString() ?? null : escapeText(name);
  }

  /** Jobs that it was in. */
  jobsOf(place: number): string[] {
    return (this.head.jobLists[this.#columns.jobs[place]!] ?? []).map(escapeText);
  }

  /** Wait status; null while it lives, and where it is not known. */
  statusOf(place: number): number | null {
    const status = this.#columns.status[place]!;
    return status < 0 ? null : status;
  }

  outcomeOf(place: number): Outcome {
    if (this.#columns.is_ended[place] === 0) return "running";
    const status = this.statusOf(place);
    if (status === null) return "unknown";
    if (status === 0) return "succeeded";
    return (status & 0x7f) === 0 ? "failed" : "killed";
  }

  /** A figure of what it has cost; null where it is not known. */
  costOf(figure: CostColumn, place: number): number | null {
    const code = this.#columns[figure][place]!;
    return code < 0 ? null : fromRounded(code);
  }

  /** pid of the parent; null where it is not known. */
  ppidOf(place: number): number | null {
    const parent = this.parent[place]!;
    return parent < 0 ? this.#more.outside.get(place) ?? null : this.pid[parent]!;
  }

  idOf(place: number): string {
    const other = this.#otherIds.get(place);
    if (other !== undefined) return other;
    const { boot, tick } = this.#columns;
    const ticks = tick[place]! + this.head.firstTick + ticksOf(this.start[place]!);
    return `${this.head.boots[boot[place]!]}-${this.pid[place]}-${ticks}`;
  }

  /** The place of an id; -1 where it is none of these. */
  placeOf(id: string): number {
    if (this.#places === null) {
      this.#places = new Map();
      for (let place = 0; place < this.count; place++) this.#places.set(this.idOf(place), place);
    }
    return this.#places.get(id) ?? -1;
  }

  /** Places of the children, in the order of their starts. */
  *childrenOf(place: number): Generator<number> {
    const next = place < 0 ? this.count : this.next[place]!;
    for (let child = place + 1; child < next; child = this.next[child]!) yield child;
  }

  /** Those in whose words, texts or numbers each of some texts is; case does not matter. */
  search(texts: readonly string[]): Uint8Array {
    const found = new Uint8Array(this.count).fill(1);
    for (const text of texts) this.#keep(found, text.toLowerCase());
    return found;
  }

  #keep(found: Uint8Array, text: string): void {
    const has = (some: string | null) => some !== null && some.toLowerCase().includes(text);
    const inWords = Uint8Array.from(this.#words, (word) => +has(word));
    const tables = SEARCHED.map((column) => {
      const table = this.head[TABLES[column]];
      return [this.#columns[column], Uint8Array.from(table, (some) => +has(some))] as const;
    });
    const inUsers = Uint8Array.from(this.head.users, ([, name]) => +has(name));
    tables.push([this.#columns.user, inUsers]);
    for (let place = 0; place < this.count; place++) {
      if (found[place] === 0 || String(this.pid[place]) === text) continue;
      if (tables.some(([column, hits]) => hits[column[place]!] === 1)) continue;
      let at = this.#wordsFrom[place]!;
      const end = at + Math.max(0, this.#columns.words[place]! - 1);
      while (at < end && inWords[this.#wordPlaces[at]!] === 0) at++;
      if (at === end) found[place] = 0;
    }
  }

  #kin(): [parent: Int32Array, next: Int32Array] {
    const parent = new Int32Array(this.count).fill(-1);
    const next = new Int32Array(this.count).fill(this.count);
    const open: number[] = [];
    for (let place = 0; place < this.count; place++) {
      while (open.length > this.depth[place]!) next[open.pop()!] = place;
      parent[place] = open.at(-1) ?? -1;
      open.push(place);
    }
    return [parent, next];
  }

  /** Their lives, less when at least one child lived. */
  #own(): [from: Float64Array, to: Float64Array, own: Float64Array] {
    const { count, start, end, next, length } = this;
    const own = new Float64Array(count);
    // A process has one such stretch, and one more for each of its children at the most.
    const [froms, tos] = [new Float64Array(2 * count), new Float64Array(2 * count)];
    let stretches = 0;
    for (let place = 0; place < count; place++) {
      // What was before the report, or is after it, is none of it.
      const to = Math.min(end[place]!, length);
      const after = next[place]!;
      let from = Math.max(0, start[place]!);
      for (let child = place + 1;; child = next[child]!) {
        const isLast = child >= after || from >= to;
        const until = isLast ? to : Math.min(start[child]!, to);
        if (until > from) {
          froms[stretches] = from;
          tos[stretches++] = until;
          own[place]! += until - from;
        }
        if (isLast) break;
        from = Math.max(from, end[child]!);
      }
    }
    return [froms.subarray(0, stretches), tos.subarray(0, stretches), own];
  }

  #cpu(): Float64Array {
    const { user_us, system_us } = this.#columns;
    const cpu = new Float64Array(this.count).fill(-1);
    for (let place = 0; place < this.count; place++) {
      if (user_us[place]! < 0) continue;
      cpu[place] = fromRounded(user_us[place]!) + fromRounded(system_us[place]!);
    }
    return cpu;
  }

  #wordBegins(): Uint32Array {
    const begins = new Uint32Array(this.count);
    let at = 0;
    for (let place = 0; place < this.count; place++) {
      begins[place] = at;
      at += Math.max(0, this.#columns.words[place]! - 1);
    }
    return begins;
  }

  #path(): PathStretch[] {
    const { count, start, end, parent, head } = this;
    const ends = end.slice();
    for (let at = 0; at < count; at++) if (this.#columns.is_ended[at] === 0) ends[at] = Infinity;
    const starts = start.map((ns) => Math.max(0, ns));
    return criticalPath({ count, starts, ends, parents: parent }, head.root);
  }
}

const TABLES = {
  name: "names",
  exe: "exes",
  cwd: "cwds",
  unit: "units",
  container: "containers",
  host: "hosts",
} as const satisfies Partial<Record<ProcessColumn, keyof Head>>;

const SEARCHED = ["name", "exe", "cwd", "unit", "container"] as const;

function sums(differences: ArrayLike<number>): Float64Array {
  const numbers = new Float64Array(differences);
  for (let at = 1; at < numbers.length; at++) numbers[at]! += numbers[at - 1]!;
  return numbers;
}
