/**
 * The tables of a history file. docs/history-schema.md explains them to other tools.
 *
 * @module
 */
import { FIGURES } from "../model/account.ts";

/** PRAGMA application_id of a history file: "fh", then the year of its model. */
export const APPLICATION_ID = 0x66682004;

/** A life of at most so many nanoseconds is found by its end alone: see life_long. */
export const SHORT_NS = 1_000_000_000;

/** Sums are kept over so many nanoseconds, counted from the boot on. */
export const HOUR_NS = 3_600_000_000_000;

/**
 * Conditions that together find what lived at some time within a stretch: numbered parameters boot,
 * since, until. Each can be answered by an index: what was short has ended in it or within
 * SHORT_NS after it, all else is in life_long.
 */
export const LIVED_WITHIN: readonly string[] = [
  `boot = ?1 AND span IS NOT NULL AND born + span >= ?2 AND born + span < ?3 + ${SHORT_NS}
    AND born < ?3`,
  `boot = ?1 AND born < ?3 AND (span IS NULL OR span > ${SHORT_NS})
    AND (span IS NULL OR born + span >= ?2)`,
];

/** Bits of life.flags; what is above them counts lives of one pid within one clock tick. */
export const LIFE_FLAG = {
  /** The start is not known; `born` is the first sight. */
  startUnknown: 1,
  /** Its fork was not seen: it ran already, or a rescan found it. */
  found: 2,
  /** Its exit was reconstructed by a rescan. */
  endInferred: 4,
  /** It ended while nobody recorded: at `born + span` it was still there. */
  endUnknown: 8,
  /** It dumped core. */
  core: 16,
  /** What its program is called was found out at its end: the exec could not be read. */
  nameInferred: 32,
} as const;

/** life.flags carries the count of earlier lives from this bit on. */
export const NTH_SHIFT = 8;

/** former.image of what a process ran and is not known any more: no image has this number. */
export const FORGOTTEN_IMAGE = 0;

/** life.exec of a process whose image is its own and comes from no exec that was seen. */
export const NO_EXEC = -1;

/** What the versions up to 3 have as the id: 0, for `||` binds tighter than `/` does. */
const BROKEN_ID = `substr(b.boot_id, 1, 8) || '-' || l.pid || '-' || iif(l.flags & 1, '~', '') ||
    l.born / 10000000 || iif(l.flags >> 8, '.' || ((l.flags >> 8) + 1), '')`;

/** The id as the model makes it. */
const ID = `substr(b.boot_id, 1, 8) || '-' || l.pid || '-' || iif(l.flags & 1, '~', '') ||
    (l.born / 10000000) || iif(l.flags >> 8, '.' || ((l.flags >> 8) + 1), '')`;

/** run.accounts of a recorder that has none; NULL is not known. */
export const NO_ACCOUNTS = "none";

/** Columns of the view: rows of life with their texts and times put in. Later ones follow. */
const processColumns = (id: string) =>
  `SELECT l.id AS life,
  ${id} AS id,
  l.pid,
  coalesce(p.pid, l.ppid) AS ppid,
  l.parent AS parent_life,
  l.reaper,
  i.uid,
  comm.value AS comm,
  exe.value AS exe,
  argv.value AS argv,
  cwd.value AS cwd,
  cgroup.value AS cgroup,
  iif(l.flags & 1, NULL, l.born) AS started_boot_ns,
  iif(l.flags & 1, NULL, l.born + coalesce(
    (SELECT epoch FROM clock c WHERE c.boot = l.boot AND c.since <= l.born
      ORDER BY c.since DESC LIMIT 1),
    (SELECT epoch FROM clock c WHERE c.boot = l.boot ORDER BY c.since LIMIT 1))) AS started_ns,
  iif(l.flags & 8, NULL, l.born + l.span) AS ended_boot_ns,
  iif(l.flags & 8, NULL, l.born + l.span + coalesce(
    (SELECT epoch FROM clock c WHERE c.boot = l.boot AND c.since <= l.born + l.span
      ORDER BY c.since DESC LIMIT 1),
    (SELECT epoch FROM clock c WHERE c.boot = l.boot ORDER BY c.since LIMIT 1))) AS ended_ns,
  iif(l.flags & 9, NULL, l.span) AS duration_ns,
  CASE WHEN l.span IS NULL THEN 'running' WHEN l.flags & 8 THEN 'unknown' ELSE 'exited' END
    AS state,
  iif(l.status & 127, NULL, l.status >> 8) AS exit_code,
  nullif(l.status & 127, 0) AS signal`;

