/**
 * The tables of a fleet in PostgreSQL 13 and later. docs/fleet.md explains them to other tools.
 *
 * @module
 */
import { COST_COLUMNS } from "./columns.ts";
import { JOB_TABLES, JOBS } from "./job_tables.ts";
import { type Layout, layoutSql } from "./layout.ts";
import { BOOTS, HELLO, LIVES, MERGE, PUT_LIVES, RENAMES } from "./merge.ts";

const COSTS = COST_COLUMNS.map((name) => `${name} bigint`).join(",\n  ");
const SUM_COSTS = COST_COLUMNS.map((name) => `${name} bigint NOT NULL`).join(",\n  ");

/**
 * Times are nanoseconds since boot, as in a history; `ended` is microseconds since the Unix epoch
 * by the clock that the boot began with, which only goes forward. The id of a life is its start in
 * clock ticks by that clock, its pid (22 bits), and how many lives that pid had in the tick before
 * (3 bits): ids go up with time, and are the same however often and by whom a life is shipped.
 *
 * `image_text` has what is looked for in images, once for the whole fleet. The id of an image is
 * what a host says; the digest is the database's own, so that no host can hide what others run.
 */
const TABLES = `
CREATE TABLE fh.host (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  role name NOT NULL,
  machine uuid NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  joined timestamptz NOT NULL DEFAULT now(),
  seen timestamptz NOT NULL DEFAULT now(),
  reach bigint,
  session int NOT NULL DEFAULT 1,
  cursor jsonb,
  waiting bigint NOT NULL DEFAULT 0,
  forgotten bigint NOT NULL DEFAULT 0,
  UNIQUE (role, machine)
);
CREATE TABLE fh.boot (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host int NOT NULL REFERENCES fh.host ON DELETE CASCADE,
  boot_id uuid NOT NULL,
  epoch_tick bigint NOT NULL,
  UNIQUE (host, boot_id)
);
CREATE TABLE fh.clock (
  boot int NOT NULL REFERENCES fh.boot ON DELETE CASCADE,
  since bigint NOT NULL,
  epoch bigint NOT NULL,
  PRIMARY KEY (boot, since)
);
CREATE TABLE fh.run (
  boot int NOT NULL REFERENCES fh.boot ON DELETE CASCADE,
  pid bigint NOT NULL,
  since bigint NOT NULL,
  kept bigint NOT NULL,
  seen bigint NOT NULL,
  ended bigint,
  source text NOT NULL,
  why text NOT NULL,
  version text NOT NULL,
  events bigint NOT NULL,
  lost bigint NOT NULL,
  accounts text,
  findings int,
  PRIMARY KEY (boot, since, pid)
);
CREATE TABLE fh.gap (
  boot int NOT NULL REFERENCES fh.boot ON DELETE CASCADE,
  since bigint NOT NULL,
  until bigint NOT NULL,
  lost bigint,
  reason text NOT NULL,
  PRIMARY KEY (boot, until, since, reason)
);
CREATE TABLE fh.image (
  host int NOT NULL,
  id uuid NOT NULL,
  argv bytea,
  exe bytea,
  cwd bytea,
  cgroup bytea,
  comm bytea,
  env bytea,
  uid bigint,
  argv_missing bigint NOT NULL,
  PRIMARY KEY (host, id)
);
CREATE INDEX image_comm ON fh.image (comm);
CREATE TABLE fh.image_text (
  id uuid NOT NULL,
  digest uuid NOT NULL,
  uid bigint,
  argv bytea,
  exe bytea,
  comm bytea,
  PRIMARY KEY (id, digest)
);
CREATE TABLE fh.life (
  host int NOT NULL,
  boot int NOT NULL,
  id bigint NOT NULL,
  born bigint NOT NULL,
  span bigint,
  ended bigint,
  parent bigint,
  exec bigint,
  ${COSTS},
  pid int NOT NULL,
  ppid int,
  reaper int,
  status int,
  flags int NOT NULL,
  image uuid NOT NULL,
  PRIMARY KEY (host, boot, id)
) /* by time */;
CREATE INDEX life_ended ON fh.life (ended);
CREATE INDEX life_failed ON fh.life (ended) WHERE status <> 0;
CREATE INDEX life_pid ON fh.life (host, pid);
CREATE INDEX life_parent ON fh.life (parent) WHERE parent IS NOT NULL;
CREATE INDEX life_image ON fh.life (image, ended);
CREATE INDEX life_open ON fh.life (host, boot, born) WHERE span IS NULL OR span > 1000000000;
CREATE TABLE fh.former (
  host int NOT NULL,
  boot int NOT NULL,
  life bigint NOT NULL,
  until bigint NOT NULL,
  since bigint,
  image uuid,
  PRIMARY KEY (host, boot, life, until)
);
CREATE INDEX former_until ON fh.former (host, boot, until);
CREATE TABLE fh.hour_sum (
  host int NOT NULL,
  hour bigint NOT NULL,
  kind text NOT NULL,
  key bytea NOT NULL,
  processes bigint NOT NULL,
  failed bigint NOT NULL,
  unseen bigint NOT NULL,
  timed bigint NOT NULL,
  elapsed_us bigint NOT NULL,
  accounted bigint NOT NULL,
  ${SUM_COSTS},
  PRIMARY KEY (hour, kind, host, key)
) WITH (fillfactor = 70);
CREATE TABLE fh.program (
  day int NOT NULL,
  host int NOT NULL,
  name bytea NOT NULL,
  started bigint NOT NULL,
  PRIMARY KEY (day, host, name)
) WITH (fillfactor = 70);
CREATE INDEX program_name ON fh.program (name, host, day);
CREATE TABLE fh.finding (
  boot int NOT NULL REFERENCES fh.boot ON DELETE CASCADE,
  kind text NOT NULL,
  key text NOT NULL,
  since bigint NOT NULL,
  until bigint NOT NULL,
  over int NOT NULL,
  count bigint NOT NULL,
  life bigint NOT NULL,
  by_life bigint,
  uid bigint NOT NULL,
  facts text NOT NULL,
  PRIMARY KEY (boot, kind, key, since)
);
`;

