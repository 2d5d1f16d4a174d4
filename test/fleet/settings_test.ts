/** A database that knows little of what it has, or has settings of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../../src/fleet/connection.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { hostGrants, makeRole, migrate, prune, readHosts } from "../../src/fleet/tables.ts";
import { Breath } from "../../src/steps.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;
const { signal } = new AbortController();

/** A shell that ran another program before, and ended at some time. */
function told(end: number): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S + 1e6, 100, "/bin/sh", "a\\b'c"));
  recorder.tell(exec(2 * S + 2e6, 100, "/bin/true"), exit(end, 100, 256));
  return recorder.end();
}

/** Rows that were read so far, by whichever way. */
function rowsRead(): number {
  return Number(fleet.server.ask(`SELECT coalesce(sum(n), 0) FROM (
    SELECT idx_tup_read AS n FROM pg_stat_user_indexes
    UNION ALL SELECT seq_tup_read FROM pg_stat_user_tables) n`));
}

test(
  ...unless(missing, "what has just come is pruned by reading each of it a few times"),
  async () => {
    // Nobody tells the server what it has while the test goes on.
    fleet.server.stop("fast");
    fleet.server.start({ autovacuum: "off" });
    await fleet.init("web1");
    using recorder = told(5000 * S);
    await fleet.ship(recorder.path, "web1");
    // What it knows is of a time when there were few lives, all of them new, and one in a job.
    await fleet.as(
      "owner",
      (db) => db.run(`INSERT INTO fh.member SELECT host, boot, id, 1 FROM fh.life; ANALYZE`),
    );
    const count = 3000;
    await fleet.as("owner", (db) =>
      db.run(`
      CREATE TEMP TABLE old AS SELECT l.*, n, ('00000000-0000-0000-0000-' ||
          lpad(n::text, 12, '0'))::uuid AS its FROM generate_series(1, ${count}) n, fh.life l
        WHERE l.pid = 100;
      UPDATE old SET id = id + n * 16, ended = ended - 4000000000, image = its;
      ALTER TABLE old DROP COLUMN n, DROP COLUMN its;
      INSERT INTO fh.life SELECT * FROM old;
      INSERT INTO fh.former SELECT host, boot, id, born, born, image FROM old;
      INSERT INTO fh.member SELECT host, boot, id, 1 FROM old;
      INSERT INTO fh.image (host, id, argv_missing) SELECT host, image, 0 FROM old;
      INSERT INTO fh.image_text (id, digest) SELECT image, image FROM old`));
    await until(() => rowsRead() > 0);
    const before = rowsRead();
    const now = PAST_EPOCH.seconds * 1000 + 6000_000;
    const { lives } = await fleet.as("owner", (db) => prune(db, 3600_000, now));
    assert.equal(lives, count);
    // What a session has read is told once it is over.
    await until(() => rowsRead() > before + count);
    await until(() =>
      fleet.server.ask(
        "SELECT count(*) FROM pg_stat_activity " +
          "WHERE application_name = 'fh'",
      ) === "0"
    );
    assert.ok(rowsRead() - before < 100 * count, `${rowsRead() - before} rows were read`);
    for (const table of ["former", "member"]) {
      const left = fleet.server.ask(`SELECT count(*) FROM fh.${table}`);
      assert.ok(Number(left) <= 2, `${left} of fh.${table}`);
    }
    assert.equal(fleet.server.ask("SELECT count(*) FROM fh.image WHERE argv IS NULL"), "0");
  },
);

/** Each of them has made statements of fh fail, or mean something else. */
const SETTINGS: Readonly<Record<string, string>> = {
  default_transaction_isolation: "serializable",
  standard_conforming_strings: "off",
  DateStyle: "'SQL, DMY'",
  TimeZone: "'America/New_York'",
  bytea_output: "escape",
  IntervalStyle: "sql_standard",
  search_path: "''",
};

for (const [name, value] of Object.entries(SETTINGS)) {
  const what = `a database whose ${name} is ${value} takes a fleet, and tells of it`;
  test(...unless(missing, what), async () => {
    const base = `with_${name.toLowerCase()}`;
    fleet.server.ask(`CREATE DATABASE ${base}`);
    fleet.server.ask(`ALTER DATABASE ${base} SET ${name} = ${value}`);
    const url = (user: string) => fleet.server.url(user).replace("/postgres?", `/${base}?`);
    const open = () => Connection.open(url("owner"), {}, signal);
    const several = await Promise.all([open(), open(), open()]);
    await Promise.all(several.map(async (db) => {
      await migrate(db, null);
      for (const host of ["one", "two"]) {
        await makeRole(db, `${host}_${base}`, hostGrants(`${host}_${base}`));
      }
    }));
    using recorder = told(5000 * S);
    const shipped = await Promise.all(["one", "two"].map((host) => {
      const role = `${host}_${base}`;
      return fleet.ship(
        recorder.path,
        host,
        { machine: `${host === "one" ? 1 : 2}`.repeat(32) },
        undefined,
        url(role),
      );
    }));
    assert.deepEqual(shipped.map(({ failures }) => failures), [[], []]);
    const [db] = several;
    const hosts = await readHosts(db!);
    assert.deepEqual(hosts.map((one) => one.name), ["one", "two"]);
    const moment = PAST_EPOCH.seconds * 1000;
    assert.ok(hosts.every(({ reach, silentMs }) => reach! >= moment && silentMs < 600_000));
    const store = await FleetStore.open({
      ...{ url: url("owner"), hosts: "one", env: {}, signal, breath: new Breath(signal) },
    });
    const [past] = await store.family().past(100);
    assert.deepEqual(past!.image.argv, ["/bin/true"]);
    assert.equal(past!.boot.moment(past!.born), moment + 2000);
    const [sum] = await store.costs(store.bounds.all(), {
      ...{ by: "command", failed: true, minDuration: null, ofImage: null, sought: null },
      ...{ below: null, living: null },
    });
    assert.deepEqual(sum!.key, "true");
    store.close();
    const view = await db!.rows(`SELECT argv, extract(epoch FROM started)::bigint FROM fh.process
      WHERE pid = 100 AND host = 'one'`);
    assert.deepEqual(view, [["/bin/true", PAST_EPOCH.seconds + 2]]);
    const text = await db!.rows("SELECT to_timestamp(0)::text, E'\\\\' = '\\'");
    assert.deepEqual(text, [["1970-01-01 00:00:00+00", true]]);
    // Days that come have nothing yet; that of this history has init, which runs.
    const names = await db!.rows<[string]>(`SELECT right(relname, 8) FROM pg_class
      WHERE relname ~ '^life_\\d{8}$' AND relkind = 'r' ORDER BY 1`);
    const days = names.map(([day]) => Date.parse(day.replace(/(....)(..)(..)/, "$1-$2-$3")));
    const last = Math.max(days.at(-1)!, moment + 86_400_000);
    const empty = days.filter((day) => day < last && day !== moment).length;
    const pruned = await prune(db!, 0, last + 1000);
    assert.deepEqual(pruned, { lives: 2, days: empty });
    for (const one of several) await one.close();
  });
}
