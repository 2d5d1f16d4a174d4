/**
 * What the database does with what a host has copied into it. Hosts may call this and nothing else:
 * it runs with the rights of the owner of the tables, for rows of the role that calls it alone.
 *
 * @module
 */
import { COST_COLUMNS, COUNT_COLUMNS } from "./columns.ts";

const DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp";
/**
 * A session begins while the tables are empty: how rows are found then would take a look at all of
 * them later.
 */
const BY_INDEX = "SET plan_cache_mode = force_custom_plan SET enable_seqscan = off";

/** A host says who it is, and is told from where it is to go on and what it has left open. */
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
  SELECT count(*) INTO others FROM fh.host
    WHERE (name = its_name OR name ~ ('^' || regexp_replace(its_name, '\\W', '.', 'g') || '#\\d+$'))
      AND (role, machine) <> (session_user, its_machine);
  INSERT INTO fh.host (role, machine, name, version)
    VALUES (session_user, its_machine,
      left(its_name, 255) || CASE WHEN others > 0 THEN '#' || others + 1 ELSE '' END,
      left(its_version, 64))
    ON CONFLICT (role, machine) DO UPDATE SET seen = now(), version = excluded.version
    RETURNING * INTO one;
  RETURN jsonb_build_object('host', one.id, 'name', one.name, 'cursor', one.cursor,
    'open', (SELECT coalesce(jsonb_agg(jsonb_build_array(b.boot_id, l.pid, l.born)), '[]')
      FROM fh.life l JOIN fh.boot b ON b.id = l.boot WHERE l.host = one.id AND l.span IS NULL));
END $$;
`;

/** Boots with their clocks, runs of recorders, gaps. */
export const BOOTS = `
CREATE FUNCTION fh.put_boots(me int, boots jsonb) RETURNS void LANGUAGE plpgsql
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
        events bigint, lost bigint, accounts text)
      ON CONFLICT (boot, since, pid) DO UPDATE SET kept = excluded.kept, seen = excluded.seen,
        ended = excluded.ended, events = excluded.events, lost = excluded.lost;
    INSERT INTO fh.gap SELECT its, r.*
      FROM jsonb_to_recordset(one->'gaps') AS r (since bigint, until bigint, lost bigint,
        reason text)
      ON CONFLICT (boot, until, since, reason) DO UPDATE SET lost = excluded.lost;
  END LOOP;
END $$;
CREATE FUNCTION fh.put_findings(me int, findings jsonb) RETURNS void LANGUAGE sql
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

const CHANGES = [
  ...["span", "ended", "reaper", "status", "image", "exec", "flags"],
  ...COST_COLUMNS,
];
const LIFE = [
  ...["pid", "born", "span", "ended", "parent", "ppid", "reaper", "status", "image", "exec"],
  ...["flags", ...COST_COLUMNS],
];

const SUMMED = ["ended", "span", "status", "flags", "image", ...COST_COLUMNS].join(", ");
const isLargest = (name: string) => name === "peak_kib";
const SUMS = COST_COLUMNS.map((name) =>
  isLargest(name) ? `coalesce(max(${name}), 0)` : `coalesce(sum(sign * ${name}), 0)`
).join(", ");
const ADDED = [...COUNT_COLUMNS, ...COST_COLUMNS].map((name) =>
  isLargest(name)
    ? `${name} = greatest(hour_sum.${name}, excluded.${name})`
    : `${name} = hour_sum.${name} + excluded.${name}`
).join(", ");

