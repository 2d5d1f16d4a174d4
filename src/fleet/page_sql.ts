/**
 * Which lives a page of a log needs, as SQL that reads no more of an index than the page has.
 *
 * @module
 */
import type { ChangeQuery } from "../ask/store.ts";
import { SHORT_NS } from "../history/schema.ts";
import type { MirroredBoot } from "./mirror.ts";
import { addSought, Conditions, ownImages, sinceBootOf, type SoughtImages } from "./wanted.ts";

/** What was short ended within so much time after it began. */
const SHORT_US = SHORT_NS / 1000;
/** Hosts with images that are looked through one by one. */
const PAIRS_MAX = 1000;

/** Whose lives are wanted, and which. */
export interface PageQuery {
  readonly query: ChangeQuery;
  /** What of them is told. */
  readonly kinds: ChangeQuery["kinds"];
  readonly images: SoughtImages | null;
  /** Null: all that there are. */
  readonly hosts: readonly number[] | null;
  /** How many hosts the fleet has. */
  readonly of: number;
}

/** Microseconds by the clocks that only go forward. */
export interface Page {
  readonly from: number;
  readonly until: number;
}

/** SQL with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly parameters: Conditions["parameters"];
}

/** Finds when the life of a page ends that has `size` before it, in the direction of the query. */
export function edgeOf(wanted: PageQuery, page: Page, size: number): Statement {
  const { query, kinds, hosts, of } = wanted;
  const images = ownImages(wanted.images, kinds);
  const pairs = (hosts?.length ?? 0) * (images?.length ?? 1);
  // Of few hosts each has its own order; of many the order of all has enough of theirs.
  const apart = hosts !== null && pairs <= PAIRS_MAX &&
    (images !== null || hosts.length ** 2 <= of);
  const where = within(wanted, page, { hosts: !apart, images: images === null });
  const order = `ORDER BY ended ${query.backwards ? "DESC" : "ASC"}`;
  // An index has the lives of one host, or of one image, in this order, but not those of several.
  const each: string[] = [];
  if (apart) {
    each.push(where.bind("unnest(?::int[]) h (id)", hosts));
    where.add("l.host = h.id");
  }
  if (images !== null) {
    each.push(where.bind("unnest(?::uuid[]) i (id)", images));
    where.add("l.image = i.id");
  }
  const lives = `fh.life l WHERE ${where.sql} ${order}`;
  const rows = each.length === 0 ? lives : `${each.join(" CROSS JOIN ")} CROSS JOIN LATERAL
    (SELECT l.ended FROM ${lives} LIMIT ${size + 1}) l ${order}`;
  const sql = `SELECT ended FROM ${rows} OFFSET ${size} LIMIT 1`;
  return { sql, parameters: where.parameters };
}

/** SQL behind FROM: lives `l` that end within a page, and short ones that begin there. */
export function endedIn(wanted: PageQuery, { from, until }: Page): Statement {
  const { kinds } = wanted;
  const end = kinds.has("fork") || kinds.has("exec") ? until + SHORT_US : until;
  const where = within(wanted, { from, until: end }, { hosts: true, images: true });
  return { sql: `fh.life l WHERE ${where.sql} ORDER BY l.id`, parameters: where.parameters };
}

/** The same for those that live for longer and begin there, or run something else there. */
export function begunIn(
  { kinds, images }: PageQuery,
  { from, until }: Page,
  boots: readonly MirroredBoot[],
): Statement {
  const where = new Conditions();
  const arrays = where.bind(
    "unnest(?::int[], ?::int[], ?::bigint[], ?::bigint[])",
    boots.map(({ host }) => host),
    boots.map(({ boot }) => boot),
    boots.map((boot) => Math.floor(sinceBootOf(from, boot))),
    boots.map((boot) => Math.ceil(sinceBootOf(until, boot))),
  );
  addSought(where, images, kinds);
  const { sql } = where;
  const join = (table: string, its: string, more: string) =>
    `JOIN fh.${table} ${its} ON ${its}.host = w.host AND ${its}.boot = w.boot AND ${more}`;
  const long = `(l.span IS NULL OR l.span > ${SHORT_NS})`;
  // What is run within a second after the start counts as its beginning.
  const begun = [join("life", "l", `l.born >= w.since - ${SHORT_NS} AND l.born < w.until`)];
  if (kinds.has("exec")) {
    const [exec, late] = ["l.born + l.exec", `l.exec > ${SHORT_NS}`];
    begun.push(join("life", "l", `${late} AND ${exec} >= w.since AND ${exec} < w.until`));
    const former = join("former", "r", "r.since >= w.since AND r.since < w.until");
    begun.push(`${former} ${join("life", "l", "l.id = r.life")}`);
  }
  const parts = begun.map((one) => `SELECT l.* FROM w ${one} WHERE ${long} AND ${sql}`);
  return {
    sql: `(WITH w (host, boot, since, until) AS MATERIALIZED (SELECT * FROM ${arrays})
      ${parts.join(" UNION ")}) l ORDER BY l.id`,
    parameters: where.parameters,
  };
}

/** Conditions of what ends within a page and may be wanted; without those that are said apart. */
function within(
  { query: { failed, minDuration }, kinds, images, hosts }: PageQuery,
  { from, until }: Page,
  say: { readonly hosts: boolean; readonly images: boolean },
): Conditions {
  const where = new Conditions();
  if (say.hosts && hosts !== null) where.add("l.host = ANY(?)", hosts);
  where.add("l.ended >= ? AND l.ended < ?", from, until);
  if (failed) where.add("l.status <> 0");
  if (minDuration !== null) where.add("l.span >= ?", Math.floor(minDuration));
  // There is an index of these.
  if (minDuration !== null && minDuration >= SHORT_NS) where.add(`l.span >= ${SHORT_NS}`);
  addSought(where, say.images ? images : null, kinds);
  return where;
}
