/**
 * What happened on many hosts, in the order of time, a page of lives at a time.
 *
 * @module
 */
import type { ChangeQuery, Logged } from "../ask/store.ts";
import { Heap } from "../history/heap.ts";
import { Timeline, type TimelineQuery } from "../history/timeline.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import type { Breath } from "../steps.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import {
  addSought,
  Conditions,
  ownImages,
  seekImages,
  sinceBootOf,
  type SoughtImages,
  type Stretch,
} from "./wanted.ts";

/** Lives of the first page, and of each that follows twice as many, up to the most. */
const FIRST = 200;
const MOST = 5000;
/** What was short ended within a second after it began. */
const SHORT_US = 1_000_000;
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
  #images: SoughtImages | null = null;
  #hosts: readonly number[] = [];

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
    const boots = stretches.map(({ span }) => this.#mirror.boots.get(span.boot.id)!);
    this.#hosts = [...new Set(boots.map(({ host }) => host))];
    await this.#mirror.loadGaps(stretches.map(({ span }) => span.boot.id));
    this.#images = await seekImages(this.#fleet, this.#query.sought, this.#way.kinds);
    const begin = Math.min(...stretches.map(({ since }) => since));
    const end = Math.max(...stretches.map(({ until }) => until));
    let [from, until, size] = [begin, end, FIRST];
    while (from < until) {
      const edge = await this.#edge(from, until, size);
      const page = backwards ? { from: edge, until } : { from, until: edge };
      if (!kept) this.#mirror.forget();
      await this.#load(page, stretches);
      yield* this.#page(page, stretches);
      if (backwards) until = edge;
      else from = edge;
      size = Math.min(MOST, 2 * size);
    }
  }

  /** Where a page ends that has so many ends of lives. */
  async #edge(from: number, until: number, size: number): Promise<number> {
    const { backwards } = this.#query;
    const images = ownImages(this.#images, this.#way.kinds);
    const where = this.#ends(from, until, images === null ? this.#images : null);
    const order = `ORDER BY ended ${backwards ? "DESC" : "ASC"}`;
    const lives = (more = "") => `fh.life l WHERE ${where.sql} ${more}`;
    // The index has the lives of one image in this order, but not those of several.
    const rows = images === null ? lives() : `${where.bind("unnest(?::uuid[])", images)} i (id)
      CROSS JOIN LATERAL (SELECT l.ended FROM ${lives(`AND l.image = i.id ${order}`)}
        LIMIT ${size + 1}) l`;
    const [row] = await this.#fleet.rows<[number]>(
      `SELECT ended FROM ${rows} ${order} OFFSET ${size} LIMIT 1`,
      where.parameters,
    );
    if (row === undefined) return backwards ? from : until;
    // All that ended in one microsecond are of one page.
    return backwards ? Math.min(row[0], until - 1) : Math.max(row[0], from + 1);
  }

  /** Lives that end within a page and may be wanted. */
  #ends(from: number, until: number, images: SoughtImages | null): Conditions {
    const { failed, minDuration } = this.#query;
    const where = new Conditions();
    if (!this.#mirror.isWhole) where.add("l.host = ANY(?)", this.#hosts);
    where.add("l.ended >= ? AND l.ended < ?", from, until);
    if (failed) where.add("l.status <> 0");
    if (minDuration !== null) where.add("l.span >= ?", Math.floor(minDuration));
    addSought(where, images, this.#way.kinds);
    return where;
  }

  async #load(
    { from, until }: { from: number; until: number },
    stretches: readonly Stretch[],
  ): Promise<void> {
    const { kinds } = this.#way;
    const isBegun = kinds.has("fork") || kinds.has("exec");
    const ends = this.#ends(from, isBegun ? until + SHORT_US : until, this.#images);
    await this.#mirror.load(`fh.life l WHERE ${ends.sql} ORDER BY l.id`, ends.parameters);
    if (!isBegun) return;
    // What lives for longer is found by its boot.
    const boots = stretches.filter((one) => one.since < until && one.until > from);
    const long = new Conditions();
    long.add("l.span IS NULL OR l.span > 1000000000").add("l.ended IS NULL OR l.ended >= ?", from);
    addSought(long, this.#images, kinds);
    const its = boots.map(({ span }) => this.#mirror.boots.get(span.boot.id)!);
    const arrays = long.bind(
      "unnest(?::int[], ?::int[], ?::bigint[])",
      its.map(({ host }) => host),
      its.map(({ boot }) => boot),
      its.map((boot) => Math.ceil(sinceBootOf(until, boot))),
    );
    await this.#mirror.load(
      `${arrays} w (host, boot, until) JOIN fh.life l ON l.host = w.host AND l.boot = w.boot
        AND l.born < w.until WHERE ${long.sql} ORDER BY l.id`,
      long.parameters,
    );
  }

  /** The changes of a page, those of all boots in one order. */
  async *#page(
    { from, until }: { from: number; until: number },
    stretches: readonly Stretch[],
  ): AsyncGenerator<Logged, void> {
    const sign = this.#query.backwards ? -1 : 1;
    const heap = new Heap<Head>((a, b) => sign * (a.at - b.at) || sign * (a.order - b.order));
    const told = this.#mirror.told();
    const timeline = new Timeline(this.#mirror.history);
    for (const [order, { span, ...stretch }] of stretches.entries()) {
      const gapless = !told.gaps.has(span.boot.id);
      if (gapless && !told.lives.has(span.boot.id)) continue;
      if (stretch.since >= until || stretch.until <= from) continue;
      const boot = this.#mirror.boots.get(span.boot.id)!;
      const part = {
        boot: span.boot,
        since: Math.max(span.since, Math.floor(sinceBootOf(from, boot))),
        until: Math.min(span.until, Math.floor(sinceBootOf(until, boot))),
      };
      const whole = !this.#query.few && part.until >= span.until;
      const way = { ...this.#way, whole, gapless };
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
