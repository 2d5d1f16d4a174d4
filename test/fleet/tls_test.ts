/** A server in the network is believed where its certificate is that of its name. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { unless } from "../support/unless.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;
const missing = missingPostgres ?? (openssl ? null : "openssl");

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
});
