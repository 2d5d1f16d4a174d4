/**
 * Making and looking after the tables of a fleet.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import type { Connection } from "./connection.ts";
import { type Layout, MIGRATION_LOCK, needLayout } from "./layout.ts";
import { FIRST, migrations, ROLES } from "./schema.ts";

/** PostgreSQL from this version on. */
const SERVER_MIN = 130_000;
/** Names of hosts and users may have any character; the second takes all bytes as they are. */
const ENCODINGS = ["UTF8", "SQL_ASCII"];
const DAY_MS = 86_400_000;
const US_PER_MS = 1000;
/** Partitions are made for so many days that come. */
const DAYS_AHEAD = 2;

/** What a migration has done. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
}

/**
 * Brings the tables up to date, or makes them in that layout; null: in that which they have, or by
 * days. Throws CommandError where that cannot be.
 */
export async function migrate(db: Connection, layout: Layout | null): Promise<Migrated> {
  const [row] = await db.rows<[number, string]>(
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')",
  );
  const [version, encoding] = row!;
  if (version < SERVER_MIN) {
    const what = `The fleet at ${db.shown} is PostgreSQL ${Math.floor(version / 10_000)}`;
    throw new CommandError(EXIT.failed, `${what}; take 13 or later`);
  }
  if (!ENCODINGS.includes(encoding)) {
    const what = `The fleet at ${db.shown} is a database of encoding ${encoding}`;
    const advice = "take one of UTF8: createdb -E UTF8 -T template0 NAME";
    throw new CommandError(EXIT.failed, `${what}; ${advice}`);
  }
  return await db.transaction(async () => {
    await db.rows("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await db.run(`SET client_min_messages = warning; ${ROLES} ${FIRST}`);
    const [last] = await db.rows<[number, Layout]>(
      "SELECT version, layout FROM fh.migration ORDER BY version DESC LIMIT 1",
    );
    const [from, its] = last ?? [0, layout ?? "days"];
    if (layout !== null && layout !== its) {
      const what = `The tables at ${db.shown} are there already, in the layout ${its}`;
      throw new CommandError(
        EXIT.failed,
        `${what}; leave --${layout} out, or take another database`,
      );
    }
    await needLayout(db, its);
    const all = migrations(its);
    if (from > all.length) {
      const what = `The tables at ${db.shown} are of version ${from}, this fh knows ${all.length}`;
      throw new CommandError(EXIT.failed, `${what}; use a newer fh`);
    }
    for (const [at, sql] of all.entries()) {
      if (at < from) continue;
      await db.run(sql);
      await db.rows("INSERT INTO fh.migration (version, layout) VALUES ($1, $2)", [at + 1, its]);
    }
    await db.rows(
      `SELECT fh.need_day(day) FROM generate_series((extract(epoch FROM now()) / 86400)::int,
        (extract(epoch FROM now()) / 86400)::int + ${DAYS_AHEAD}) AS day`,
    );
    return { from, to: all.length };
  });
}

/** SQL that makes the role of a host, which can add what is its own, and read nothing. */
export function hostGrants(name: string): string[] {
  return roleGrants(name, "fh_host");
}

/** SQL that makes a role which may ask everything. */
export function readerGrants(name: string): string[] {
  return roleGrants(name, "fh_reader");
}

function roleGrants(name: string, group: string): string[] {
  const role = `"${name.replaceAll('"', '""')}"`;
  return [`CREATE ROLE ${role} LOGIN`, `GRANT ${group} TO ${role}`];
}

/** Makes a role; one that is there already is given what it needs. */
export async function makeRole(db: Connection, name: string, grants: string[]): Promise<void> {
  const [known] = await db.rows("SELECT 1 FROM pg_roles WHERE rolname = $1", [name]);
  const [create, ...rest] = grants;
  // Somebody else may make it at the same time.
  const made = `DO $$ BEGIN ${create};
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
  for (const sql of known === undefined ? [made, ...rest] : rest) await db.run(sql);
}

/** What a fleet has of a host. */
export interface FleetHost {
  readonly name: string;
  readonly role: string;
  readonly version: string;
  /** Milliseconds since the Unix epoch: when it was heard of last, by the clock of the database. */
  readonly seen: number;
  /** For how many milliseconds nothing was heard of it. */
  readonly silentMs: number;
  /** Up to when everything is shipped, by the host's own clock; null: nothing is. */
  readonly reach: number | null;
  /** Lives that waited to be shipped when it was heard of last. */
  readonly waiting: number;
  /** Lives that the host had forgotten before they were shipped. */
  readonly forgotten: number;
}

type HostRow = readonly [string, string, string, number, number, number | null, number, number];

/** All hosts, by name. */
export async function readHosts(db: Connection): Promise<FleetHost[]> {
  const rows = await db.rows<HostRow>(
    `SELECT name, role::text, version, (extract(epoch FROM seen) * 1000)::bigint,
      (extract(epoch FROM now() - seen) * 1000)::bigint, reach / 1000, waiting, forgotten
      FROM fh.host ORDER BY name`,
  );
  return rows.map(([name, role, version, seen, silentMs, reach, waiting, forgotten]) => ({
    ...{ name, role, version, seen, silentMs, reach, waiting, forgotten },
  }));
}

/** What the tables take, bytes. */
export async function readSize(db: Connection): Promise<number> {
  const [row] = await db.rows<[number]>(
    `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'fh' AND c.relkind IN ('r', 'p')`,
  );
  return row![0];
}

/** What was deleted. */
export interface Pruned {
  readonly lives: number;
  /** Partitions that were dropped as a whole. */
  readonly days: number;
}

/**
 * Forgets what ended more than `keepMs` ago; ancestors of what stays are kept, as in a history, and
 * so is what runs.
 */
export async function prune(db: Connection, keepMs: number, now: number): Promise<Pruned> {
  const cutoff = Math.floor((now - keepMs) * US_PER_MS);
  await db.rows("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
  try {
    // Without it a join of much that has just come is reckoned with as one of little.
    await db.run("ANALYZE fh.life; ANALYZE fh.former");
    let lives = 0;
    // Each pass takes those that have nobody below them any more.
    for (;;) {
      const [row] = await db.rows<[number]>(
        `WITH gone AS (DELETE FROM fh.life p WHERE p.ended < $1 AND NOT EXISTS (SELECT 1
            FROM fh.life c WHERE c.host = p.host AND c.boot = p.boot AND c.parent = p.id)
          RETURNING p.host, p.boot, p.id),
        formers AS (DELETE FROM fh.former f USING gone g
          WHERE f.host = g.host AND f.boot = g.boot AND f.life = g.id),
        members AS (DELETE FROM fh.member m USING gone g
          WHERE m.host = g.host AND m.boot = g.boot AND m.life = g.id)
        SELECT count(*) FROM gone`,
        [cutoff],
      );
      lives += row![0];
      if (row![0] === 0) break;
    }
    await db.rows(
      `DELETE FROM fh.job j WHERE j.begun + (j.until - j.since) / 1000 < $1
        AND NOT EXISTS (SELECT 1 FROM fh.member m WHERE m.job = j.id)`,
      [cutoff],
    );
    await db.rows(
      `UPDATE fh.run r SET kept = greatest(r.kept,
          least(r.seen, ($1 - b.epoch_tick * 10000) * 1000))
        FROM fh.boot b WHERE b.id = r.boot`,
      [cutoff],
    );
    const hour = Math.floor(cutoff / 3_600_000_000);
    await db.rows("DELETE FROM fh.hour_sum WHERE hour < $1", [hour]);
    await db.rows("DELETE FROM fh.program WHERE day < $1", [Math.floor((now - keepMs) / DAY_MS)]);
    await db.transaction(async () => {
      // Not while a host adds a life of which the image is there already.
      await db.run("LOCK TABLE fh.image IN SHARE ROW EXCLUSIVE MODE");
      await db.run(
        `DELETE FROM fh.image i WHERE NOT EXISTS (SELECT 1 FROM fh.life l
            WHERE l.image = i.id AND l.host = i.host)
          AND NOT EXISTS (SELECT 1 FROM fh.former f WHERE f.host = i.host AND f.image = i.id)`,
      );
      await db.run(
        `DELETE FROM fh.image_text t WHERE NOT EXISTS (SELECT 1 FROM fh.image i
          WHERE i.id = t.id)`,
      );
    });
    return { lives, days: await dropDays(db, Math.floor((now - keepMs) / DAY_MS)) };
  } finally {
    await db.rows("SELECT pg_advisory_unlock($1)", [MIGRATION_LOCK]);
  }
}

/** Drops partitions of days before `day` of which nothing is left. */
async function dropDays(db: Connection, day: number): Promise<number> {
  const names = await db.rows<[string]>(
    `SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'fh.life'::regclass AND c.relname ~ '^life_\\d{8}$'
        AND to_date(right(c.relname, 8), 'YYYYMMDD') < to_timestamp($1::bigint * 86400)::date`,
    [day],
  );
  let dropped = 0;
  for (const [name] of names) {
    dropped += await db.transaction(async () => {
      // As hosts do, the whole first: each would wait for the other.
      await db.run("LOCK TABLE ONLY fh.life IN ACCESS EXCLUSIVE MODE");
      await db.run(`LOCK TABLE fh."${name}" IN ACCESS EXCLUSIVE MODE`);
      const [left] = await db.rows(`SELECT 1 FROM fh."${name}" LIMIT 1`);
      if (left !== undefined) return 0;
      await db.run(`DROP TABLE fh."${name}"`);
      return 1;
    });
  }
  return dropped;
}
