/**
 * What lived on hosts within stretches of time, a page at a time: no more of it is in memory.
 *
 * @module
 */
import type { LivesQuery, PastLife } from "../ask/store.ts";
import type { Life } from "../history/life.ts";
import { livesAmong } from "../history/past_lives.ts";
import type { ChangeKind } from "../model/machine.ts";
import type { Breath } from "../steps.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import { idOf } from "./rows.ts";
import {
  addSought,
  Conditions,
  seekImages,
  sinceBootOf,
  type SoughtImages,
  type Stretch,
} from "./wanted.ts";

/** Lives of a page, about. */
const PAGE = 5000;
/** Boots of which those that lived before a stretch are fetched together. */
const BOOTS_AT_ONCE = 20;
/** What was short ended within a second after it began. */
const SHORT_US = 1_000_000;
const US_PER_TICK = 10_000;
/** The first page is of so many ticks; the next ones of as many as make a page. */
const FIRST_TICKS = 100;
const GROWTH_MAX = 8;
const EXITS: ReadonlySet<ChangeKind> = new Set(["exit"]);

/** Reads them; what was in the mirror is forgotten. */
export class FleetLives {
  readonly #mirror: Mirror;
  readonly #breath: Breath;
  readonly #stretches: readonly Stretch[];
  readonly #query: LivesQuery;
  #images: SoughtImages | null = null;

  constructor(
    mirror: Mirror,
    breath: Breath,
    stretches: readonly Stretch[],
    query: LivesQuery,
  ) {
    this.#mirror = mirror;
    this.#breath = breath;
    this.#stretches = stretches;
    this.#query = query;
  }

  /** Those that are asked for, in no order. */
  async *lives(fleet: Connection): AsyncGenerator<readonly PastLife[], void> {
    const { job, sought } = this.#query;
    this.#images = await seekImages(fleet, sought, EXITS);
    if (job !== null) yield* this.#members(job);
    else {
      yield* this.#before();
      yield* this.#since();
    }
  }

  /** Members of a job, from all of its time. */
  async *#members(job: number): AsyncGenerator<readonly PastLife[], void> {
    for (let after = "-1";;) {
      const page = this.#wanted().add("m.job = ? AND m.life > ?::bigint", job, after);
      const from = "fh.member m JOIN fh.life l ON l.host = m.host AND l.boot = m.boot " +
        "AND l.id = m.life";
      const lives = await this.#load(from, page, `LIMIT ${PAGE}`);
      yield* this.#among(lives);
      if (lives.length < PAGE) return;
      const last = lives.at(-1)!;
      after = idOf(this.#mirror.boots.get(last.boot.id)!.epochTick, last);
    }
  }

  /** What had been there for long when a stretch began. */
  async *#before(): AsyncGenerator<readonly PastLife[], void> {
    for (let at = 0; at < this.#stretches.length; at += BOOTS_AT_ONCE) {
      const page = this.#wanted();
      const from = this.#within(page, this.#stretches.slice(at, at + BOOTS_AT_ONCE));
      page.add("l.born < w.born AND (l.span IS NULL OR l.span > 1000000000)");
      yield* this.#among(await this.#load(from, page));
    }
  }

  /** What has begun since, or shortly before. */
  async *#since(): AsyncGenerator<readonly PastLife[], void> {
    const first = Math.min(...this.#stretches.map(({ since }) => since)) - SHORT_US;
    const last = Math.max(...this.#stretches.map(({ until }) => until));
    const end = Math.ceil(last / US_PER_TICK) + 1;
    let ticks = FIRST_TICKS;
    for (let tick = Math.floor(first / US_PER_TICK); tick < end;) {
      const next = Math.min(end, tick + ticks);
      const page = this.#wanted();
      const from = this.#within(page, this.#stretches);
      page.add("l.id >= ?::bigint AND l.id < ?::bigint", idFrom(tick), idFrom(next));
      page.add("l.born >= w.born");
      const lives = await this.#load(from, page);
      yield* this.#among(lives);
      tick = next;
      const growth = Math.min(GROWTH_MAX, PAGE / (lives.length + 1));
      ticks = Math.max(1, Math.floor(ticks * growth));
    }
  }

  /** Lives `l` within stretches `w`; what was born before `w.born` was there before. */
  #within(where: Conditions, stretches: readonly Stretch[]): string {
    const boots = stretches.map(({ span }) => this.#mirror.boots.get(span.boot.id)!);
    const arrays = where.bind(
      "unnest(?::int[], ?::int[], ?::bigint[], ?::bigint[], ?::bigint[])",
      boots.map(({ host }) => host),
      boots.map(({ boot }) => boot),
      stretches.map(({ since }) => since),
      stretches.map(({ since }, at) => Math.floor(sinceBootOf(since - SHORT_US, boots[at]!))),
      stretches.map(({ until }, at) => Math.ceil(sinceBootOf(until, boots[at]!))),
    );
    where.add("l.born < w.before AND (l.ended IS NULL OR l.ended >= w.since)");
    return `${arrays} w (host, boot, since, born, before)
      JOIN fh.life l ON l.host = w.host AND l.boot = w.boot`;
  }

  #wanted(): Conditions {
    const where = new Conditions();
    addSought(where, this.#images, EXITS);
    return where;
  }

  async #load(from: string, { sql, parameters }: Conditions, limit = ""): Promise<Life[]> {
    this.#mirror.forget();
    const lives = await this.#mirror.load(
      `(SELECT l.* FROM ${from} WHERE ${sql} ORDER BY l.id ${limit}) l ORDER BY l.id`,
      parameters,
    );
    await this.#mirror.loadMembers(lives);
    return lives;
  }

  async *#among(lives: readonly Life[]): AsyncGenerator<readonly PastLife[], void> {
    const spans = this.#stretches.map(({ span }) => span);
    for (const batch of livesAmong(this.#mirror.history, spans, this.#query, lives)) {
      if (batch !== null) yield batch;
      await this.#breath.take();
    }
  }
}

/** The least id of what begins in a tick. */
function idFrom(tick: number): string {
  return String(BigInt(tick) << 25n);
}