/** An image that was forgotten hides no row from version 3 on. */
const processTables = (images: "JOIN" | "LEFT JOIN") => `
FROM life l JOIN boot b ON b.id = l.boot ${images} image i ON i.id = l.image
  LEFT JOIN life p ON p.id = l.parent
  LEFT JOIN text comm ON comm.id = i.comm
  LEFT JOIN text exe ON exe.id = i.exe
  LEFT JOIN text argv ON argv.id = i.argv
  LEFT JOIN text cwd ON cwd.id = i.cwd
  LEFT JOIN text cgroup ON cgroup.id = i.cgroup;`;

/** What version 2 added to them. */
const COST_VIEW_COLUMNS = `,
  l.user_us * 1000 AS user_ns,
  l.system_us * 1000 AS system_ns,
  l.faults & 4294967295 AS minor_faults,
  l.faults >> 32 AS major_faults,
  nullif(l.peak_kib, 0) * 1024 AS peak_bytes,
  l.read_bytes,
  l.write_bytes,
  l.vcsw AS voluntary_switches,
  l.icsw AS involuntary_switches`;

const V1 = `
CREATE TABLE boot (
  id INTEGER PRIMARY KEY,
  boot_id TEXT NOT NULL UNIQUE
);
CREATE TABLE clock (
  boot INTEGER NOT NULL REFERENCES boot,
  since INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (boot, since)
) WITHOUT ROWID;
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  pid INTEGER NOT NULL,
  since INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  ended INTEGER,
  source TEXT NOT NULL,
  why TEXT NOT NULL,
  version TEXT NOT NULL,
  events INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE gap (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  lost INTEGER,
  reason TEXT NOT NULL
);
CREATE INDEX gap_until ON gap (boot, until);
CREATE TABLE text (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  value NOT NULL
);
CREATE INDEX text_hash ON text (hash);
CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  argv INTEGER REFERENCES text,
  exe INTEGER REFERENCES text,
  cwd INTEGER REFERENCES text,
  cgroup INTEGER REFERENCES text,
  comm INTEGER REFERENCES text,
  env INTEGER REFERENCES text,
  uid INTEGER,
  latest INTEGER
);
CREATE INDEX image_parts ON image (argv, exe, cwd, cgroup, comm, env, uid);
CREATE INDEX image_comm ON image (comm);
CREATE TABLE life (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  pid INTEGER NOT NULL,
  born INTEGER NOT NULL,
  span INTEGER,
  parent INTEGER REFERENCES life,
  ppid INTEGER,
  reaper INTEGER,
  status INTEGER,
  image INTEGER NOT NULL REFERENCES image,
  exec INTEGER,
  flags INTEGER NOT NULL
);
CREATE INDEX life_pid ON life (pid);
CREATE INDEX life_parent ON life (parent) WHERE parent IS NOT NULL;
CREATE INDEX life_ended ON life (boot, born + span) WHERE span IS NOT NULL;
CREATE INDEX life_long ON life (boot, born, span) WHERE span IS NULL OR span > ${SHORT_NS};
CREATE INDEX life_late ON life (boot, born + exec) WHERE exec > ${SHORT_NS};
CREATE INDEX life_image ON life (image) WHERE exec IS NOT NULL;
CREATE INDEX life_failed ON life (boot, born + span) WHERE status <> 0;
CREATE TABLE former (
  life INTEGER NOT NULL REFERENCES life,
  until INTEGER NOT NULL,
  since INTEGER,
  image INTEGER NOT NULL REFERENCES image,
  PRIMARY KEY (life, until)
) WITHOUT ROWID;
CREATE INDEX former_since ON former (since) WHERE since IS NOT NULL;
CREATE INDEX former_image ON former (image);

CREATE VIEW process AS
${processColumns(BROKEN_ID)}${processTables("JOIN")}
`;

