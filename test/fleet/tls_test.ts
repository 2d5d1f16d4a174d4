/** A server in the network is believed where its certificate is that of its name. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CommandError, Stopped } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;
const missing = missingPostgres ?? (openssl ? null : "openssl");

/** The server notices within a minute, or never. */
const LOOKS_MAX = 3000;

/** A port of this host that is free. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    server.close(() => resolve(port));
  });
  return await promise;
}

test(...unless(missing, "a certificate that nobody vouches for is refused"), async () => {
  const server = new Postgres();
  const [cert, key] = [join(server.folder, "cert.pem"), join(server.folder, "key.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost", "-out", cert, "-keyout", key],
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  chmodSync(key, 0o600);
  if (process.getuid!() === 0) chownSync(key, 65534, 65534);
  server.stop("fast");
  const port = await freePort();
  server.start({
    ...{ listen_addresses: "127.0.0.1", port: String(port) },
    ...{ ssl: "on", ssl_cert_file: cert, ssl_key_file: key },
  });
  const { signal } = new AbortController();
  const open = async (host: string, rest: string) => {
    const url = `postgres://owner@${host}:${port}/postgres${rest}`;
    const db = await Connection.open(url, {}, signal);
    const [row] = await db.rows<[boolean]>(
      "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    await db.close();
    return row![0];
  };
  await assert.rejects(open("localhost", ""), CommandError);
  await assert.rejects(open("localhost", "?sslmode=verify-full"), CommandError);
  assert.equal(await open("localhost", `?sslrootcert=${cert}`), true);
  await assert.rejects(open("127.0.0.1", `?sslrootcert=${cert}`), CommandError, "another name");
  assert.equal(await open("localhost", "?sslmode=disable"), false);
  assert.equal(await open("127.0.0.1", `?sslmode=verify-ca&sslrootcert=${cert}`), true);
  assert.equal(await open("127.0.0.1", "?sslmode=require"), true);
  await assert.rejects(
    open("localhost", ""),
    /certificate; name who has signed it by .sslrootcert/,
  );
  // Who gives up says so the same way, and not only by going: the server would not notice.
  const ending = new AbortController();
  const url = `postgres://owner@localhost:${port}/postgres?sslrootcert=${cert}`;
  const db = await Connection.open(url, {}, ending.signal);
  const asked = db.rows("SELECT pg_sleep(600)");
  const watching = await Connection.open(url, {}, signal);
  const sleep = async (count: number) => {
    const sql = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' " +
      "AND state = 'active'";
    for (let look = 0; (await watching.rows(sql)).length !== count; look++) {
      assert.ok(look < LOOKS_MAX, `${count} sleep`);
      await delay(10);
    }
  };
  await sleep(1);
  ending.abort("SIGINT");
  await assert.rejects(asked, Stopped);
  await sleep(0);
  await watching.close();
  await db.close();
});
