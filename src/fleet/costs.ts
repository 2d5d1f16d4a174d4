/**
 * Sums over what has ended on hosts of a fleet: out of sums by the hour where these tell, else out
 * of lives, by image there and by what is asked for here.
 *
 * @module
 */
import type { CostKey, CostQuery, KeyTotals } from "../ask/store.ts";
import { CostGroups } from "../history/cost_groups.ts";
import { COST_COLUMNS, COUNT_COLUMNS } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { Mirror } from "./mirror.ts";
import { Conditions, imageTest, type Stretch } from "./wanted.ts";

const US_PER_HOUR = 3_600_000_000;
const decoder = new TextDecoder();

/** Sums that are kept by the hour. */
const KEPT: ReadonlySet<CostKey> = new Set(["command", "user", "exit"]);

/** Sums of some lives `l`, in the order of SUM_COLUMNS. */
const OF_LIVES = [
  "count(*)",
  "count(*) FILTER (WHERE l.status <> 0)",
  "count(*) FILTER (WHERE l.flags & 8 <> 0)",
  "count(*) FILTER (WHERE l.flags & 9 = 0)",
  "coalesce(sum((l.span + 500) / 1000) FILTER (WHERE l.flags & 9 = 0), 0)::bigint",
  "count(l.user_us)",
  ...COST_COLUMNS.map((name) => `coalesce(${sumOf(name)}(l.${name}), 0)::bigint`),
].join(", ");
const OF_HOURS = [...COUNT_COLUMNS, ...COST_COLUMNS]
  .map((name) => `coalesce(${sumOf(name)}(s.${name}), 0)::bigint`).join(", ");

function sumOf(column: string): string {
  return column === "peak_kib" ? "max" : "sum";
}

type ImageSums = readonly [
  host: number,
  image: string,
  parent: string | null,
  status: number | null,
  ...sums: number[],
];
type HourSums = readonly [key: Uint8Array, ...sums: number[]];

/** Few hosts are one in so many. */
const FEW = 10;

/** The sums over all that ended within stretches and is asked for, but for whose descendants. */
export async function sumFleet(
  fleet: Connection,
  mirror: Mirror,
  stretches: readonly Stretch[],
  query: CostQuery,
): Promise<KeyTotals[]> {
  const { by, ofImage, failed, minDuration } = query;
  const groups = new CostGroups(mirror.db, { by, ofImage });
  const begin = Math.min(...stretches.map(({ since }) => since));
  const end = Math.max(...stretches.map(({ until }) => until));
  const first = Math.ceil(begin / US_PER_HOUR);
  // Nothing has ended after the last that is known.
  const isToEnd = stretches.every(({ span }) => span.until >= span.boot.until);
  const last = isToEnd ? Math.ceil(end / US_PER_HOUR) : Math.floor(end / US_PER_HOUR);
  const isKept = KEPT.has(by) && ofImage === null && !failed && minDuration === null;
  const lives = new LifeSums(fleet, mirror, stretches, query, groups);
  if (!isKept || last <= first) {
    await (isKept ? lives.addByKey(begin, end) : lives.add(begin, end));
    return groups.all();
  }
  await lives.addByKey(begin, first * US_PER_HOUR);
  if (!isToEnd) await lives.addByKey(last * US_PER_HOUR, end);
  const rows = await fleet.rows<HourSums>(
    `SELECT s.key, ${OF_HOURS} FROM fh.hour_sum s
      WHERE s.kind = $1 AND s.hour >= $2 AND s.hour < $3 AND s.host = ANY($4) GROUP BY s.key`,
    [by, first, last, mirror.hosts],
  );
  for (const [key, ...sums] of rows) groups.group(keyOf(by, key)).addSums(sums);
  return groups.all();
}

/** How many have ended within stretches. */
export async function countEnded(
  fleet: Connection,
  { hostsInAll }: Mirror,
  stretches: readonly Stretch[],
): Promise<number> {
  if (stretches.length === 0) return 0;
  const where = new Conditions().add(
    "l.ended >= ? AND l.ended < ?",
    Math.min(...stretches.map(({ since }) => since)),
    Math.max(...stretches.map(({ until }) => until)),
  );
  const from = withinStretches(where, stretches, hostsInAll);
  const [row] = await fleet.rows<[number]>(
    `SELECT count(*) FROM ${from} WHERE ${where.sql}`,
    where.parameters,
  );
  return row![0];
}

