/** connect(): what it asks for, how it is typed, and how it ends. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { connect, ConnectionError, RequestError, type ServedEvent } from "../mod.ts";
import { type FakeRequest, FakeServer, refusal } from "./support/fake_server.ts";

const SOURCE = { event: "source", time: "", source: "connector", why: "it sees all", seq: 7 };
const EXEC = { event: "exec", time: "", id: "7c0a51fe-50-100", pid: 50, argv: ["true"], seq: 8 };
const BEAT = { event: "heartbeat", time: "", source: "connector", seq: 9 };
const FORK = { event: "fork", time: "", id: "7c0a51fe-51-101", pid: 51, seq: 10 };

function serve(...events: Record<string, unknown>[]): Promise<FakeServer> {
  return FakeServer.start((_, client) => {
    queueMicrotask(() => client.send(SOURCE, ...events));
    return { instance: "7c0a51fe-811-1034", seq: 7 };
  });
}

function askedBy(request: FakeRequest): FakeRequest {
  const { id: _id, ...asked } = request;
  return asked;
}

test("connect() hands out typed events, each with its number", async () => {
  await using server = await serve(EXEC, BEAT, FORK);
  const filter = { event: ["exec", "fork"], user: 1000, failed: true } as const;
  const seen: [string, number][] = [];
  for await (const event of connect({ path: server.path, filter, from: 6, snapshot: true })) {
    seen.push([event.event, event.seq]);
    if (event.event === "source") assert.equal(event.why, "it sees all");
    if (event.event === "exec") assert.deepEqual(event.argv, ["true"]);
    if (event.event === "fork") break;
  }
  assert.deepEqual(seen, [["source", 7], ["exec", 8], ["fork", 10]]);
  const [client] = server.clients;
  assert.deepEqual(askedBy(client!.requests[0]!), {
    op: "subscribe",
    filter,
    snapshot: true,
    from: 6,
  });
  await client!.gone;
});

test("connect() hands out heartbeats when asked to", async () => {
  await using server = await serve(BEAT);
  for await (const event of connect({ path: server.path, heartbeats: true })) {
    if (event.event === "heartbeat") break;
    assert.equal(event.event, "source");
  }
});

test("connect() finds the socket by FH_SOCKET", async () => {
  await using server = await serve();
  const before = process.env["FH_SOCKET"];
  process.env["FH_SOCKET"] = server.path;
  try {
    const events = connect();
    assert.equal(((await events.next()).value as ServedEvent).source, "connector");
    await events.return();
  } finally {
    if (before === undefined) delete process.env["FH_SOCKET"];
    else process.env["FH_SOCKET"] = before;
  }
});

test("connect() throws where there is no server, and what a server refuses", async () => {
  const none = connect({ path: "/nonexistent/fh.sock" });
  await assert.rejects(none.next(), (error) => {
    assert.ok(error instanceof ConnectionError);
    assert.equal(error.code, "ENOENT");
    return true;
  });
  assert.deepEqual(await none.next(), { done: true, value: undefined });
  await using server = await FakeServer.start(() => refusal("EFAULT", 14, "Bad filter"));
  await assert.rejects(connect({ path: server.path }).next(), (error) => {
    assert.ok(error instanceof RequestError);
    assert.deepEqual([error.error, error.errno, error.message], ["EFAULT", 14, "Bad filter"]);
    return true;
  });
});

test("connect() ends with an AbortSignal while it waits", async () => {
  await using server = await serve();
  const abort = new AbortController();
  const seen: string[] = [];
  for await (const { event } of connect({ path: server.path, signal: abort.signal })) {
    seen.push(event);
    setImmediate(() => abort.abort());
  }
  assert.deepEqual(seen, ["source"]);
  await server.clients[0]!.gone;
});
