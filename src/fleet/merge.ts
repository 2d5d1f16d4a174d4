/**
 * What the database does with what a host has copied into it. Hosts may call this and nothing else:
 * it runs with the rights of the owner of the tables, for rows of the role that calls it alone.
 *
 * @module
 */
import { IMAGE_PARTS } from "../model/image.ts";
import { COST_COLUMNS, COUNT_COLUMNS, LIFE_COLUMNS } from "./columns.ts";
import { MIGRATION_LOCK } from "./layout.ts";

const DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp";
/**
 * A session begins while the tables are empty, and days are added while it goes on: rows are found
 * by their keys, one by one, whatever the statistics say, and it is planned once.
 */
const BY_KEY = `SET plan_cache_mode = force_generic_plan
  SET enable_seqscan = off SET enable_bitmapscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off`;

/** SQLSTATE of a batch of a session that is not the latest of its host. */
export const SUPERSEDED = "FH001";

/**
 * A host says who it is, and is told from where it is to go on and what it has left open. Only the
 * latest session may add anything: what another has sent before the network broke, and what comes
 * late, would put what is old in the place of what is new.
 */
export const HELLO = `
CREATE FUNCTION fh.life_id(epoch_tick bigint, pid bigint, born bigint, nth int) RETURNS bigint
  LANGUAGE sql IMMUTABLE AS $$
  SELECT ((epoch_tick + born / 10000000) << 25) | ((pid & 4194303) << 3) | (nth & 7)
$$;
CREATE FUNCTION fh.hello(its_machine uuid, its_name text, its_version text) RETURNS jsonb
  LANGUAGE plpgsql ${DEFINER} AS $$
DECLARE
  one fh.host;
  others int;
BEGIN
  UPDATE fh.host
    SET seen = now(), version = left(its_version, 64), session = session + 1
    WHERE role = session_user AND machine = its_machine RETURNING * INTO one;
  IF NOT FOUND THEN
    -- Two that come at the same time get two names.
    PERFORM pg_advisory_xact_lock(${MIGRATION_LOCK}, 2);
    SELECT count(*) INTO others FROM fh.host
      WHERE name = its_name
        OR name ~ ('^' || regexp_replace(its_name, '\\W', '.', 'g') || '#\\d+$');
    INSERT INTO fh.host (role, machine, name, version)
      VALUES (session_user, its_machine,
        left(its_name, 255) || CASE WHEN others > 0 THEN '#' || others + 1 ELSE '' END,
        left(its_version, 64))
      ON CONFLICT (role, machine) DO UPDATE SET session = host.session + 1
      RETURNING * INTO one;
  END IF;
  RETURN jsonb_build_object('name', one.name, 'session', one.session, 'cursor', one.cursor,
    'open', (SELECT coalesce(jsonb_agg(jsonb_build_array(b.boot_id, l.pid, l.born)), '[]')
      FROM fh.life l JOIN fh.boot b ON b.id = l.boot WHERE l.host = one.id AND l.span IS NULL));
END $$;
`;

/**
 * Boots with their clocks, runs of recorders, gaps; in place of what stands there in a database of
 * version 1. From when on a run is kept is that of the fleet, which may keep for longer than the
 * host: what that forgets later stays here, until fh fleet prune.
 */
