/** The tables of a fleet: made once, forgotten by age, and asked until somebody has enough. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stopped } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import { FleetStore } from "../../src/fleet/store.ts";
import { FIRST, migrations } from "../../src/fleet/schema.ts";
import { migrate, prune, readHosts } from "../../src/fleet/tables.ts";
import type { BootSpan } from "../../src/model/bounds.ts";
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
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };

test(...unless(missing, "tables are made once, however many make them at once"), async () => {
  const made = await Promise.all(
    [1, 2, 3].map(() => fleet.as("owner", (db) => migrate(db, null))),
  );
  const last = migrations("days").length;
  assert.deepEqual(made.map(({ from }) => from).sort(), [0, last, last]);
  assert.equal(fleet.server.ask("SELECT count(*) FROM fh.migration"), String(last));
});

test(...unless(missing, "tables of every earlier version become those of today"), async () => {
  const last = migrations("days").length;
  const indexes = "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes " +
    "WHERE schemaname = 'fh' AND tablename !~ '\\d{8}$'";
  const fresh = fleet.server.ask(indexes);
  for (let version = 1; version < last; version++) {
    fleet.server.ask(`CREATE DATABASE old${version}`);
    const url = fleet.server.url().replace("/postgres?", `/old${version}?`);
    const db = await Connection.open(url, {}, signal);
    await db.run(FIRST);
    for (const [at, sql] of migrations("days").slice(0, version).entries()) {
      await db.run(sql);
      await db.rows("INSERT INTO fh.migration (version, layout) VALUES ($1, 'days')", [at + 1]);
    }
    assert.deepEqual(await migrate(db, null), { from: version, to: last });
    assert.deepEqual(await db.rows(indexes), [[fresh]]);
    await db.close();
  }
});

test(...unless(missing, "what is old goes, but for ancestors of what stays"), async () => {
  await fleet.init("web1");
  using recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [INIT]));
  // 100 has ended and a child of it lives; 102 and its child have ended long ago, 104 lately.
  recorder.tell(fork(2 * S, 100, 1), exec(2 * S, 100, "/bin/up"), fork(3 * S, 101, 100));
  recorder.tell(exit(4 * S, 100, 0), fork(5 * S, 102, 1), fork(6 * S, 103, 102));
  recorder.tell(exit(7 * S, 103, 0), exit(8 * S, 102, 0), fork(9 * S, 104, 1));
  recorder.tell(exit(7200 * S, 104, 0)).end();
  await fleet.ship(recorder.path, "web1");
  const now = PAST_EPOCH.seconds * 1000 + 7200_000 + 1000;
  const pids = () =>
    fleet.server.ask("SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM fh.life");
  assert.equal(pids(), "1 100 101 102 103 104");
  const { lives } = await fleet.as("owner", (db) => prune(db, 3600_000, now));
  assert.equal(lives, 2);
  assert.equal(pids(), "1 100 101 104");
  const texts = "SELECT string_agg(encode(comm, 'escape'), ' ' ORDER BY comm) FROM fh.image_text";
  assert.equal(fleet.server.ask(texts), "init up");
  const orphans = "SELECT count(*) FROM fh.life l LEFT JOIN fh.image i ON i.id = l.image " +
    "WHERE i.id IS NULL";
  assert.equal(fleet.server.ask(orphans), "0");
  const later = now + 40 * 86_400_000;
  await fleet.as("owner", (db) => prune(db, 3600_000, later));
  assert.equal(pids(), "1 100 101", "what runs is kept");
  const [host] = await fleet.as("owner", readHosts);
  assert.equal(host!.name, "web1");
  assert.equal(host!.waiting, 0);
  // Whoever ships again what was forgotten adds what is there, once.
  await fleet.ship(recorder.path, "web1");
  assert.equal(pids(), "1 100 101");
});

test(...unless(missing, "a question that is given up ends on the server, too"), async () => {
  await fleet.init("web1");
  const ending = new AbortController();
  const db = await Connection.open(fleet.server.url("reader"), {}, ending.signal);
  // Nobody else comes in, not even to end it.
  fleet.server.ask("ALTER ROLE reader CONNECTION LIMIT 1");
  const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
  const asked = db.rows("SELECT pg_sleep(600)");
  await until(() => fleet.server.ask(sleeping) === "1");
  ending.abort("SIGINT");
  await assert.rejects(asked, Stopped);
  await until(() => fleet.server.ask(`${sleeping} AND state = 'active'`) === "0");
  await db.close();
  fleet.server.ask("ALTER ROLE reader CONNECTION LIMIT -1");
});

test(...unless(missing, "what recorders have found is told with its host"), async () => {
  await fleet.init("web2");
  using recorder = new TestRecorder(undefined, { findings: true });
  recorder.tell(...scan(S, S, [INIT]), fork(2 * S, 100, 1), exec(2 * S, 100, "/bin/bad"));
  recorder.tell(exit(3 * S, 100, 11)).flush();
  recorder.db.exec(`INSERT INTO finding (boot, kind, key, since, until, over, count, life, by_life,
    uid, facts) SELECT boot, 'core-dump', key, 3000000000, 3000000000, 1, 1, id, NULL, 0, '{}'
    FROM life, (SELECT 'k' AS key UNION SELECT 'l') WHERE pid = 100`);
  recorder.end();
  await fleet.ship(recorder.path, "web2");
  const store = await FleetStore.open({
    ...{ url: fleet.server.url("reader"), hosts: "web*", env: {}, signal },
    breath: new Breath(signal),
  });
  const all = await Promise.all(store.bounds.all().map((span) => store.findings(span)));
  const found = all.flatMap((one) => one.found);
  assert.deepEqual(found.map(({ kind, process }) => [kind, process.pid, process.boot.host]), [
    ["core-dump", 100, "web2"],
    ["core-dump", 100, "web2"],
  ], "of one process there can be several");
  const spread = await store.spread(found[0]!.process);
  assert.deepEqual(spread, { names: ["web2"], of: 2, isAll: true, above: [] });
  store.close();
});

test(
  ...unless(missing, "what a host forgets is still asked of the fleet, until that does"),
  async () => {
    await fleet.init("web3");
    using recorder = new TestRecorder();
    recorder.tell(...scan(S, S, [INIT]), fork(2 * S, 100, 1), exec(2 * S, 100, "/bin/old"));
    recorder.tell(exit(3 * S, 100, 0)).flush();
    await fleet.ship(recorder.path, "web3");
    recorder.tell(fork(7000 * S, 101, 1), exit(7200 * S, 101, 0)).flush();
    // As its retention does.
    recorder.db.exec(`DELETE FROM life WHERE pid = 100; UPDATE run SET kept = ${7000 * S}`);
    recorder.end();
    await fleet.ship(recorder.path, "web3");
    const begin = async () => {
      const store = await FleetStore.open({
        ...{ url: fleet.server.url("reader"), hosts: "web3", env: {}, signal },
        breath: new Breath(signal),
      });
      const [{ since }] = store.bounds.all() as [BootSpan];
      store.close();
      return since / S;
    };
    assert.ok(await begin() < 3, "the fleet has what the host has no more");
    const now = PAST_EPOCH.seconds * 1000 + 7200_000;
    await fleet.as("owner", (db) => prune(db, 3600_000, now));
    assert.equal(Math.round(await begin()), 3600, "the fleet has forgotten, too");
  },
);