/** What processes have cost, and jobs: groups that children join by birth. */
const V2 = `
ALTER TABLE life ADD COLUMN user_us INTEGER;
ALTER TABLE life ADD COLUMN system_us INTEGER;
ALTER TABLE life ADD COLUMN faults INTEGER;
ALTER TABLE life ADD COLUMN peak_kib INTEGER;
ALTER TABLE life ADD COLUMN read_bytes INTEGER;
ALTER TABLE life ADD COLUMN write_bytes INTEGER;
ALTER TABLE life ADD COLUMN vcsw INTEGER;
ALTER TABLE life ADD COLUMN icsw INTEGER;
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  owner INTEGER NOT NULL,
  boot INTEGER NOT NULL REFERENCES boot,
  since INTEGER NOT NULL,
  until INTEGER,
  started INTEGER NOT NULL,
  lost INTEGER NOT NULL,
  last_pid INTEGER,
  last_status INTEGER
);
CREATE INDEX job_name ON job (name);
CREATE TABLE job_total (
  job INTEGER NOT NULL REFERENCES job,
  comm TEXT NOT NULL,
  uid INTEGER NOT NULL,
  processes INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  elapsed_us INTEGER NOT NULL,
  accounted INTEGER NOT NULL,
  user_us INTEGER NOT NULL,
  system_us INTEGER NOT NULL,
  minflt INTEGER NOT NULL,
  majflt INTEGER NOT NULL,
  peak_kib INTEGER NOT NULL,
  read_bytes INTEGER NOT NULL,
  write_bytes INTEGER NOT NULL,
  vcsw INTEGER NOT NULL,
  icsw INTEGER NOT NULL,
  PRIMARY KEY (job, comm, uid)
) WITHOUT ROWID;
CREATE TABLE member (
  job INTEGER NOT NULL REFERENCES job,
  life INTEGER NOT NULL REFERENCES life,
  since INTEGER,
  until INTEGER,
  PRIMARY KEY (job, life)
) WITHOUT ROWID;
CREATE INDEX member_life ON member (life);
CREATE TABLE job_rule (
  id INTEGER PRIMARY KEY,
  job TEXT NOT NULL,
  owner INTEGER NOT NULL,
  filter TEXT NOT NULL,
  created INTEGER NOT NULL
);
DROP VIEW process;
CREATE VIEW process AS
${processColumns(BROKEN_ID)}${COST_VIEW_COLUMNS}
${processTables("JOIN")}
`;

/**
 * Command lines are kept up to a bound; whose the room is, and which texts may be nobody's; what
 * was forgotten hides no row.
 */
const V3 = `
ALTER TABLE image ADD COLUMN argv_missing INTEGER;
CREATE TABLE usage (
  part INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (part, uid)
) WITHOUT ROWID;
CREATE TABLE spent (
  text INTEGER PRIMARY KEY
);
DROP VIEW process;
CREATE VIEW process AS
${processColumns(BROKEN_ID)}${COST_VIEW_COLUMNS},
  i.argv_missing
${processTables("LEFT JOIN")}
`;

/** Ids that are ids, and where the accounts of a run come from. */
const V4 = `
ALTER TABLE run ADD COLUMN accounts TEXT;
DROP VIEW process;
CREATE VIEW process AS
${processColumns(ID)}${COST_VIEW_COLUMNS},
  i.argv_missing
${processTables("LEFT JOIN")}
`;

/** How much a run keeps, seconds and bytes; null: there is no such limit, or an older fh ran. */
const V5 = `
ALTER TABLE run ADD COLUMN keep_s INTEGER;
ALTER TABLE run ADD COLUMN max_bytes INTEGER;
`;

/** Each kind, because the index begins with it; there are those by exit wherever there are some. */
const ANY_SUM = "'command', 'user', 'unit', 'container', 'exit'";

/**
 * Sums over all that ended within an hour since boot, by what they are asked for. `key` has no
 * type: a name, a uid or a wait status; -1 where it is not known. Sums of an hour whose lives are
 * not all there any more are gone.
 */