export const BOOTS = `
CREATE OR REPLACE FUNCTION fh.put_boots(me int, boots jsonb) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  one jsonb;
  its int;
BEGIN
  FOR one IN SELECT * FROM jsonb_array_elements(boots) LOOP
    INSERT INTO fh.boot (host, boot_id, epoch_tick)
      VALUES (me, (one->>'boot_id')::uuid, (one->>'epoch_tick')::bigint) ON CONFLICT DO NOTHING;
    SELECT id INTO its FROM fh.boot WHERE host = me AND boot_id = (one->>'boot_id')::uuid;
    INSERT INTO fh.clock SELECT its, r.since, r.epoch
      FROM jsonb_to_recordset(one->'clock') AS r (since bigint, epoch bigint)
      ON CONFLICT (boot, since) DO UPDATE SET epoch = excluded.epoch;
    INSERT INTO fh.run SELECT its, r.* FROM jsonb_to_recordset(one->'runs') AS r (pid bigint,
        since bigint, kept bigint, seen bigint, ended bigint, source text, why text, version text,
        events bigint, lost bigint, accounts text, findings int)
      ON CONFLICT (boot, since, pid) DO UPDATE SET seen = excluded.seen,
        ended = excluded.ended, events = excluded.events, lost = excluded.lost;
    INSERT INTO fh.gap SELECT its, r.*
      FROM jsonb_to_recordset(one->'gaps') AS r (since bigint, until bigint, lost bigint,
        reason text)
      ON CONFLICT (boot, until, since, reason) DO UPDATE SET lost = excluded.lost;
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION fh.put_findings(me int, findings jsonb) RETURNS void LANGUAGE sql
  SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO fh.finding
    SELECT b.id, r.kind, r.key, r.since, r.until, r.over, r.count,
      fh.life_id(b.epoch_tick, r.pid, r.born, r.nth),
      fh.life_id(b.epoch_tick, r.by_pid, r.by_born, r.by_nth), r.uid, r.facts
    FROM jsonb_to_recordset(findings) AS r (boot_id uuid, kind text, key text, since bigint,
      until bigint, over int, count bigint, pid bigint, born bigint, nth int, by_pid bigint,
      by_born bigint, by_nth int, uid bigint, facts text)
    JOIN fh.boot b ON b.host = me AND b.boot_id = r.boot_id
    ON CONFLICT (boot, kind, key, since) DO UPDATE SET until = excluded.until,
      over = excluded.over, count = excluded.count, life = excluded.life,
      by_life = excluded.by_life, facts = excluded.facts
$$;
`;

/** What is copied of a life, in the order of the arrays, with their types. */
export const LIFE_ARRAYS: readonly (readonly [name: string, type: string])[] = [
  ["boot_id", "uuid"],
  ["pid", "int"],
  ["born", "bigint"],
  ["nth", "int"],
  ["span", "bigint"],
  ["parent_pid", "bigint"],
  ["parent_born", "bigint"],
  ["parent_nth", "int"],
  ["ppid", "int"],
  ["reaper", "int"],
  ["status", "int"],
  ["image", "uuid"],
  ["exec", "bigint"],
  ["flags", "int"],
  ...COST_COLUMNS.map((name) => [name, "bigint"] as const),
];
/** And of an image: texts are hexadecimal. */
export const IMAGE_ARRAYS: readonly (readonly [name: string, type: string])[] = [
  ["id", "uuid"],
  ...IMAGE_PARTS.map((name) => [name, "text"] as const),
  ["uid", "bigint"],
  ["argv_missing", "bigint"],
];
/** And of what a life ran before. */
export const FORMER_ARRAYS: readonly (readonly [name: string, type: string])[] = [
  ["boot_id", "uuid"],
  ["pid", "int"],
  ["born", "bigint"],
  ["nth", "int"],
  ["until", "bigint"],
  ["since", "bigint"],
  ["image", "uuid"],
];

/** SQL of the rows that the arrays of a parameter make, as `i`. */
function rowsOf(parameter: string, arrays: typeof LIFE_ARRAYS): string {
  const all = arrays.map(([, type], at) => `${parameter}[${at + 1}]::${type}[]`);
  return `unnest(${all.join(", ")}) AS i (${arrays.map(([name]) => name).join(", ")})`;
}

/** The start as well: a file that is made anew knows it by the clock tick alone. */
const CHANGES = [
  ...["born", "span", "ended", "reaper", "status", "image", "exec", "flags"],
  ...COST_COLUMNS,
];
/** A row of `fh.life`, in the order of its columns. */
function lifeRow(values: Readonly<Record<string, string>>, its: string): string {
  return `ROW(${LIFE_COLUMNS.map((name) => values[name] ?? `${its}.${name}`).join(", ")})::fh.life`;
}

const isLargest = (name: string) => name === "peak_kib";
const SUMS = COST_COLUMNS.map((name) =>
  isLargest(name)
    ? `coalesce(max(d.${name}), 0) AS ${name}`
    : `coalesce(sum(sign * d.${name}), 0)::bigint AS ${name}`
).join(", ");
const TOTALS = [...COUNT_COLUMNS, ...COST_COLUMNS].map((name) =>
  isLargest(name) ? `max(s.${name})` : `sum(s.${name})::bigint`
).join(", ");
const ADDED = [...COUNT_COLUMNS, ...COST_COLUMNS].map((name) =>
  isLargest(name)
    ? `${name} = greatest(hour_sum.${name}, excluded.${name})`
    : `${name} = hour_sum.${name} + excluded.${name}`
).join(", ");

