/** Layouts of the tables: what each asks of a database, and that it takes what is shipped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import type { Layout } from "../../src/fleet/layout.ts";
import { hostGrants, makeRole, migrate } from "../../src/fleet/tables.ts";
import { exit, fork, scan } from "../support/events.ts";
import { TestFleet } from "../support/fleet.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const S = 1e9;
const missing = missingPostgres;
const fleet = missing === null ? new TestFleet() : null!;

/** Functions of the same names and parameters as those of Citus 12 and Timescale 2. */
const STUBS = `
CREATE TABLE called (what text, n int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.called (what) VALUES ('reference ' || $1) $$;
CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text,
    distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default',
    shard_count int DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.called (what) VALUES ('distributed ' || $1 || ' ' || $2 || ' ' || $4) $$;
CREATE FUNCTION create_hypertable(relation regclass, time_column_name name,
    partitioning_column name DEFAULT NULL, number_partitions int DEFAULT NULL,
    chunk_time_interval anyelement DEFAULT NULL::bigint,
    create_default_indexes boolean DEFAULT true) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.called (what)
    VALUES ('hypertable ' || $1 || ' ' || $2 || ' ' || $5 || ' ' || $6) $$;`;

/** Does work in a database of its own. */
async function inDatabase<Result>(
  name: string,
  work: (db: Connection, url: (user: string) => string) => Promise<Result>,
): Promise<Result> {
  fleet.server.ask(`CREATE DATABASE ${name}`);
  const url = (user: string) => fleet.server.url(user).replace("/postgres?", `/${name}?`);
  const db = await Connection.open(url("owner"), {}, new AbortController().signal);
  try {
    return await work(db, url);
  } finally {
    await db.close();
  }
}

/** What was called, once tables are made and a host has shipped. */
async function madeAs(layout: Layout): Promise<string[]> {
  return await inDatabase(`as_${layout}`, async (db, url) => {
    await db.run(STUBS);
    await migrate(db, layout);
    await makeRole(db, `host_${layout}`, hostGrants(`host_${layout}`));
    using recorder = new TestRecorder();
    recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
    recorder.tell(fork(2 * S, 100, 1), exit(3 * S, 100, 256)).end();
    await fleet.ship(recorder.path, `host_${layout}`, {}, undefined, url(`host_${layout}`));
    const lives = await db.rows("SELECT pid, exit_code FROM fh.process ORDER BY pid");
    assert.deepEqual(lives, [[1, null], [100, 1]]);
    const [sum] = await db.rows("SELECT sum(failed)::int FROM fh.hour_sum WHERE kind = 'exit'");
    assert.deepEqual(sum, [1]);
    assert.equal((await migrate(db, null)).from, (await migrate(db, layout)).to);
    return (await db.rows<[string]>("SELECT what FROM called ORDER BY n")).map(([what]) => what);
  });
}

test(...unless(missing, "Citus is told to keep all rows of a host together"), async () => {
  assert.deepEqual(await madeAs("distributed"), [
    ...["host", "boot", "clock", "run", "gap", "finding", "job", "image_text"].map((name) =>
      `reference fh.${name}`
    ),
    "distributed fh.life host default",
    ...["image", "former", "hour_sum", "program", "member"].map((name) => {
      return `distributed fh.${name} host fh.life`;
    }),
  ]);
});

test(
  ...unless(missing, "Timescale is told to divide lives by the days of their starts"),
  async () => {
    const dayOfIds = (86_400n * 100n) << 25n;
    assert.deepEqual(await madeAs("timescale"), [`hypertable fh.life id ${dayOfIds} false`]);
  },
);

test(...unless(missing, "plain tables ask for nothing"), async () => {
  assert.deepEqual(await madeAs("plain"), []);
});

test(...unless(missing, "a layout that cannot be is refused, and leaves nothing"), async () => {
  await inDatabase("bare", async (db) => {
    const refused = (layout: Layout, why: RegExp) =>
      assert.rejects(
        migrate(db, layout),
        (error) => error instanceof CommandError && why.test(error.message),
      );
    await refused("distributed", /has no Citus; run CREATE EXTENSION citus/);
    await refused("timescale", /has no Timescale; run CREATE EXTENSION timescaledb/);
    assert.deepEqual(await db.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'fh'"), []);
    await migrate(db, null);
    await refused("plain", /are there already, in the layout days; leave --plain out/);
  });
});

test(
  ...unless(missing, "a host whose clock is days ahead does not keep a day from coming"),
  async () => {
    await inDatabase("ahead", async (db, url) => {
      await migrate(db, null);
      await makeRole(db, "early", hostGrants("early"));
      using recorder = new TestRecorder();
      recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
      recorder.tell(fork(2 * S, 100, 1), exit(3 * S, 100, 0)).end();
      await fleet.ship(recorder.path, "early", {}, undefined, url("early"));
      const day = Math.floor(PAST_EPOCH.seconds / 86_400);
      const table = `life_${
        new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "")
      }`;
      // As if that day had been far ahead when it was shipped.
      await db.run(`ALTER TABLE fh.life DETACH PARTITION fh.${table};
      INSERT INTO fh.life_other SELECT * FROM fh.${table}; DROP TABLE fh.${table};`);
      await db.rows("SELECT fh.need_day($1)", [day]);
      assert.deepEqual(await db.rows(`SELECT pid FROM fh.${table} ORDER BY pid`), [[1], [100]]);
      assert.deepEqual(await db.rows("SELECT pid FROM fh.life_other"), []);
      assert.deepEqual(await db.rows(`SELECT status FROM fh.life WHERE pid = 100`), [[0]]);
    });
  },
);
