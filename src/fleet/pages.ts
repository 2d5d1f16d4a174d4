/**
 * What happened on many hosts, in the order of time, a page of lives at a time.
 *
 * @module
 */
import type { ChangeQuery, Logged } from "../ask/store.ts";
import { Heap } from "../history/heap.ts";
import type { Life } from "../history/life.ts";
import { Timeline, type TimelineQuery } from "../history/timeline.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import type { Breath } from "../steps.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import { begunIn, edgeOf, endedIn, type Page, type PageQuery } from "./page_sql.ts";
import { seekImages, sinceBootOf, type Stretch } from "./wanted.ts";

/** Lives of the first page, and of each that follows twice as many, up to the most. */
const FIRST = 200;
const MOST = 5000;
const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);

/** A change that one boot tells next. */
interface Head {
  readonly at: number;
  readonly order: number;
  readonly change: Change;
  readonly span: Stretch["span"];
  readonly steps: Generator<Change | null, void>;
}

/** Goes through stretches; the change is the same object for one boot until the next one of it. */
export class FleetPages {
  readonly #fleet: Connection;
  readonly #mirror: Mirror;
  readonly #breath: Breath;
  readonly #query: ChangeQuery;
  readonly #way: TimelineQuery;

  constructor(fleet: Connection, mirror: Mirror, breath: Breath, query: ChangeQuery) {
    this.#fleet = fleet;
    this.#mirror = mirror;
    this.#breath = breath;
    this.#query = query;
    const { failed, minDuration, kinds, backwards, kept, lineage } = query;
    this.#way = {
      kinds: failed || minDuration !== null ? EXITS : kinds,
      ...{ backwards, failed, keep: true, ancestors: kept ? ANCESTORS_MAX : 0, lineage },
    };
  }

  /** The changes that are accepted. */
  async *changes(stretches: readonly Stretch[]): AsyncGenerator<Logged, void> {
    if (stretches.length === 0) return;
    const { backwards, kept } = this.#query;
    const hosts = stretches.map(({ host }) => host);
    await this.#mirror.loadGaps(stretches.map(({ span }) => span.boot.id));
    const { kinds } = this.#way;
    const wanted = {
      ...{ query: this.#query, kinds, of: this.#mirror.hostsInAll },
      hosts: this.#mirror.isWhole ? null : [...new Set(hosts)],
      images: await seekImages(this.#fleet, this.#query.sought, kinds),
    };
    const begin = Math.min(...stretches.map(({ since }) => since));
    const end = Math.max(...stretches.map(({ until }) => until));
    let [from, until, size] = [begin, end, FIRST];
    while (from < until) {
      const edge = await this.#edge(wanted, { from, until }, size);
      const page = backwards ? { from: edge, until } : { from, until: edge };
      if (!kept) this.#mirror.forget();
      const lives = await this.#load(wanted, page, stretches);
      yield* this.#page(page, stretches, lives);
      if (backwards) until = edge;
      else from = edge;
      size = Math.min(MOST, 2 * size);
    }
  }

  /** Where a page ends that has so many ends of lives. */
  async #edge(wanted: PageQuery, page: Page, size: number): Promise<number> {
    const { from, until } = page;
    const { sql, parameters } = edgeOf(wanted, page, size);
    const [row] = await this.#fleet.rows<[number]>(sql, parameters);
    const { backwards } = this.#query;
    if (row === undefined) return backwards ? from : until;
    // All that ended in one microsecond are of one page.
    return backwards ? Math.min(row[0], until - 1) : Math.max(row[0], from + 1);
  }

  /** Fetches the lives of a page, by their boots. */
  async #load(
    wanted: PageQuery,
    page: Page,
    stretches: readonly Stretch[],
  ): Promise<ReadonlyMap<number, readonly Life[]>> {
    const { kinds } = wanted;
    const ended = endedIn(wanted, page);
    const lives = new Set(await this.#mirror.load(ended.sql, ended.parameters));
    if (!kinds.has("fork") && !kinds.has("exec")) return byBoot(lives);
    const its = stretches.filter(({ since, until }) => since < page.until && until > page.from);
    const boots = its.map(({ span }) => this.#mirror.boots.get(span.boot.id)!);
    const begun = begunIn(wanted, page, boots);
    for (const life of await this.#mirror.load(begun.sql, begun.parameters)) lives.add(life);
    return byBoot(lives);
  }

  /** The changes of a page, those of all boots in one order. */
  async *#page(
    { from, until }: Page,
    stretches: readonly Stretch[],
    lives: ReadonlyMap<number, readonly Life[]>,
  ): AsyncGenerator<Logged, void> {
    const sign = this.#query.backwards ? -1 : 1;
    const heap = new Heap<Head>((a, b) => sign * (a.at - b.at) || sign * (a.order - b.order));
    const gaps = this.#mirror.bootsWithGaps();
    const timeline = new Timeline(this.#mirror.history);
    for (const [order, { span, ...stretch }] of stretches.entries()) {
      const gapless = !gaps.has(span.boot.id);
      const among = lives.get(span.boot.id) ?? [];
      if (gapless && among.length === 0) continue;
      if (stretch.since >= until || stretch.until <= from) continue;
      const boot = this.#mirror.boots.get(span.boot.id)!;
      const part = {
        boot: span.boot,
        since: Math.max(span.since, Math.floor(sinceBootOf(from, boot))),
        until: Math.min(span.until, Math.floor(sinceBootOf(until, boot))),
      };
      const whole = !this.#query.few && part.until >= span.until;
      const way = { ...this.#way, whole, gapless, among };
      const steps = timeline.steps(part, way);
      await this.#push(heap, steps, order, span);
    }
    const { accepts } = this.#query;
    for (let head = heap.pop(); head !== undefined; head = heap.pop()) {
      const { change, span, steps, order } = head;
      if (accepts(change)) yield [change, span.boot];
      await this.#push(heap, steps, order, span);
    }
  }

  async #push(
    heap: Heap<Head>,
    steps: Head["steps"],
    order: number,
    span: Head["span"],
  ): Promise<void> {
    while (true) {
      const { done, value: change } = steps.next();
      if (done) return;
      if (change === null) await this.#breath.take();
      else {
        // One timeline tells of all of them, with one object.
        const own = Object.assign(new Change(), change);
        return heap.push({ at: span.boot.moment(change.time), order, change: own, span, steps });
      }
    }
  }
}

function byBoot(lives: Iterable<Life>): Map<number, Life[]> {
  const boots = new Map<number, Life[]>();
  for (const life of lives) {
    const its = boots.get(life.boot.id);
    if (its === undefined) boots.set(life.boot.id, [life]);
    else its.push(life);
  }
  return boots;
}