/** A path as the key of an index, which has 2704 bytes: Linux allows 4096. */
const SHORT_PATH = `CASE WHEN length(i.exe) > 2000
        THEN substr(i.exe, 1, 2000) || convert_to('...' || md5(i.exe), 'UTF8')
        ELSE coalesce(i.exe, '') END`;

/**
 * Lives that are new or have changed; and what the sums and programs have of that. One statement
 * for each table, for what spreads tables over servers takes no others.
 */
export const LIVES = `
CREATE FUNCTION fh.fresh_lives(me int, lives text[]) RETURNS fh.life[] LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp ${BY_KEY} AS $$
BEGIN
  RETURN ARRAY(SELECT DISTINCT ON (b.id, n.id) ${
  lifeRow({
    host: "me",
    boot: "b.id",
    id: "n.id",
    ended: "b.epoch_tick * 10000 + (i.born + i.span) / 1000",
    parent: "fh.life_id(b.epoch_tick, i.parent_pid, i.parent_born, i.parent_nth)",
  }, "i")
}
    FROM ${rowsOf("lives", LIFE_ARRAYS)}
      JOIN fh.boot b ON b.host = me AND b.boot_id = i.boot_id
      CROSS JOIN LATERAL (SELECT fh.life_id(b.epoch_tick, i.pid, i.born, i.nth)) n (id));
END $$;
CREATE FUNCTION fh.gone_lives(me int, gone jsonb) RETURNS fh.life[] LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp ${BY_KEY} AS $$
BEGIN
  RETURN ARRAY(SELECT ${
  lifeRow({
    span: "n.span",
    ended: "b.epoch_tick * 10000 + (l.born + n.span) / 1000",
    flags: "l.flags | 8",
  }, "l")
}
    FROM jsonb_to_recordset(gone) AS g (boot_id uuid, pid int, born bigint)
      JOIN fh.boot b ON b.host = me AND b.boot_id = g.boot_id
      JOIN fh.life l ON l.host = me AND l.boot = b.id AND l.pid = g.pid AND l.born = g.born
      CROSS JOIN LATERAL (SELECT greatest(0, coalesce((SELECT max(seen) FROM fh.run r
        WHERE r.boot = b.id), l.born) - l.born)) n (span)
    WHERE l.span IS NULL);
END $$;
`;

/**
 * Adds lives, in place of what stands there in a database of version 1. What has neither a path nor
 * words is a thread of the kernel, of which every host has others, or was gone before anybody could
 * look: that is a program where an exec was seen, and its name.
 */
