/**
 * Tables of the jobs of hosts, and what the database does with what a host tells of them.
 *
 * @module
 */

/**
 * `begun` is microseconds since the Unix epoch by the clock that the boot began with; other times
 * are nanoseconds since boot. `number` is that of the host. Each sum in `totals` is comm, uid,
 * processes, failed, elapsed_us, accounted, then the costs in the order of those of `fh.life`.
 */
export const JOB_TABLES = `
CREATE TABLE fh.job (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host int NOT NULL REFERENCES fh.host ON DELETE CASCADE,
  boot int NOT NULL REFERENCES fh.boot ON DELETE CASCADE,
  number bigint NOT NULL,
  name text NOT NULL,
  owner bigint NOT NULL,
  since bigint NOT NULL,
  begun bigint NOT NULL,
  until bigint,
  started bigint NOT NULL,
  lost bigint NOT NULL,
  last_pid bigint,
  last_status int,
  totals jsonb NOT NULL,
  UNIQUE (boot, since, number)
);
CREATE INDEX job_begun ON fh.job (begun, id);
CREATE INDEX job_name ON fh.job (name);
CREATE INDEX job_host ON fh.job (host, begun);
CREATE TABLE fh.member (
  host int NOT NULL,
  boot int NOT NULL,
  life bigint NOT NULL,
  job bigint NOT NULL,
  since bigint,
  until bigint,
  PRIMARY KEY (host, boot, life, job)
);
CREATE INDEX member_job ON fh.member (job, life);
`;

/** Hosts may call two functions, which take and tell what is theirs alone. */
export const JOBS = `
CREATE FUNCTION fh.host_of(its_machine uuid) RETURNS int LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int;
BEGIN
  SELECT id INTO me FROM fh.host WHERE role = session_user AND machine = its_machine;
  IF me IS NULL THEN
    RAISE EXCEPTION 'this host is not known to the fleet';
  END IF;
  RETURN me;
END $$;
-- What a host has to go on from: its newest job, and those that may change still.
CREATE FUNCTION fh.hello_jobs(its_machine uuid) RETURNS jsonb LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int := fh.host_of(its_machine);
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('number', j.number, 'boot_id', b.boot_id,
      'since', j.since, 'owner', j.owner, 'name', j.name, 'open', j.until IS NULL)
      ORDER BY j.id DESC), '[]')
    FROM (SELECT * FROM fh.job WHERE host = me AND until IS NULL
      UNION (SELECT * FROM fh.job WHERE host = me ORDER BY begun DESC, id DESC LIMIT 100)) j
    JOIN fh.boot b ON b.id = j.boot);
END $$;
CREATE FUNCTION fh.put_jobs(facts jsonb) RETURNS void LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me int := fh.host_of((facts->>'machine')::uuid);
BEGIN
  -- Another file of the same boot counts jobs by other numbers.
  UPDATE fh.job j SET number = r.number
    FROM jsonb_to_recordset(facts->'renumbered') AS r (boot_id uuid, since bigint, before bigint,
      number bigint)
      JOIN fh.boot b ON b.host = me AND b.boot_id = r.boot_id
    WHERE j.boot = b.id AND j.since = r.since AND j.number = r.before
      AND NOT EXISTS (SELECT 1 FROM fh.job o WHERE o.boot = b.id AND o.since = r.since
        AND o.number = r.number);
  UPDATE fh.job j SET until = greatest(j.since,
      coalesce((SELECT max(seen) FROM fh.run r WHERE r.boot = j.boot), j.since))
    FROM jsonb_to_recordset(facts->'gone') AS g (boot_id uuid, since bigint, number bigint)
      JOIN fh.boot b ON b.host = me AND b.boot_id = g.boot_id
    WHERE j.boot = b.id AND j.since = g.since AND j.number = g.number AND j.until IS NULL;
  INSERT INTO fh.job (host, boot, number, name, owner, since, begun, until, started, lost, last_pid,
      last_status, totals)
    SELECT me, b.id, r.number, left(r.name, 1000), r.owner, r.since,
      b.epoch_tick * 10000 + r.since / 1000, r.until, r.started, r.lost, r.last_pid, r.last_status,
      -- A recorder keeps no more.
      CASE WHEN length(r.totals::text) < 1000000 THEN r.totals ELSE '[]' END
    FROM jsonb_to_recordset(facts->'jobs') AS r (boot_id uuid, number bigint, name text,
      owner bigint, since bigint, until bigint, started bigint, lost bigint, last_pid bigint,
      last_status int, totals jsonb)
      JOIN fh.boot b ON b.host = me AND b.boot_id = r.boot_id
    ORDER BY r.number
    ON CONFLICT (boot, since, number) DO UPDATE SET name = excluded.name, until = excluded.until,
      started = excluded.started, lost = excluded.lost, last_pid = excluded.last_pid,
      last_status = excluded.last_status, totals = excluded.totals;
  INSERT INTO fh.member (host, boot, life, job, since, until)
    SELECT DISTINCT ON (b.id, fh.life_id(b.epoch_tick, m.pid, m.born, m.nth), j.id) me, b.id,
      fh.life_id(b.epoch_tick, m.pid, m.born, m.nth), j.id, m.since, m.until
    FROM jsonb_to_recordset(facts->'members') AS m (boot_id uuid, pid bigint, born bigint, nth int,
      number bigint, begun bigint, since bigint, until bigint)
      JOIN fh.boot b ON b.host = me AND b.boot_id = m.boot_id
      JOIN fh.job j ON j.boot = b.id AND j.since = m.begun AND j.number = m.number
    ON CONFLICT (host, boot, life, job) DO UPDATE SET since = excluded.since,
      until = excluded.until;
END $$;
`;
