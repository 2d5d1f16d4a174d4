/**
 * Rows of a fleet, as they are fetched.
 *
 * @module
 */
import { ANCESTORS_MAX } from "../model/memory.ts";
import { IMAGE_PARTS } from "../model/image.ts";
import type { Process } from "../model/process.ts";
import { COST_COLUMNS } from "./columns.ts";

/** Columns of lives; ids have more bits than a number. */
export const LIFE: string = [
  ...["l.host", "l.boot", "l.id::text", "l.pid", "l.born", "l.span", "l.parent::text", "l.ppid"],
  ...["l.reaper", "l.status", "l.image::text", "l.exec", "l.flags"],
  ...COST_COLUMNS.map((name) => `l.${name}`),
].join(", ");

/** A row of {@linkcode LIFE}. */
export type LifeRow = readonly [
  host: number,
  boot: number,
  id: string,
  pid: number,
  born: number,
  span: number | null,
  parent: string | null,
  ppid: number | null,
  reaper: number | null,
  status: number | null,
  image: string,
  exec: number | null,
  flags: number,
  ...costs: (number | null)[],
];

/** Some lives and all above them: arrays of hosts, boots and ids. */
export const ABOVE = `(WITH RECURSIVE up (host, boot, id) AS (
    SELECT DISTINCT * FROM unnest($1::int[], $2::int[], $3::bigint[])
    UNION SELECT l.host, l.boot, l.parent FROM up JOIN fh.life l
      ON l.host = up.host AND l.boot = up.boot AND l.id = up.id WHERE l.parent IS NOT NULL)
  SELECT * FROM up LIMIT ${ANCESTORS_MAX}) up JOIN fh.life l
  ON l.host = up.host AND l.boot = up.boot AND l.id = up.id`;

/** A life and all below it: host, boot and id of it, and how many at most. */
export const BELOW = `(WITH RECURSIVE down (host, boot, id) AS (
    SELECT $1::int, $2::int, $3::bigint
    UNION SELECT l.host, l.boot, l.id FROM down JOIN fh.life l
      ON l.host = down.host AND l.boot = down.boot AND l.parent = down.id)
  SELECT * FROM down LIMIT $4) down JOIN fh.life l
  ON l.host = down.host AND l.boot = down.boot AND l.id = down.id ORDER BY l.id`;

/** Lives by their ids: arrays of hosts, boots and ids. */
export const BY_ID = `unnest($1::int[], $2::int[], $3::bigint[]) w (host, boot, id)
  JOIN fh.life l ON l.host = w.host AND l.boot = w.boot AND l.id = w.id`;

/** Findings of a boot that touch a stretch: boot, since, until. */
export const FINDINGS =
  `SELECT kind, key, since, until, over, count, life::text, by_life::text, uid,
  facts FROM fh.finding WHERE boot = $1 AND until >= $2 AND since < $3 ORDER BY since`;

/** A row of {@linkcode FINDINGS}. */
export type FindingRow = readonly [
  kind: string,
  key: string,
  since: number,
  until: number,
  over: number,
  count: number,
  life: string,
  by: string | null,
  uid: number,
  facts: string,
];

/** What some lives ran before: arrays of hosts, boots and ids. */
export const FORMERS = `SELECT f.host, f.boot, f.life::text, f.until, f.since, f.image::text
  FROM unnest($1::int[], $2::int[], $3::bigint[]) w (host, boot, life)
  JOIN fh.former f USING (host, boot, life)`;

/** A row of {@linkcode FORMERS}. */
export type FormerRow = readonly [
  host: number,
  boot: number,
  life: string,
  until: number,
  since: number | null,
  image: string | null,
];

/** Members, by life and job, arrays of hosts, boots and ids of lives. */
export const MEMBERS = `SELECT m.boot, m.life::text, m.job, m.since, m.until, j.name, j.owner,
  j.since, j.until, j.started, j.lost FROM unnest($1::int[], $2::int[], $3::bigint[])
    w (host, boot, life)
  JOIN fh.member m USING (host, boot, life) JOIN fh.job j ON j.id = m.job ORDER BY m.life, m.job`;

/** A row of {@linkcode MEMBERS}. */
export type MemberRow = readonly [
  boot: number,
  life: string,
  job: number,
  since: number | null,
  until: number | null,
  ...job: [
    name: string,
    owner: number,
    since: number,
    until: number | null,
    started: number,
    lost: number,
  ],
];

/** Images: arrays of hosts and ids. */
export const IMAGES = `SELECT i.host, i.id::text, i.uid, i.argv_missing,
  ${IMAGE_PARTS.map((name) => `i.${name}`).join(", ")}
  FROM unnest($1::int[], $2::uuid[]) w (host, id) JOIN fh.image i USING (host, id)`;

/** A row of {@linkcode IMAGES}. */
export type ImageRow = readonly [
  host: number,
  id: string,
  uid: number | null,
  missing: number,
  ...parts: (Uint8Array | null)[],
];

const PID_BITS = 0x3fffffn;

/** The pid in an id of a life. */
export function pidOf(id: string): number {
  return Number((BigInt(id) >> 3n) & PID_BITS);
}

/** The id of a life, as the tables have it. */
export function idOf(
  epochTick: number,
  { pid, nth, startTicks }: Pick<Process, "pid" | "nth" | "startTicks">,
): string {
  const tick = BigInt(epochTick + startTicks);
  return String(tick << 25n | BigInt(pid & 0x3fffff) << 3n | BigInt(nth & 7));
}