export const PUT_LIVES = `
CREATE OR REPLACE FUNCTION fh.put_lives(me int, lives text[], gone jsonb) RETURNS bigint
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp ${BY_KEY} AS $$
DECLARE
  fresh fh.life[] := fh.fresh_lives(me, lives);
  old fh.life[];
  again fh.life[];
BEGIN
  PERFORM fh.need_day(day)
    FROM (SELECT DISTINCT ((f.id >> 25) / 8640000)::int AS day FROM unnest(fresh) f) d;
  IF gone <> '[]' THEN
    -- What is met again, if by another start in the same tick, is not gone.
    fresh := fresh || ARRAY(SELECT g FROM unnest(fh.gone_lives(me, gone)) g
      WHERE NOT EXISTS (SELECT 1 FROM unnest(fresh) f WHERE f.boot = g.boot AND f.id = g.id));
  END IF;
  SELECT array_agg(l), array_agg(f) FILTER (WHERE f.exec IS NOT NULL AND l.image = f.image)
    INTO old, again
    FROM unnest(fresh) f CROSS JOIN LATERAL (SELECT * FROM fh.life
      WHERE host = me AND boot = f.boot AND id = f.id OFFSET 0) l;
  INSERT INTO fh.life (${LIFE_COLUMNS.join(", ")}) SELECT f.* FROM unnest(fresh) f
    ON CONFLICT (host, boot, id) DO UPDATE SET parent = coalesce(life.parent, excluded.parent),
      ${CHANGES.map((name) => `${name} = excluded.${name}`).join(", ")};
  INSERT INTO fh.hour_sum SELECT me, s.hour, k.kind, coalesce(k.key, ''), ${TOTALS}
    FROM (SELECT d.ended / 3600000000 AS hour, d.image, d.status,
        sum(sign) AS processes, coalesce(sum(sign) FILTER (WHERE d.status <> 0), 0) AS failed,
        coalesce(sum(sign) FILTER (WHERE d.flags & 8 <> 0), 0) AS unseen,
        coalesce(sum(sign) FILTER (WHERE d.flags & 9 = 0), 0) AS timed,
        coalesce(sum(sign * ((d.span + 500) / 1000)) FILTER (WHERE d.flags & 9 = 0), 0)::bigint
          AS elapsed_us,
        coalesce(sum(sign) FILTER (WHERE d.user_us IS NOT NULL), 0) AS accounted,
        ${SUMS}
      FROM (SELECT 1 AS sign, f.* FROM unnest(fresh) f WHERE f.ended IS NOT NULL
        UNION ALL SELECT -1, o.* FROM unnest(old) o WHERE o.ended IS NOT NULL) d
      GROUP BY 1, 2, 3) s
    LEFT JOIN fh.image i ON i.host = me AND i.id = s.image CROSS JOIN LATERAL (VALUES
      ('command', i.comm), ('user', convert_to(i.uid::text, 'UTF8')),
      ('exit', convert_to(s.status::text, 'UTF8'))) AS k (kind, key)
    GROUP BY 2, 3, 4
    ON CONFLICT (hour, kind, host, key) DO UPDATE SET
      ${ADDED};
  INSERT INTO fh.program SELECT s.day, me,
      ${SHORT_PATH} || '\\000'::bytea || coalesce(i.comm, ''), sum(s.started)
    FROM (SELECT (d.id >> 25) / 8640000 AS day, d.image, sum(sign) AS started,
        bool_or(seen) AS seen
      FROM (SELECT 1 AS sign, f.id, f.image, f.exec >= 0 AS seen FROM unnest(fresh) f
          WHERE f.exec IS NOT NULL
        UNION ALL SELECT -1, a.id, a.image, false FROM unnest(again) a) d
      GROUP BY 1, 2 HAVING sum(sign) > 0) s
    JOIN fh.image i ON i.host = me AND i.id = s.image
    WHERE i.exe IS NOT NULL OR i.comm IS NOT NULL AND (i.argv IS NOT NULL OR s.seen)
    GROUP BY 1, 3
    ON CONFLICT (day, host, name) DO UPDATE SET started = program.started + excluded.started;
  RETURN cardinality(fresh);
END $$;
`;

/**
 * Open lives that the history of a host has by another start than the one they came with, and all
 * that names them. A row is made and the other one removed: what spreads tables over servers moves
 * none between its parts. Who has that name already is the same life, from before this was done.
 */
export const RENAMES = `
CREATE FUNCTION fh.rename_lives(me int, renamed jsonb) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp ${BY_KEY} AS $$
DECLARE
  r record;
  old fh.life;
  its bigint;
BEGIN
  FOR r IN SELECT b.id AS boot, b.epoch_tick, x.*
    FROM jsonb_to_recordset(renamed) AS x (boot_id uuid, pid bigint, born bigint, now bigint,
        nth int)
      JOIN fh.boot b ON b.host = me AND b.boot_id = x.boot_id
  LOOP
    its := fh.life_id(r.epoch_tick, r.pid, r.now, r.nth);
    SELECT * INTO old FROM fh.life l
      WHERE l.host = me AND l.boot = r.boot AND l.pid = r.pid AND l.born = r.born AND l.span IS NULL
      ORDER BY l.id DESC LIMIT 1;
    CONTINUE WHEN NOT FOUND OR old.id = its;
    PERFORM fh.need_day(((its >> 25) / 8640000)::int);
    INSERT INTO fh.life (${LIFE_COLUMNS.join(", ")}) SELECT ${
  LIFE_COLUMNS.map((name) => name === "id" ? "its" : name === "born" ? "r.now" : `old.${name}`)
    .join(", ")
} ON CONFLICT DO NOTHING;
    DELETE FROM fh.life WHERE host = me AND boot = r.boot AND id = old.id;
    UPDATE fh.life SET parent = its WHERE host = me AND boot = r.boot AND parent = old.id;
    INSERT INTO fh.former SELECT f.host, f.boot, its, f.until, f.since, f.image FROM fh.former f
      WHERE f.host = me AND f.boot = r.boot AND f.life = old.id ON CONFLICT DO NOTHING;
    DELETE FROM fh.former WHERE host = me AND boot = r.boot AND life = old.id;
    INSERT INTO fh.member SELECT m.host, m.boot, its, m.job, m.since, m.until FROM fh.member m
      WHERE m.host = me AND m.boot = r.boot AND m.life = old.id ON CONFLICT DO NOTHING;
    DELETE FROM fh.member WHERE host = me AND boot = r.boot AND life = old.id;
    UPDATE fh.finding SET life = its WHERE boot = r.boot AND life = old.id;
    UPDATE fh.finding SET by_life = its WHERE boot = r.boot AND by_life = old.id;
  END LOOP;
END $$;
`;

