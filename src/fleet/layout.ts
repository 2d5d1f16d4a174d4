/**
 * How the tables of a fleet are laid out: by days, in one piece, or by what spreads them over
 * servers.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import type { Connection } from "./connection.ts";

/** Key of the advisory lock that whoever changes the tables holds: "fh", then the year. */
export const MIGRATION_LOCK = 0x66682026;

/** A way to lay them out. */
export const LAYOUTS = ["days", "plain", "distributed", "timescale"] as const;
/** One of {@linkcode LAYOUTS}. */
export type Layout = typeof LAYOUTS[number];

const TICKS_PER_DAY = 8_640_000;
/** Bits of an id of a life below its start. */
const BELOW_TICK = 25;

/** Partitions by day of the start; what lies outside of sane days goes to the default one. */
const DAYS = `
CREATE TABLE fh.life_other PARTITION OF fh.life DEFAULT;
CREATE FUNCTION fh.day_id(day int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (day::bigint * ${TICKS_PER_DAY}) << ${BELOW_TICK}
$$;
CREATE FUNCTION fh.need_day(day int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today int := extract(epoch FROM now())::bigint / 86400;
  name text := 'life_' || to_char(to_timestamp(day::bigint * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');
BEGIN
  IF day NOT BETWEEN today - 400 AND today + 2 OR to_regclass('fh.' || name) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(${MIGRATION_LOCK}, 1);
  IF to_regclass('fh.' || name) IS NOT NULL THEN
    RETURN;
  END IF;
  -- Hosts whose clock is ahead may have begun that day before it came.
  EXECUTE format('CREATE TABLE fh.%I (LIKE fh.life INCLUDING CONSTRAINTS)', name);
  EXECUTE format('WITH moved AS (DELETE FROM fh.life_other WHERE id >= %s AND id < %s RETURNING *)
    INSERT INTO fh.%I SELECT * FROM moved', fh.day_id(day), fh.day_id(day + 1), name);
  EXECUTE format('ALTER TABLE fh.life ATTACH PARTITION fh.%I FOR VALUES FROM (%s) TO (%s)',
    name, fh.day_id(day), fh.day_id(day + 1));
END $$;
`;
const ONE_PIECE = `
CREATE FUNCTION fh.need_day(day int) RETURNS void LANGUAGE sql AS $$ SELECT $$;
`;

/** Few rows, that every server needs; and many, which stand with those of their host. */
const EVERYWHERE = [
  ...["host", "boot", "clock", "run", "gap", "finding", "job", "image_text"],
];
const BY_HOST = ["image", "former", "hour_sum", "program", "member"];
const CITUS = [
  ...EVERYWHERE.map((name) => `SELECT create_reference_table('fh.${name}');`),
  "SELECT create_distributed_table('fh.life', 'host');",
  ...BY_HOST.map((name) => {
    return `SELECT create_distributed_table('fh.${name}', 'host', colocate_with => 'fh.life');`;
  }),
].join("\n");
const TIMESCALE = `SELECT create_hypertable('fh.life', 'id', create_default_indexes => false,
  chunk_time_interval => ${BigInt(TICKS_PER_DAY) << BigInt(BELOW_TICK)}::bigint);
`;

/** What is said behind CREATE TABLE fh.life (…), and the SQL once all tables are there. */
export function layoutSql(layout: Layout): { readonly life: string; readonly after: string } {
  switch (layout) {
    case "days":
      return { life: "PARTITION BY RANGE (id)", after: DAYS };
    case "plain":
      return { life: "", after: ONE_PIECE };
    case "distributed":
      return { life: "", after: `${CITUS}${ONE_PIECE}` };
    case "timescale":
      return { life: "", after: `${TIMESCALE}${ONE_PIECE}` };
  }
}

const NEEDED: Readonly<Partial<Record<Layout, readonly [what: string, call: string]>>> = {
  distributed: ["Citus", "create_distributed_table"],
  timescale: ["Timescale", "create_hypertable"],
};

/** Throws CommandError where the database has not what the layout needs. */
export async function needLayout(db: Connection, layout: Layout): Promise<void> {
  const needed = NEEDED[layout];
  if (needed === undefined) return;
  const [what, call] = needed;
  const [found] = await db.rows("SELECT 1 FROM pg_proc WHERE proname = $1 LIMIT 1", [call]);
  if (found !== undefined) return;
  const extension = layout === "distributed" ? "citus" : "timescaledb";
  const missing = `The database at ${db.shown} has no ${what}`;
  throw new CommandError(EXIT.failed, `${missing}; run CREATE EXTENSION ${extension} there first`);
}
