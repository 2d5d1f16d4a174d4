/** What PostgreSQL says, and what a person is told to do about it. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import { migrate } from "../../src/fleet/tables.ts";
import { SinkAway } from "../../src/ship/sink.ts";
import { TestFleet } from "../support/fleet.ts";
import { missingPostgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const missing = missingPostgres;
const { signal } = new AbortController();

/** What goes wrong, and whether it may be better later. */
async function failure(work: () => Promise<unknown>): Promise<[words: string, away: boolean]> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof CommandError, String(error));
    return [error.message, error instanceof SinkAway];
  }
  return assert.fail("nothing went wrong");
}

test(...unless(missing, "each failure has an advice that helps"), async () => {
  const { server, ...fleet } = await new TestFleet().init("web1");
  assert.ok(fleet);
  const url = server.url("reader");
  const asked = (sql: string, where = url) =>
    failure(async () => {
      const db = await Connection.open(where, {}, signal);
      try {
        await db.rows(sql);
      } finally {
        await db.close();
      }
    });
  const setting = async (role: string, set: string, sql: string) => {
    server.ask(`ALTER ROLE ${role} ${set}`);
    try {
      return await asked(sql, server.url(role));
    } finally {
      server.ask(`ALTER ROLE ${role} RESET ALL; ALTER ROLE ${role} CONNECTION LIMIT -1`);
    }
  };
  const slow = await setting("reader", "SET statement_timeout = '50ms'", "SELECT pg_sleep(60)");
  assert.match(slow[0], /statement timeout; ask for less, or raise statement_timeout/);
  assert.equal(slow[1], false);
  const full = await setting("reader", "CONNECTION LIMIT 0", "SELECT 1");
  assert.match(full[0], /too many connections .*; raise max_connections there/);
  assert.equal(full[1], true);
  const writing = "SELECT fh.hello('00000000-0000-4000-8000-000000000001', 'a', '1')";
  const standby = await setting("web1", "SET default_transaction_read_only = on", writing);
  assert.match(standby[0], /read-only transaction; connect to the server that takes writes/);
  assert.match(
    (await asked("CREATE ROLE x"))[0],
    /create role; ask as a role that may CREATE ROLE/,
  );
  const [none] = await asked("SELECT 1", url.replace("/postgres?", "/none?"));
  assert.match(none, /"none" does not exist; name one that is there, or make it: createdb/);
  const [hidden] = await asked("SELECT * FROM fh.host", server.url("web1"));
  assert.match(hidden, /permission denied .*; ask its owner for the role fh_reader/);
  const [nobody] = await asked("SELECT 1", server.url("nobody_here"));
  assert.match(nobody, /does not let you in: role .* does not exist; name another, or make it/);
  server.ask("CREATE ROLE no_owner LOGIN");
  const made = await failure(async () => {
    const db = await Connection.open(server.url("no_owner"), {}, signal);
    await db.rows("CREATE SCHEMA x").finally(() => db.close());
  });
  assert.match(made[0], /permission denied for database postgres; ask as the owner/);
});

test(...unless(missing, "a password comes from wherever it may stand"), async () => {
  const { server } = await new TestFleet().init("web1");
  server.password("web1", "s3cret");
  server.stop("fast");
  server.start();
  const url = server.url("web1");
  const enter = async (env: Record<string, string>) => {
    const db = await Connection.open(url, { HOME: server.folder, ...env }, signal);
    await db.close();
  };
  const [words, isAway] = await failure(() => enter({}));
  assert.match(words, /does not let you in: it asks for a password; give PGPASSFILE, PGPASSWORD/);
  assert.equal(isAway, false, "no time mends it");
  const [wrong] = await failure(() => enter({ PGPASSWORD: "other" }));
  assert.match(wrong, /does not let you in: password authentication failed/);
  await enter({ PGPASSWORD: "s3cret" });
  const file = join(server.folder, "file");
  writeFileSync(file, "*:*:postgres:web1:s3cret\n", { mode: 0o600 });
  await enter({ PGPASSFILE: file });
  writeFileSync(join(server.folder, "services"), "[f]\nuser=web1\npassword=s3cret\n");
  await enter({ PGSERVICEFILE: join(server.folder, "services"), PGSERVICE: "f" });
  const folder = join(server.folder, "credentials");
  mkdirSync(folder);
  writeFileSync(join(folder, "fh-fleet-password"), "s3cret\n");
  await enter({ CREDENTIALS_DIRECTORY: folder });
});

test(...unless(missing, "tables are made where every name can be kept"), async () => {
  const { server } = new TestFleet();
  server.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'");
  server.ask("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'");
  const make = async (name: string) => {
    const url = server.url().replace("/postgres?", `/${name}?`);
    const db = await Connection.open(url, {}, signal);
    await migrate(db, null).finally(() => db.close());
  };
  const [words] = await failure(() => make("latin"));
  assert.match(words, /of encoding LATIN1; take one of UTF8: createdb -E UTF8 -T template0 NAME/);
  await make("bytes");
});