/** All of an image that is looked for, each part in its place: one that is missing is no other. */
const TEXT_PARTS = `concat_ws('.', ${
  ["i.uid::text", "i.argv", "i.exe", "i.comm"].map((part) => `coalesce(${part}, '-')`).join(", ")
})`;

/**
 * One batch: everything of it, or nothing. The cursor stands in the same transaction, so what is
 * in is never asked for again; and what is sent again changes nothing. Rows come as arrays, one
 * for each column: rows in a table between would leave dead ones behind, which each host that
 * ships has to step over.
 */
export const MERGE = `
CREATE FUNCTION fh.merge(facts jsonb, lives text[], images text[], formers text[]) RETURNS jsonb
  LANGUAGE plpgsql ${DEFINER} ${BY_KEY} AS $$
DECLARE
  me int;
  latest int;
  added bigint;
BEGIN
  SELECT id, session INTO me, latest FROM fh.host
    WHERE role = session_user AND machine = (facts->>'machine')::uuid FOR UPDATE;
  IF me IS NULL THEN
    RAISE EXCEPTION 'this host is not known to the fleet';
  END IF;
  IF latest IS DISTINCT FROM (facts->>'session')::int THEN
    RAISE EXCEPTION 'another session of this host has begun' USING ERRCODE = '${SUPERSEDED}';
  END IF;
  PERFORM fh.put_boots(me, facts->'boots');
  INSERT INTO fh.image SELECT me, i.id, ${
  IMAGE_PARTS.map((name) => `decode(i.${name}, 'hex')`).join(", ")
}, i.uid, i.argv_missing
    FROM ${rowsOf("images", IMAGE_ARRAYS)} ON CONFLICT DO NOTHING;
  -- In one order, for other hosts add the same texts at the same time.
  INSERT INTO fh.image_text SELECT i.id, md5(${TEXT_PARTS})::uuid,
      i.uid, decode(i.argv, 'hex'), decode(i.exe, 'hex'), decode(i.comm, 'hex')
    FROM ${rowsOf("images", IMAGE_ARRAYS)} ORDER BY 1 ON CONFLICT DO NOTHING;
  IF facts->'renamed' <> '[]' THEN
    PERFORM fh.rename_lives(me, facts->'renamed');
  END IF;
  added := fh.put_lives(me, lives, facts->'gone');
  INSERT INTO fh.former SELECT me, b.id, fh.life_id(b.epoch_tick, i.pid, i.born, i.nth), i.until,
      i.since, i.image
    FROM ${rowsOf("formers", FORMER_ARRAYS)}
      JOIN fh.boot b ON b.host = me AND b.boot_id = i.boot_id ON CONFLICT DO NOTHING;
  IF facts->'findings' <> '[]' THEN
    PERFORM fh.put_findings(me, facts->'findings');
  END IF;
  UPDATE fh.host SET seen = now(), cursor = facts->'cursor', reach = (facts->>'reach')::bigint,
    waiting = (facts->>'waiting')::bigint, forgotten = forgotten + (facts->>'forgotten')::bigint
    WHERE id = me;
  RETURN jsonb_build_object('lives', added);
END $$;
`;
