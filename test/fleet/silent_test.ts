/** Servers that do not answer, or slowly: what is waited for, and how long. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { UsageError } from "../../src/fault.ts";
import { Connection } from "../../src/fleet/connection.ts";
import { openerOf, parseTarget } from "../../src/ship/open/targets.ts";
import { SinkAway } from "../../src/ship/sink.ts";
import { missingPostgres, Postgres } from "../support/postgres.ts";
import { HOST } from "../support/stream.ts";
import { unless } from "../support/unless.ts";

const NEVER = new AbortController().signal;

/** A server on this host, and its port; disposing of it closes it and whoever is connected. */
async function serving(serve: (client: Socket) => void) {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on("error", () => {});
    serve(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      server.close();
      for (const one of clients) one.destroy();
    },
  };
}

/** Lets in, with a key to cancel by, and says that it is ready for a question. */
const LETS_IN = Uint8Array.of(
  ...[0x52, 0, 0, 0, 8, 0, 0, 0, 0],
  ...[0x4b, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2],
  ...[0x5a, 0, 0, 0, 5, 0x49],
);

test("a database that falls silent once it has let in is left", async () => {
  using server = await serving((client) => client.once("data", () => client.write(LETS_IN)));
  const url = `postgres://u@127.0.0.1:${server.port}/d?sslmode=disable`;
  await assert.rejects(
    Connection.open(url, {}, NEVER),
    (error) => error instanceof SinkAway && /it does not answer/.test(error.message),
  );
});

/** `SET` is done, and it is ready for the next. */
const DONE = Uint8Array.of(
  ...[0x43, 0, 0, 0, 8, 0x53, 0x45, 0x54, 0],
  ...[0x5a, 0, 0, 0, 5, 0x49],
);
/** The question has ended: an error with its severity, code and words. */
const ENDED = Buffer.from("E\0\0\0\x16SERROR\0C57014\0Mx\0\0Z\0\0\0\x05I", "latin1");
const CANCEL_REQUEST = 80_877_102;
const BUSY_MS = 300;

test("a pool that is to end a question is not left before it has heard of it", async () => {
  const told: string[] = [];
  let asking: Socket | null = null;
  using server = await serving((client) => {
    client.once("data", (first) => {
      if (first.readInt32BE(4) !== CANCEL_REQUEST) {
        client.write(LETS_IN);
        client.once("data", () => client.write(DONE));
        asking = client;
        return;
      }
      asking?.write(ENDED);
      told.push(`key ${first.readInt32BE(8)} ${first.readInt32BE(12)}`);
      client.once("end", () => told.push("left"));
      setTimeout(() => told.push("ended") && client.end(), BUSY_MS);
    });
  });
  const ending = new AbortController();
  const url = `postgres://u@127.0.0.1:${server.port}/d?sslmode=disable`;
  const db = await Connection.open(url, {}, ending.signal);
  const asked = db.rows("SELECT 1");
  ending.abort("the end");
  await assert.rejects(asked, /^Stopped: /);
  assert.deepEqual(told.slice(0, 2), ["key 1 2", "ended"]);
  await db.close();
});

test("whoever is to end waits for no server of NATS", async () => {
  const ending = new AbortController();
  using server = await serving(() => ending.abort("the end"));
  const world = { env: {}, host: HOST, history: "/none", folder: "/none", note() {} };
  const open = await openerOf(parseTarget(`nats://127.0.0.1:${server.port}/PROC`), world);
  await assert.rejects(open(ending.signal), /^Stopped: /);
});

/** Passes on so many bytes at once, then pauses. */
const PIECE = 32_768;
const PAUSE_MS = 100;

test(
  ...unless(missingPostgres, "what is sent on a slow line has the time that it takes"),
  async () => {
    const postgres = new Postgres();
    using server = await serving((client) => {
      const other = connect(`${postgres.folder}/.s.PGSQL.5432`);
      other.on("error", () => {}).pipe(client);
      client.on("data", (bytes) => {
        client.pause();
        for (let at = 0; at < bytes.length; at += PIECE) {
          other.write(bytes.subarray(at, at + PIECE));
        }
        setTimeout(() => client.resume(), PAUSE_MS * bytes.length / PIECE);
      });
    });
    const url = `postgres://owner@127.0.0.1:${server.port}/postgres?sslmode=disable`;
    const db = await Connection.open(url, {}, NEVER, 500);
    try {
      const [row] = await db.rows<[number]>("SELECT length($1)", ["x".repeat(1 << 20)]);
      assert.deepEqual(row, [1 << 20]);
    } finally {
      await db.close();
    }
  },
);

test("a URL that is refused is not told, for a password may be in it", () => {
  for (const scheme of ["postgres", "nats", "otlp", "mysql"]) {
    for (const rest of ["//u:s3cret@h:99999/db", "//u:s3cret@[::/db", "//u:s3cret@h/db"]) {
      assert.throws(
        () => parseTarget(`${scheme}:${rest}`),
        (error) => error instanceof UsageError && !error.message.includes("s3cret"),
      );
    }
  }
});
