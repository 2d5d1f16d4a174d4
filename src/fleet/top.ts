/**
 * Who starts, ends and fails on the hosts of a fleet, in the last minute that each has shipped.
 *
 * @module
 */
import { decodeText } from "../model/image.ts";
import type { Connection } from "./connection.ts";
import { globPattern } from "./programs.ts";
import { Conditions, ofOneTime } from "./wanted.ts";
import type { HostImage, WantedImages } from "./wanted_images.ts";

/** What rows are by. */
export const FLEET_TOP_KEYS = ["host", "command", "user"] as const;

/** One of them. */
export type FleetTopKey = typeof FLEET_TOP_KEYS[number];

/** Figures are of so much time, microseconds. */
export const TOP_WINDOW_US = 60_000_000;
/** Of a host that is as far behind nothing is known of now, milliseconds. */
const LATE_MS = 60_000;
const US_PER_TICK = 10_000;
const SHORT_NS = 1_000_000_000;

/** A row; of a host that is far behind only how far is known. */
export interface FleetTopRow {
  /** Name of a host or a command (comm), or a uid; null: not known. */
  readonly name: string | null;
  /** CPU time of what has ended, as far as it is of the time, microseconds. */
  cpuUs: number;
  living: number;
  started: number;
  ended: number;
  failed: number;
  /** Of those that ended, those that had lived for less than a second. */
  short: number;
  /** Of a host: for how long nothing is known of it, milliseconds. */
  readonly lagMs: number | null;
  /** False: the figures are not known. */
  readonly isKnown: boolean;
}

type HostRow = readonly [
  host: number,
  name: string,
  lagMs: number | null,
  boot: number | null,
  upTo: number | null,
];

/** A host, up to when it is known, in microseconds by the clock that its boot began with. */
interface Host {
  readonly host: number;
  readonly boot: number;
  readonly since: number;
  readonly until: number;
}

const HOSTS = `SELECT h.id, h.name,
    (extract(epoch FROM now() - h.seen) * 1000)::bigint
      + greatest(0, (extract(epoch FROM h.seen) * 1000)::bigint - h.reach / 1000),
    b.id, h.reach - c.epoch / 1000 + b.epoch_tick * ${US_PER_TICK}
  FROM fh.host h
    LEFT JOIN LATERAL (SELECT * FROM fh.boot b WHERE b.host = h.id ORDER BY b.id DESC LIMIT 1) b
      ON true
    LEFT JOIN LATERAL (SELECT * FROM fh.clock c WHERE c.boot = b.id ORDER BY c.since DESC LIMIT 1) c
      ON true
  WHERE h.name ~ $1 ORDER BY h.name`;

/** What rows are by, of a life `l` with its image `i`. */
const KEY: Readonly<Record<FleetTopKey, string>> = {
  host: "convert_to(l.host::text, 'UTF8')",
  command: "i.comm",
  user: "convert_to(i.uid::text, 'UTF8')",
};
const IMAGE = "LEFT JOIN fh.image i ON i.host = l.host AND i.id = l.image";

/** What is looked at. */
export interface FleetTopQuery {
  /** A glob. */
  readonly hosts: string;
  readonly by: FleetTopKey;
  /** Judges a wait status. */
  readonly isFailure: (status: number | null) => boolean;
  /** Null: whatever they run. */
  readonly images: WantedImages | null;
}

/** Looks at the hosts that are meant. */
export async function lookAtFleet(db: Connection, query: FleetTopQuery): Promise<FleetTopRow[]> {
  const { hosts, by } = query;
  const found = await db.rows<HostRow>(HOSTS, [globPattern(hosts)]);
  const rows = new Map<string | null, FleetTopRow>();
  const known: Host[] = [];
  for (const [host, name, lagMs, boot, until] of found) {
    const isKnown = boot !== null && until !== null && lagMs !== null && lagMs <= LATE_MS;
    if (by === "host") rows.set(String(host), rowOf(name, lagMs, isKnown));
    if (isKnown) known.push({ host, boot, since: until - TOP_WINDOW_US, until });
  }
  const rowFor = (key: Uint8Array | null): FleetTopRow => {
    const name = key === null ? null : decodeText(key);
    let row = rows.get(name);
    if (row === undefined) rows.set(name, row = rowOf(name, null, true));
    return row;
  };
  for (const some of ofOneTime(known)) await new Look(db, query, some).add(rowFor);
  return [...rows.values()];
}

function rowOf(name: string | null, lagMs: number | null, isKnown: boolean): FleetTopRow {
  const sums = { cpuUs: 0, living: 0, started: 0, ended: 0, failed: 0, short: 0 };
  return { name, ...sums, lagMs, isKnown };
}

/** A look at hosts whose clocks show about the same. */
class Look {
  readonly #db: Connection;
  readonly #query: FleetTopQuery;
  readonly #hosts: readonly Host[];
  readonly #since: number;
  readonly #until: number;
  /** Those that pass; null: all. */
  #images: readonly HostImage[] | null = null;

