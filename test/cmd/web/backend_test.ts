/** Whom the gateway asks, and that nobody waits for a recorder that hangs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HostBackend, type WebPlaces } from "../../../src/cmd/web/backend.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { FakeServer, refusal } from "../../support/fake_server.ts";
import { TestGateway } from "../../support/web.ts";
import { until } from "../../support/until.ts";

const HERE: AbortSignal = new AbortController().signal;

function backendOf(path: string, places: Partial<WebPlaces> = {}): HostBackend {
  const context = fakeContext({ env: { FH_SOCKET: path, FH_DB: "/nonexistent/history.db" } });
  return new HostBackend(context, { db: undefined, socket: undefined, source: "poll", ...places });
}

/** A recorder that takes everything and answers nothing. */
function hanging(): Promise<FakeServer> {
  return FakeServer.start(() => null);
}

test("who leaves lets go of a recorder that hangs, whatever was asked", async () => {
  await using server = await hanging();
  const backend = backendOf(server.path);
  for (const op of ["log", "tree", "status", "job_create", "history", "trouble"]) {
    const gone = new AbortController();
    const asked = backend.ask(op, {}, gone.signal);
    const client = await server.client(server.clients.length);
    await until(() => client.requests.length > 0);
    gone.abort();
    await assert.rejects(asked, op);
    await client.gone;
  }
  const gone = new AbortController();
  const live = backend.live({}, gone.signal);
  const client = await server.client(server.clients.length);
  await until(() => client.requests.length > 0);
  gone.abort();
  await assert.rejects(live);
  await client.gone;
});

test("who has left already asks nothing", async () => {
  await using server = await hanging();
  const backend = backendOf(server.path);
  const gone = AbortSignal.abort();
  for (const op of ["log", "trouble", "doctor", "history", "job_kill"]) {
    await assert.rejects(backend.ask(op, { job: "a" }, gone), op);
  }
  await assert.rejects(backend.live({}, gone));
  assert.equal(server.clients.length, 0);
});

test("a page that goes takes its stream along, also while the recorder hangs", async () => {
  await using server = await hanging();
  await using web = await TestGateway.open({ backend: backendOf(server.path) });
  const controller = new AbortController();
  const url = `http://127.0.0.1:${web.port}/api/live`;
  const options = { method: "POST", headers: web.headers, body: "{}", signal: controller.signal };
  const asked = fetch(url, options).catch(() => null);
  const client = await server.client(0);
  const streams = async () => (await web.ask("gateway", {})).body["streams"];
  assert.equal(await streams(), 1);
  controller.abort();
  await asked;
  await client.gone;
  while (await streams() !== 0);
  assert.deepEqual(web.said, []);
});

test("findings are what the recorder has found", async () => {
  const findings = { findings: [{ kind: "core-dump" }], notes: [] };
  await using server = await FakeServer.start(({ op }) => op === "trouble" ? findings : {});
  const backend = backendOf(server.path);
  assert.deepEqual(await backend.ask("trouble", { since: "1h ago" }, HERE), findings);
  const asked = server.clients.flatMap(({ requests }) => requests);
  assert.deepEqual(asked.map(({ op, since }) => [op, since]), [["trouble", "1h ago"]]);
});

test("a recorder that keeps no findings has the living looked at", async () => {
  await using server = await FakeServer.start(({ op }) =>
    op === "trouble" ? refusal("ENOTTY", 25, "Unknown operation") : {}
  );
  const gone = new AbortController();
  const asked = backendOf(server.path).ask("trouble", {}, gone.signal);
  await (await server.client(0)).gone;
  gone.abort();
  await assert.rejects(asked);
});

test("the gateway says where it asks, and waits but a moment to be told", async () => {
  await using silent = await hanging();
  assert.deepEqual(await backendOf(silent.path).places(HERE), {
    live: true,
    db: null,
    socket: null,
  });
  await using server = await FakeServer.start(() => ({ db: "/srv/other.db" }));
  const { path } = server;
  assert.deepEqual(await backendOf(path).places(HERE), {
    live: true,
    db: "/srv/other.db",
    socket: null,
  });
  assert.deepEqual(await backendOf("/none", { socket: path }).places(HERE), {
    live: true,
    db: "/srv/other.db",
    socket: path,
  });
  await using usual = await FakeServer.start(() => ({ db: "/nonexistent/history.db" }));
  assert.deepEqual(await backendOf(usual.path).places(HERE), {
    live: true,
    db: null,
    socket: null,
  });
  assert.deepEqual(await backendOf("/none", { db: "/a.db" }).places(HERE), {
    live: false,
    db: "/a.db",
    socket: null,
  });
});

test("a history that was named is not changed, and says nothing of this host", async () => {
  const backend = backendOf("/none", { db: "/a.db" });
  assert.match(backend.unchanging!, /leave --db out$/);
  for (const op of ["doctor", "job_kill"]) {
    await assert.rejects(backend.ask(op, { job: "a" }, HERE), { error: "EOPNOTSUPP" });
  }
});