/** Lives that are new or have changed; and what the sums and programs have of that. */
export const LIVES = `
CREATE FUNCTION fh.put_lives(me int) RETURNS bigint LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp ${BY_INDEX} AS $$
DECLARE
  wanted int;
  added bigint;
BEGIN
  FOR wanted IN SELECT DISTINCT ((b.epoch_tick + i.born / 10000000) / 8640000)::int
    FROM fh.incoming i JOIN fh.boot b ON b.host = me AND b.boot_id = i.boot_id
    WHERE i.role = session_user
  LOOP
    PERFORM fh.need_day(wanted);
  END LOOP;
  WITH fresh AS MATERIALIZED (
    SELECT DISTINCT ON (b.id, fh.life_id(b.epoch_tick, i.pid, i.born, i.nth))
      me AS host, b.id AS boot, fh.life_id(b.epoch_tick, i.pid, i.born, i.nth) AS id,
      i.pid, i.born, i.span, b.epoch_tick * 10000 + (i.born + i.span) / 1000 AS ended,
      fh.life_id(b.epoch_tick, i.parent_pid, i.parent_born, i.parent_nth) AS parent,
      i.ppid, i.reaper, i.status, i.image, i.exec, i.flags,
      ${COST_COLUMNS.map((name) => `i.${name}`).join(", ")}
    FROM fh.incoming i JOIN fh.boot b ON b.host = me AND b.boot_id = i.boot_id
    WHERE i.role = session_user
  ), old AS MATERIALIZED (
    SELECT l.* FROM fresh f JOIN fh.life l
      ON l.host = me AND l.boot = f.boot AND l.id = f.id
  ), put AS (
    INSERT INTO fh.life (host, boot, id, ${LIFE.join(", ")})
      SELECT host, boot, id, ${LIFE.join(", ")} FROM fresh
      ON CONFLICT (host, boot, id) DO UPDATE SET
        parent = coalesce(life.parent, excluded.parent),
        ${CHANGES.map((name) => `${name} = excluded.${name}`).join(", ")}
  ), delta AS (
    SELECT 1 AS sign, ${SUMMED} FROM fresh WHERE ended IS NOT NULL
    UNION ALL SELECT -1, ${SUMMED} FROM old WHERE ended IS NOT NULL
  ), summed AS (
    INSERT INTO fh.hour_sum SELECT me, d.ended / 3600000000, k.kind, coalesce(k.key, ''),
        sum(sign), coalesce(sum(sign) FILTER (WHERE status <> 0), 0),
        coalesce(sum(sign) FILTER (WHERE flags & 8 <> 0), 0),
        coalesce(sum(sign) FILTER (WHERE flags & 9 = 0), 0),
        coalesce(sum(sign * ((span + 500) / 1000)) FILTER (WHERE flags & 9 = 0), 0),
        coalesce(sum(sign) FILTER (WHERE user_us IS NOT NULL), 0),
        ${SUMS}
      FROM delta d LEFT JOIN fh.image i ON i.host = me AND i.id = d.image CROSS JOIN LATERAL (VALUES
        ('command', i.comm), ('user', convert_to(i.uid::text, 'UTF8')),
        ('exit', convert_to(d.status::text, 'UTF8'))) AS k (kind, key)
      GROUP BY 2, 3, 4
      ON CONFLICT (hour, kind, host, key) DO UPDATE SET
        ${ADDED}
  ), started AS (
    INSERT INTO fh.program SELECT (f.id >> 25) / 8640000, me,
        coalesce(i.exe, '') || '\\000'::bytea || coalesce(i.comm, ''), count(*)
      FROM fresh f JOIN fh.image i ON i.host = me AND i.id = f.image
        LEFT JOIN old o ON o.boot = f.boot AND o.id = f.id
      WHERE f.exec IS NOT NULL AND o.image IS DISTINCT FROM f.image
      GROUP BY 1, 3
      ON CONFLICT (day, host, name) DO UPDATE SET started = program.started + excluded.started
  )
  SELECT count(*) INTO added FROM fresh;
  RETURN added;
END $$;
`;

/**
 * One batch: everything of it, or nothing. The cursor stands in the same transaction, so what is
 * in is never asked for again; and what is sent again changes nothing.
 */
export const MERGE = `
CREATE FUNCTION fh.merge(facts jsonb) RETURNS jsonb LANGUAGE plpgsql ${DEFINER} AS $$
DECLARE
  me int;
  added bigint;
BEGIN
  SELECT id INTO me FROM fh.host
    WHERE role = session_user AND machine = (facts->>'machine')::uuid FOR UPDATE;
  IF me IS NULL THEN
    RAISE EXCEPTION 'this host is not known to the fleet';
  END IF;
  PERFORM fh.put_boots(me, facts->'boots');
  INSERT INTO fh.image
    SELECT me, id, argv, exe, cwd, cgroup, comm, env, uid, argv_missing FROM fh.incoming_image
    WHERE role = session_user ON CONFLICT DO NOTHING;
  INSERT INTO fh.incoming (role, boot_id, pid, born, nth, span, ppid, reaper, status, image, exec,
      flags, ${COST_COLUMNS.join(", ")})
    SELECT session_user, b.boot_id, l.pid, l.born, (l.id & 7)::int,
      greatest(0, coalesce((SELECT max(seen) FROM fh.run r WHERE r.boot = b.id), l.born) - l.born),
      l.ppid, l.reaper, l.status, l.image, l.exec, l.flags | 8,
      ${COST_COLUMNS.map((name) => `l.${name}`).join(", ")}
    FROM jsonb_to_recordset(facts->'gone') AS g (boot_id uuid, pid bigint, born bigint)
      JOIN fh.boot b ON b.host = me AND b.boot_id = g.boot_id
      JOIN fh.life l ON l.host = me AND l.boot = b.id AND l.pid = g.pid AND l.born = g.born
    WHERE l.span IS NULL;
  added := fh.put_lives(me);
  INSERT INTO fh.former SELECT me, b.id, fh.life_id(b.epoch_tick, i.pid, i.born, i.nth), i.until,
      i.since, i.image
    FROM fh.incoming_former i JOIN fh.boot b ON b.host = me AND b.boot_id = i.boot_id
    WHERE i.role = session_user ON CONFLICT DO NOTHING;
  PERFORM fh.put_findings(me, facts->'findings');
  DELETE FROM fh.incoming WHERE role = session_user;
  DELETE FROM fh.incoming_image WHERE role = session_user;
  DELETE FROM fh.incoming_former WHERE role = session_user;
  UPDATE fh.host SET seen = now(), cursor = facts->'cursor', reach = (facts->>'reach')::bigint,
    waiting = (facts->>'waiting')::bigint, forgotten = forgotten + (facts->>'forgotten')::bigint
    WHERE id = me;
  RETURN jsonb_build_object('lives', added);
END $$;
`;