  constructor(db: Connection, query: FleetTopQuery, hosts: readonly Host[]) {
    this.#db = db;
    this.#query = query;
    this.#hosts = hosts;
    this.#since = Math.min(...hosts.map(({ since }) => since));
    this.#until = Math.max(...hosts.map(({ until }) => until));
  }

  async add(rowFor: (key: Uint8Array | null) => FleetTopRow): Promise<void> {
    const { images, isFailure } = this.#query;
    if (images !== null) this.#images = await this.#wanted(images);
    if (this.#images?.length === 0) return;
    for (const [key, status, isShort, count, cpuUs] of await this.#ended()) {
      const row = rowFor(key);
      row.ended += count;
      row.cpuUs += cpuUs;
      if (isShort) row.short += count;
      if (isFailure(status)) row.failed += count;
    }
    for (const [key, count] of await this.#begun()) rowFor(key).started += count;
    for (const [key, count] of await this.#living()) rowFor(key).living += count;
  }

  /** What those that are looked at run and may pass, and then which of it does. */
  async #wanted(images: WantedImages): Promise<HostImage[]> {
    const where = new Conditions();
    const ended = `SELECT l.host, l.image FROM ${this.#within(where)}
      WHERE ${this.#endedWithin(where)}`;
    const begun = `SELECT l.host, l.image FROM ${this.#within(where)}
      WHERE ${this.#begunWithin(where)}`;
    const living = `SELECT l.host, l.image FROM ${this.#within(where)} WHERE l.span IS NULL`;
    const test = images.test(where) ?? "true";
    const found = await this.#db.rows<HostImage>(
      `SELECT DISTINCT i.host, i.id::text
        FROM (${ended} UNION ${begun} UNION ${living}) l
        JOIN fh.image i ON i.host = l.host AND i.id = l.image WHERE ${test}`,
      where.parameters,
    );
    return await images.among(found);
  }

  #endedWithin(to: Conditions): string {
    const within = to.bind("l.ended >= ? AND l.ended < ?", this.#since, this.#until);
    return `${within} AND l.ended >= w.since AND l.ended < w.until`;
  }

  #begunWithin(to: Conditions): string {
    const id = (us: number) => String(BigInt(Math.floor(us / US_PER_TICK)) << 25n);
    const within = to.bind(
      "l.id >= ?::bigint AND l.id < ?::bigint",
      id(this.#since),
      id(this.#until),
    );
    const tick = `(l.id >> 25) * ${US_PER_TICK}`;
    return `${within} AND ${tick} >= w.since AND ${tick} < w.until AND l.flags & 1 = 0`;
  }

  /** What has ended; of what lived before only a part of its CPU time is of the time. */
  async #ended() {
    const where = new Conditions();
    const from = this.#within(where);
    where.add(this.#endedWithin(where));
    return await this.#db.rows<
      [key: Uint8Array | null, status: number | null, short: boolean, count: number, cpu: number]
    >(
      `SELECT ${KEY[this.#query.by]}, l.status, l.span < ${SHORT_NS}, count(*),
          coalesce(sum((l.user_us + l.system_us)
            * least(1, ${TOP_WINDOW_US}000.0 / greatest(1, l.span))), 0)::float8
        FROM ${from} WHERE ${where.sql} GROUP BY 1, 2, 3`,
      where.parameters,
    );
  }

  async #begun() {
    const where = new Conditions();
    const from = this.#within(where);
    where.add(this.#begunWithin(where));
    return await this.#counts(from, where);
  }

  async #living() {
    const where = new Conditions();
    return await this.#counts(this.#within(where), where.add("l.span IS NULL"));
  }

  async #counts(from: string, { sql, parameters }: Conditions) {
    return await this.#db.rows<[key: Uint8Array | null, count: number]>(
      `SELECT ${KEY[this.#query.by]}, count(*) FROM ${from} WHERE ${sql} GROUP BY 1`,
      parameters,
    );
  }

  #within(where: Conditions): string {
    const arrays = where.bind(
      "unnest(?::int[], ?::int[], ?::bigint[], ?::bigint[]) w (host, boot, since, until)",
      this.#hosts.map(({ host }) => host),
      this.#hosts.map(({ boot }) => boot),
      this.#hosts.map(({ since }) => since),
      this.#hosts.map(({ until }) => until),
    );
    const some = this.#images === null ? "" : where.bind(
      "JOIN unnest(?::int[], ?::uuid[]) f (host, image) ON f.host = l.host AND f.image = l.image",
      this.#images.map(([host]) => host),
      this.#images.map(([, image]) => image),
    );
    const image = this.#query.by === "host" ? "" : IMAGE;
    return `${arrays} JOIN fh.life l ON l.host = w.host AND l.boot = w.boot ${some} ${image}`;
  }
}