const V6 = `
CREATE TABLE hour_sum (
  boot INTEGER NOT NULL REFERENCES boot,
  kind TEXT NOT NULL,
  key NOT NULL,
  hour INTEGER NOT NULL,
  processes INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  timed INTEGER NOT NULL,
  elapsed_us INTEGER NOT NULL,
  accounted INTEGER NOT NULL,
  user_us INTEGER NOT NULL,
  system_us INTEGER NOT NULL,
  minflt INTEGER NOT NULL,
  majflt INTEGER NOT NULL,
  peak_kib INTEGER NOT NULL,
  read_bytes INTEGER NOT NULL,
  write_bytes INTEGER NOT NULL,
  vcsw INTEGER NOT NULL,
  icsw INTEGER NOT NULL,
  PRIMARY KEY (boot, kind, key, hour)
) WITHOUT ROWID;
CREATE INDEX hour_sum_hour ON hour_sum (boot, kind, hour);
CREATE TRIGGER life_removed AFTER DELETE ON life WHEN OLD.span IS NOT NULL
  AND EXISTS (SELECT 1 FROM hour_sum WHERE boot = OLD.boot AND kind = 'exit'
    AND hour = (OLD.born + OLD.span) / ${HOUR_NS}) BEGIN
  DELETE FROM hour_sum WHERE boot = OLD.boot AND kind IN (${ANY_SUM})
    AND hour = (OLD.born + OLD.span) / ${HOUR_NS};
END;
`;

/**
 * What a recorder has found to be wrong, and whether a run has looked for it. `key` is the same for
 * the same trouble, `uid` -1 where it is not known.
 */
const V7 = `
CREATE TABLE finding (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  over INTEGER NOT NULL,
  count INTEGER NOT NULL,
  life INTEGER NOT NULL REFERENCES life,
  by_life INTEGER REFERENCES life,
  uid INTEGER NOT NULL,
  facts TEXT NOT NULL
);
CREATE INDEX finding_until ON finding (boot, until);
CREATE INDEX finding_life ON finding (life);
CREATE TRIGGER life_found AFTER DELETE ON life
  WHEN EXISTS (SELECT 1 FROM finding WHERE life = OLD.id) BEGIN
  DELETE FROM finding WHERE life = OLD.id;
END;
ALTER TABLE run ADD COLUMN findings INTEGER;
`;

/** What the living had used at looks of the recorder, microseconds of CPU time. */
const V8 = `
CREATE TABLE sample (
  life INTEGER NOT NULL REFERENCES life,
  at INTEGER NOT NULL,
  user_us INTEGER NOT NULL,
  system_us INTEGER NOT NULL,
  PRIMARY KEY (life, at)
) WITHOUT ROWID;
CREATE TRIGGER life_sampled AFTER DELETE ON life BEGIN
  DELETE FROM sample WHERE life = OLD.id;
END;
`;

/** Programs that the host has run; `uid` is -1 where it is not known. */
const V9 = `
CREATE TABLE program (
  name TEXT PRIMARY KEY,
  uid INTEGER NOT NULL,
  since INTEGER NOT NULL,
  seen INTEGER NOT NULL
) WITHOUT ROWID;
`;

/**
 * Columns of what a process has cost, in `life`: microseconds, KiB, bytes. Each takes a byte of
 * every row, so page faults share one: `faults` has the minor ones in its lower 32 bits.
 */
export const LIFE_COSTS: readonly string[] = FIGURES.flatMap(({ column }) => {
  return column === "minflt" ? ["faults"] : column === "majflt" ? [] : [column];
});

/** What reads them, in the order of COST_COLUMNS. */
export const LIFE_COST_VALUES: readonly string[] = LIFE_COSTS.flatMap((name) => {
  return name === "faults" ? ["faults & 4294967295", "faults >> 32"] : [name];
});

/** Columns of what the members of a job have cost, in `job_total`: microseconds, KiB, bytes. */
export const COST_COLUMNS: readonly string[] = FIGURES.map(({ column }) => column);

/** Columns of `hour_sum` that are sums: of counts, of microseconds, then those of costs. */
export const SUM_COLUMNS: readonly string[] = [
  ...["processes", "failed", "unseen", "timed", "elapsed_us", "accounted"],
  ...COST_COLUMNS,
];

/**
 * What turns a file of version n into one of version n + 1, in order; version 0 is empty. Only
 * ever appended to: files of every earlier version are out there.
 */
export const MIGRATIONS: readonly string[] = [V1, V2, V3, V4, V5, V6, V7, V8, V9];