/** Lives `l` that ended within the stretches; `of` is how many hosts there are. */
function withinStretches(where: Conditions, stretches: readonly Stretch[], of: number): string {
  const hosts = stretches.map(({ host }) => host);
  const arrays = where.bind(
    "unnest(?::int[], ?::int[], ?::bigint[], ?::bigint[]) w (host, boot, since, until)",
    hosts,
    stretches.map(({ span }) => span.boot.id),
    stretches.map(({ since }) => since),
    stretches.map(({ until }) => until),
  );
  // What many have done is found by its time together, what few have done by each of them.
  const own = new Set(hosts).size * FEW <= of ? "l.host = w.host AND " : "";
  return `${arrays} JOIN fh.life l ON ${own}l.boot = w.boot AND l.ended >= w.since
    AND l.ended < w.until`;
}

/** What sums by the hour are by: empty where it is not known. */
function keyOf(by: CostKey, key: Uint8Array): string | number | null {
  if (key.length === 0) return null;
  const text = decoder.decode(key);
  return by === "command" ? text : Number(text);
}

/** SQL of that, of a life `l` with its image `i`. */
const KEY_OF: Readonly<Record<string, string>> = {
  command: "i.comm",
  user: "convert_to(i.uid::text, 'UTF8')",
  exit: "convert_to(l.status::text, 'UTF8')",
};

class LifeSums {
  readonly #fleet: Connection;
  readonly #mirror: Mirror;
  readonly #stretches: readonly Stretch[];
  readonly #query: CostQuery;
  readonly #groups: CostGroups;

  constructor(
    fleet: Connection,
    mirror: Mirror,
    stretches: readonly Stretch[],
    query: CostQuery,
    groups: CostGroups,
  ) {
    this.#fleet = fleet;
    this.#mirror = mirror;
    this.#stretches = stretches;
    this.#query = query;
    this.#groups = groups;
  }

  /** Adds what ended from one moment to another, where all counts: by what it is asked for. */
  async addByKey(from: number, until: number): Promise<void> {
    if (until <= from) return;
    const { by } = this.#query;
    const where = new Conditions().add("l.ended >= ? AND l.ended < ?", from, until);
    const rows = await this.#fleet.rows<HourSums>(
      `SELECT coalesce(${KEY_OF[by]}, ''), ${OF_LIVES} FROM ${
        withinStretches(where, this.#stretches, this.#mirror.hostsInAll)
      }
        LEFT JOIN fh.image i ON i.host = l.host AND i.id = l.image
        WHERE ${where.sql} GROUP BY 1`,
      where.parameters,
    );
    for (const [key, ...sums] of rows) this.#groups.group(keyOf(by, key)).addSums(sums);
  }

  /** Adds what ended from one moment to another. */
  async add(from: number, until: number): Promise<void> {
    if (until <= from) return;
    const { by, failed, minDuration, sought } = this.#query;
    const where = new Conditions().add("l.ended >= ? AND l.ended < ?", from, until);
    if (failed) where.add("l.status <> 0");
    if (minDuration !== null) where.add("l.span >= ? AND l.flags & 9 = 0", Math.floor(minDuration));
    const test = sought === null ? null : imageTest(where, sought);
    if (test !== null) {
      where.add(`EXISTS (SELECT 1 FROM fh.image i WHERE i.host = l.host AND i.id = l.image
        AND ${test})`);
    }
    const parent = by === "parent";
    const rows = await this.#fleet.rows<ImageSums>(
      `SELECT l.host, l.image::text, ${parent ? "p.image::text" : "NULL"},
        ${by === "exit" ? "l.status" : "NULL::int"}, ${OF_LIVES}
        FROM ${withinStretches(where, this.#stretches, this.#mirror.hostsInAll)}
        ${parent ? PARENT : ""}
        WHERE ${where.sql} GROUP BY 1, 2, 3, 4`,
      where.parameters,
    );
    await this.#mirror.loadImages(rows.flatMap(([host, image, above]) => [
      [host, image] as const,
      ...above === null ? [] : [[host, above] as const],
    ]));
    for (const [host, image, above, status, ...sums] of rows) {
      const other = !parent ? status : above === null ? null : this.#mirror.imageKey(host, above);
      this.#groups.of(this.#mirror.imageKey(host, image), other)?.addSums(sums);
    }
  }
}

const PARENT = `LEFT JOIN fh.life p ON p.host = l.host AND p.boot = l.boot AND p.id = l.parent`;