/** For people: texts put in, times as timestamps. */
const VIEWS = `
CREATE FUNCTION fh.text(bytes bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN OTHERS THEN
  RETURN encode(bytes, 'escape');
END $$;
CREATE FUNCTION fh.words(argv bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT rtrim(replace(encode(argv, 'escape'), '\\000', ' '))
$$;
CREATE VIEW fh.process AS
SELECT h.name AS host,
  left(b.boot_id::text, 8) || '-' || l.pid || '-' || CASE WHEN l.flags & 1 <> 0 THEN '~' ELSE '' END
    || l.born / 10000000
    || CASE WHEN l.flags >> 8 > 0 THEN '.' || (l.flags >> 8) + 1 ELSE '' END AS id,
  l.pid,
  coalesce(l.parent >> 3 & 4194303, l.ppid) AS ppid,
  i.uid,
  fh.text(i.comm) AS comm,
  fh.text(i.exe) AS exe,
  fh.words(i.argv) AS argv,
  to_timestamp((b.epoch_tick * 10000000 + l.born) / 1e9) AS started,
  to_timestamp(l.ended / 1e6) AS ended,
  CASE WHEN l.span IS NULL THEN 'running' WHEN l.flags & 8 <> 0 THEN 'unknown' ELSE 'exited' END
    AS state,
  CASE WHEN l.status & 127 = 0 THEN l.status >> 8 END AS exit_code,
  nullif(l.status & 127, 0) AS signal,
  ${COST_COLUMNS.map((name) => `l.${name}`).join(", ")}
FROM fh.life l JOIN fh.host h ON h.id = l.host JOIN fh.boot b ON b.id = l.boot
  LEFT JOIN fh.image i ON i.host = l.host AND i.id = l.image;
`;

/** Nobody may do anything but those that are given the roles. */
const GRANTS = `
REVOKE ALL ON SCHEMA fh FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fh FROM PUBLIC;
GRANT USAGE ON SCHEMA fh TO fh_host, fh_reader;
GRANT EXECUTE ON FUNCTION fh.hello(uuid, text, text), fh.merge(jsonb, text[], text[], text[]),
  fh.hello_jobs(uuid), fh.put_jobs(jsonb) TO fh_host;
GRANT SELECT ON ALL TABLES IN SCHEMA fh TO fh_reader;
GRANT EXECUTE ON FUNCTION fh.text(bytea), fh.words(bytea) TO fh_reader;
`;

/** What makes the roles where they are missing, and gives them what they may do. */
export const ROLES = `
${roleSql("fh_host")}
${roleSql("fh_reader")}`;

/** Roles are those of all databases of a server: another one may make them at the same time. */
function roleSql(name: string): string {
  return `DO $$ BEGIN CREATE ROLE ${name} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;`;
}

/**
 * What is asked for in the order of time: of one host, of one program there, of what lived for
 * long, and of what was run late, in lives and before. Nothing was found by the ends of the latter.
 */
const ORDERS = `
CREATE INDEX life_host ON fh.life (host, ended);
CREATE INDEX life_program ON fh.life (host, image, ended);
CREATE INDEX life_long ON fh.life (ended) WHERE span >= 1000000000;
CREATE INDEX life_late ON fh.life (host, boot, (born + exec)) WHERE exec > 1000000000;
DROP INDEX fh.former_until;
CREATE INDEX former_since ON fh.former (host, boot, since);
`;

/** One process is one life, also where two files of a host know its start by another tick. */
const RENAMING = [
  RENAMES,
  MERGE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
  "REVOKE ALL ON FUNCTION fh.rename_lives(int, jsonb) FROM PUBLIC;",
].join("\n");

/** The table of migrations itself. */
export const FIRST = `CREATE SCHEMA IF NOT EXISTS fh;
CREATE TABLE IF NOT EXISTS fh.migration (
  version int PRIMARY KEY,
  layout text NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);`;

/**
 * What turns tables of version n into those of n + 1, in order. Only ever appended to: databases
 * of every earlier version are out there.
 */
export function migrations(layout: Layout): readonly string[] {
  const { life, after } = layoutSql(layout);
  const tables = TABLES.replace("/* by time */", life);
  return [
    [tables, JOB_TABLES, after, VIEWS, HELLO, BOOTS, LIVES, PUT_LIVES, MERGE, JOBS, GRANTS]
      .join("\n"),
    [BOOTS, PUT_LIVES, ORDERS, RENAMING].join("\n"),
  ];
}
