import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  Connection,
  ConnectionError,
  RequestError,
} from "../../../src/serve/client/socket_client.ts";
import { type FakeClient, FakeServer, hello, refusal } from "../../support/fake_server.ts";

/** Takes events until there are `count`, or the connection is over. */
async function taken(connection: Connection, count = Infinity): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) {
    const more = await connection.take();
    if (more === null) break;
    lines.push(...more);
  }
  return lines;
}

test("request() gives an id, and resolves to the answer", async () => {
  await using server = await FakeServer.start(() => hello());
  const connection = await Connection.open(server.path);
  const answer = await connection.request("hello", { protocol: 1 });
  assert.deepEqual([answer.ok, answer.op, answer["pid"]], [true, "hello", 811]);
  assert.deepEqual(server.clients[0]!.requests, [{ op: "hello", protocol: 1, id: 1 }]);
  connection.close();
});

test("no parameter says what is asked, nor which answer is whose", async () => {
  await using server = await FakeServer.start(() => hello());
  const connection = await Connection.open(server.path);
  await connection.request("hello", { op: "job_end", id: 99 });
  assert.deepEqual(server.clients[0]!.requests, [{ op: "hello", id: 1 }]);
  connection.close();
});

test("request() rejects with what the server says", async () => {
  await using server = await FakeServer.start(() => refusal("EPERM", 1, "Not permitted: no; ask"));
  const connection = await Connection.open(server.path);
  await assert.rejects(connection.request("register"), (error) => {
    assert.ok(error instanceof RequestError);
    assert.deepEqual([error.error, error.errno], ["EPERM", 1]);
    assert.equal(error.message, "Not permitted: no; ask");
    return true;
  });
  connection.close();
});

test("several requests are answered each, also by answers without an id", async () => {
  await using server = await FakeServer.start(({ op }) => ({ id: undefined, name: op }));
  const connection = await Connection.open(server.path);
  const answers = await Promise.all(["a", "b", "c"].map((op) => connection.request(op)));
  assert.deepEqual(answers.map((answer) => answer["name"]), ["a", "b", "c"]);
  connection.close();
});

test("events come in order between answers, whatever their fields' order", async () => {
  await using server = await FakeServer.start((_, client) => {
    client.send({ event: "fork", n: 1 }, { n: 2, event: "exec" });
    return {};
  });
  const connection = await Connection.open(server.path);
  await connection.request("subscribe");
  const lines = await taken(connection, 2);
  assert.deepEqual(lines, ['{"event":"fork","n":1}', '{"n":2,"event":"exec"}']);
  connection.close();
});

test("lines are put together from pieces, split within a character too", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const client = await server.client(0);
  const bytes = new TextEncoder().encode('{"event":"a€😀"}\n{"event":"b"}\n');
  for (const byte of bytes) {
    client.socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(await taken(connection, 2), ['{"event":"a€😀"}', '{"event":"b"}']);
  connection.close();
});

test("an answer may be tens of MiB long", async () => {
  const tree = "x".repeat(48 << 20);
  await using server = await FakeServer.start(() => ({ tree }));
  const connection = await Connection.open(server.path);
  const answer = await connection.request("tree");
  assert.equal((answer["tree"] as string).length, tree.length);
  connection.close();
});

/** Sends events until the other end takes no more of them; how many these were. */
async function sendMany(client: FakeClient, count: number): Promise<number> {
  const padding = "x".repeat(1000);
  for (let i = 0; i < count; i++) {
    if (client.socket.write(JSON.stringify({ event: "exec", i, padding }) + "\n")) continue;
    const drained = new Promise((resolve) => client.socket.once("drain", resolve));
    const late = new Promise((resolve) => setTimeout(resolve, 100, "late"));
    if (await Promise.race([drained, late]) === "late") return i + 1;
  }
  return count;
}

test("no more is read than 4 MiB and what is under way, and nothing is lost", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const client = await server.client(0);
  const sent = await sendMany(client, 100_000);
  assert.ok(sent < 20_000, `the server was stopped after ${sent} events`);
  // The server goes while most of it has not been read.
  client.socket.end();
  const lines = await taken(connection);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).i),
    Array.from({ length: sent }, (_, i) => i),
  );
  assert.match(connection.error!.message, /has gone/);
});

test("what waits is rejected when the server goes, and what is asked then", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const waiting = connection.request("status");
  const client = await server.client(0);
  client.socket.destroy();
  for (const request of [() => waiting, () => connection.request("hello")]) {
    await assert.rejects(request, (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.equal(error.code, "ECONNRESET");
      assert.ok(error.message.startsWith(`The server at ${server.path} has gone: `));
      return true;
    });
  }
  assert.equal(await connection.take(), null);
});

test("events that have come are handed out before the end", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const client = await server.client(0);
  client.send({ event: "fork" });
  await client.end();
  assert.deepEqual(await taken(connection), ['{"event":"fork"}']);
});

test("close() ends it without an error", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const waiting = connection.request("status");
  const nothing = connection.take();
  connection.close();
  await assert.rejects(waiting, { code: "ECONNABORTED" });
  await assert.rejects(connection.request("status"), { code: "ECONNABORTED" });
  assert.equal(await nothing, null);
  assert.equal(connection.error, null);
  await (await server.client(0)).gone;
});

test("a server that refuses the connection itself is heard", async () => {
  await using server = await FakeServer.start(() => null);
  const connection = await Connection.open(server.path);
  const client = await server.client(0);
  client.send({ ok: false, op: null, error: "EUSERS", errno: 87, message: "Too many" });
  await client.end();
  assert.equal(await connection.take(), null);
  await assert.rejects(connection.request("hello"), { name: "RequestError", error: "EUSERS" });
});

test("what does not speak the protocol is left", async () => {
  await using server = await FakeServer.start(() => null);
  for (const line of ["SSH-2.0-OpenSSH_9.6\r\n", "[1]\n", "null\n"]) {
    const connection = await Connection.open(server.path);
    const waiting = connection.request("hello");
    const client = await server.client(server.clients.length - 1);
    client.socket.write(line);
    await assert.rejects(waiting, { code: "EPROTO", message: /does not speak fh's protocol/ });
  }
});

test("Connection.open() says why there is no connection", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-client-"));
  try {
    const file = join(folder, "file");
    writeFileSync(file, "");
    for (const [path, code] of [[join(folder, "none"), "ENOENT"], [file, "ECONNREFUSED"]]) {
      await assert.rejects(Connection.open(path!), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.equal(error.code, code);
        assert.ok(error.message.startsWith(`Cannot connect to ${path}: `), error.message);
        return true;
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a signal ends a connection as close() does, and opens none when it has come", async () => {
  await using server = await FakeServer.start(() => null);
  const ending = new AbortController();
  const connection = await Connection.open(server.path, undefined, ending.signal);
  const asked = connection.request("hello");
  const client = await server.client(0);
  ending.abort();
  await assert.rejects(asked, { code: "ECONNABORTED" });
  assert.equal(await connection.take(), null);
  assert.equal(connection.error, null);
  await client.gone;
  const late = Connection.open(server.path, undefined, ending.signal);
  await assert.rejects(late, { code: "ECONNABORTED" });
  assert.equal(server.clients.length, 1);
});
