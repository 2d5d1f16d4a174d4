import assert from "node:assert/strict";
import { test } from "node:test";
import {
  follow,
  type FollowedEvent,
  type FollowSettings,
  type Pause,
} from "../../../src/serve/client/follow.ts";
import {
  type FakeAnswer,
  type FakeRequest,
  FakeServer,
  refusal,
} from "../../support/fake_server.ts";

/** The first number of a test: microseconds since the Unix epoch. */
const T = 1_764_016_440_000_000;
const ID = "7c0a51fe";

/** An event of a process, `us` after the beginning. */
function event(kind: string, us: number, pid: number, parts: Record<string, unknown> = {}) {
  const time = new Date((T + us) / 1000).toISOString().replace("Z", "000000Z");
  return { event: kind, time, id: `${ID}-${pid}-88${pid}`, pid, seq: T + us, ...parts };
}

/** The answer to a subscription, and what follows it. */
interface Course {
  readonly instance?: string;
  readonly seq?: number;
  readonly overlap?: true;
  readonly refused?: FakeAnswer;
  readonly events?: readonly Record<string, unknown>[];
  /** The server goes when it has sent the events. */
  readonly dies?: boolean;
}

/** A server that goes through `courses`, one for each subscription. */
async function serve(courses: readonly Course[]) {
  const asked: FakeRequest[] = [];
  const server = await FakeServer.start((request, client) => {
    const course = courses[asked.length]!;
    const { id: _id, op: _op, ...params } = request;
    asked.push(params);
    if (course.refused !== undefined) return course.refused;
    const { instance = "one", seq = T, events = [], overlap } = course;
    // What is sent in the same turn as the answer must follow it.
    queueMicrotask(() => {
      client.send({ event: "source", source: "connector", seq }, ...events);
      if (course.dies) client.socket.end();
    });
    return { instance, seq, ...overlap === undefined ? {} : { overlap } };
  });
  return { server, asked };
}

const short = ({ event, pid, seq }: FollowedEvent) => `${event} ${pid ?? ""} ${seq - T}`;

/** Follows until `count` events other than `source` have come. */
async function followed(count: number, settings: FollowSettings, pause: Pause = noPause) {
  const seen: string[] = [];
  for await (const event of follow(settings, pause)) {
    if (event.event === "source") continue;
    seen.push(short(event));
    if (seen.length === count) break;
  }
  return seen;
}

const noPause: Pause = () => Promise.resolve();

test("follow() subscribes as it is told, and hands out what comes", async () => {
  const { server, asked } = await serve([{ events: [event("fork", 1, 50), event("exit", 2, 50)] }]);
  await using _ = server;
  const filter = { event: ["fork", "exit"] };
  const settings = { path: server.path, filter, from: "10m ago", snapshot: true };
  assert.deepEqual(await followed(2, settings), ["fork 50 1", "exit 50 2"]);
  assert.deepEqual(asked, [{ filter, from: "10m ago", snapshot: true }]);
});

test("follow() tells the source of each server", async () => {
  const { server } = await serve([{ dies: true }, { instance: "two" }]);
  await using _ = server;
  const events = follow({ path: server.path }, noPause);
  for (let i = 0; i < 2; i++) assert.equal((await events.next()).value?.event, "source");
  await events.return();
});

test("follow() goes on after the last number, with the same server", async () => {
  const { server, asked } = await serve([
    { events: [event("fork", 5, 50)], dies: true },
    { events: [event("exit", 9, 50)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(2, { path: server.path, snapshot: true }), [
    "fork 50 5",
    "exit 50 9",
  ]);
  assert.deepEqual(asked, [{ snapshot: true }, { from: T + 5, instance: "one" }]);
});

test("follow() goes on from where it began when nothing came, and from heartbeats", async () => {
  const beat = { event: "heartbeat", time: "", seq: T + 70 };
  const { server, asked } = await serve([
    { dies: true },
    { events: [beat], dies: true },
    { events: [event("fork", 90, 50)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(1, { path: server.path }), ["fork 50 90"]);
  const instance = "one";
  assert.deepEqual(asked, [{}, { from: T, instance }, { from: T + 70, instance }]);
});

test("follow() asks for a moment again as long as nothing has come of it", async () => {
  const { server, asked } = await serve([
    { seq: T + 900, dies: true },
    { seq: T + 990, events: [event("fork", 3, 50)], dies: true },
    { seq: T + 990, events: [event("exit", 4, 50)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(2, { path: server.path, from: T }), ["fork 50 3", "exit 50 4"]);
  assert.deepEqual(asked, [{ from: T }, { from: T }, { from: T + 3, instance: "one" }]);
});

test("follow() completes a snapshot with the next server, each process once", async () => {
  const { server, asked } = await serve([
    { events: [event("snapshot", 0, 1), event("snapshot", 0, 2)], dies: true },
    { events: [event("snapshot", 0, 2), event("snapshot", 0, 3), event("fork", 5, 4)], dies: true },
    { events: [event("exit", 6, 4)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(5, { path: server.path, snapshot: true }), [
    "snapshot 1 0",
    "snapshot 2 0",
    "snapshot 3 0",
    "fork 4 5",
    "exit 4 6",
  ]);
  const instance = "one";
  assert.deepEqual(asked, [
    { snapshot: true },
    { snapshot: true, from: T, instance },
    { from: T + 5, instance },
  ]);
});

test("follow() drops what another server tells again, and keeps what it tells late", async () => {
  const argv = ["true"];
  const began = T - 5_000_000;
  const { server, asked } = await serve([
    {
      seq: began,
      events: [
        event("fork", 1000, 50),
        event("exec", 2000, 50, { exe: "/bin/true", argv }),
        event("exit", 3000, 50),
        event("fork", 3001, 51),
      ],
      dies: true,
    },
    {
      instance: "two",
      overlap: true,
      // The number of the source may be that of now.
      seq: T + 60_000_000,
      events: [
        { event: "gap", time: "", lost: null, reason: "not recording", seq: T - 1_996_999 },
        // One tick later than the other had it.
        event("fork", 900, 50, { id: `${ID}-50-8851` }),
        event("exec", 2000 + 9000, 50, { exe: "/bin/true", argv }),
        event("exec", 12_000, 50, { exe: "/bin/false", argv: ["false"] }),
        event("exec", 2000 + 11_000, 50, { exe: "/bin/true", argv }),
        event("exit", 13_001, 50),
        event("fork", 13_002, 51),
        // It stands before what was told last, but the other had not told it.
        event("exit", 13_003, 49),
        event("fork", 20_000, 52),
      ],
    },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(9, { path: server.path }), [
    "fork 50 1000",
    "exec 50 2000",
    "exit 50 3000",
    "fork 51 3001",
    "gap  -1996999",
    "exec 50 12000",
    "exec 50 13000",
    "exit 49 13003",
    "fork 52 20000",
  ]);
  assert.deepEqual(asked, [{}, { from: T + 3001, instance: "one" }]);
});

test("follow() drops nothing of what is told again without being told so", async () => {
  const { server } = await serve([
    { events: [event("fork", 1, 50)], dies: true },
    { events: [event("fork", 2, 50)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(2, { path: server.path }), ["fork 50 1", "fork 50 2"]);
});

test("follow() leaves out what was before it began, but no gap", async () => {
  const gap = { event: "gap", time: "", lost: null, reason: "not recording", seq: T - 2000 };
  const { server } = await serve([
    { dies: true },
    { overlap: true, events: [gap, event("fork", -1000, 50), event("fork", 7, 51)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(2, { path: server.path }), ["gap  -2000", "fork 51 7"]);
});

test("follow() survives a server that dies while it tells again", async () => {
  const again = { instance: "two", overlap: true, dies: true } as const;
  const { server, asked } = await serve([
    { events: [event("fork", 1000, 50), event("fork", 2000, 51)], dies: true },
    { ...again, events: [event("fork", 1000, 50)] },
    { ...again, events: [event("exit", 1500, 49), event("fork", 2000, 51)] },
    { ...again, events: [event("exit", 1500, 49), event("fork", 3000, 52)] },
    { instance: "three", events: [event("exit", 4000, 52)] },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(5, { path: server.path }), [
    "fork 50 1000",
    "fork 51 2000",
    "exit 49 1500",
    "fork 52 3000",
    "exit 52 4000",
  ]);
  assert.deepEqual(asked.map(({ from, instance }) => [Number(from) - T, instance]).slice(1), [
    [2000, "one"],
    [2000, "one"],
    [2000, "one"],
    [3000, "two"],
  ]);
});

test("follow() knows again what is four seconds old at most", async () => {
  const { server } = await serve([
    { events: [event("fork", 1, 50), event("fork", 6_000_000, 51)], dies: true },
    {
      overlap: true,
      events: [event("fork", 4_000_000, 50), event("fork", 10_000_001, 51)],
    },
  ]);
  await using _ = server;
  assert.deepEqual(await followed(4, { path: server.path }), [
    "fork 50 1",
    "fork 51 6000000",
    "fork 50 4000000",
    "fork 51 10000001",
  ]);
});

test("follow() hands out heartbeats when they are wanted", async () => {
  const beat = { event: "heartbeat", time: "", seq: T + 70 };
  const { server } = await serve([{ events: [beat, event("fork", 90, 50)] }]);
  await using _ = server;
  assert.deepEqual(await followed(2, { path: server.path, heartbeats: true }), [
    "heartbeat  70",
    "fork 50 90",
  ]);
});

test("follow() waits longer each time, and little again after a success", async () => {
  const pauses: number[] = [];
  const busy = { refused: refusal("EUSERS", 87, "Too many connections") };
  const dies = { events: [event("fork", 1, 50)], dies: true };
  const { server } = await serve([
    dies,
    ...Array.from({ length: 6 }, () => busy),
    dies,
    busy,
    { events: [event("exit", 2, 50)] },
  ]);
  await using _ = server;
  await followed(3, { path: server.path }, (ms) => {
    pauses.push(ms);
    return Promise.resolve();
  });
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 2000, 2000, 100, 200]);
});

test("follow() waits for a server that is not there, once it has had one", async () => {
  const first = await serve([{ events: [event("fork", 1, 50)] }]);
  const { path } = first.server;
  const seen: string[] = [];
  let second: FakeServer | null = null;
  let pauses = 0;
  for await (
    const event of follow({ path }, async () => {
      if (++pauses < 3) return;
      second = await FakeServer.start((_, client) => {
        queueMicrotask(() => client.send({ event: "exit", time: "", seq: T + 2, id: "a" }));
        return { instance: "two", seq: T };
      }, path);
    })
  ) {
    seen.push(event.event);
    if (event.event === "fork") await first.server.close();
    if (event.event === "exit") break;
  }
  assert.deepEqual([seen, pauses], [["source", "fork", "exit"], 3]);
  await second!.close();
  await first.server[Symbol.asyncDispose]().catch(() => {});
});

test("follow() rejects when there is no server, unless it is to wait for one", async () => {
  const path = "/nonexistent/fh.sock";
  await assert.rejects(follow({ path }).next(), { name: "ConnectionError", code: "ENOENT" });
  const abort = new AbortController();
  let pauses = 0;
  const pause: Pause = () => {
    if (++pauses === 3) abort.abort();
    return Promise.resolve();
  };
  const events = follow({ path, retry: "always", signal: abort.signal }, pause);
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  assert.equal(pauses, 3);
});

test("follow() without retry rejects when the server goes", async () => {
  const { server } = await serve([{ events: [event("fork", 1, 50)], dies: true }]);
  await using _ = server;
  await assert.rejects(followed(2, { path: server.path, retry: false }), { code: "ECONNRESET" });
});

test("follow() rejects what the server refuses, however it is to be retried", async () => {
  const refused = refusal("EFAULT", 14, "Bad filter");
  const { server } = await serve([{ refused }, { dies: true }, { refused }]);
  await using _ = server;
  const { path } = server;
  await assert.rejects(followed(1, { path, retry: "always" }), { error: "EFAULT" });
  await assert.rejects(followed(1, { path }), { error: "EFAULT" });
});

test("follow() ends when the signal aborts, whatever it does", async () => {
  const { server } = await serve([{}, { dies: true }, {}]);
  await using _ = server;
  const { path } = server;
  const waiting = new AbortController();
  for await (const _ of follow({ path, signal: waiting.signal })) {
    setImmediate(() => waiting.abort());
  }
  await server.clients[0]!.gone;
  const pausing = new AbortController();
  const pause: Pause = (ms, signal) => {
    assert.equal(ms, 100);
    setImmediate(() => pausing.abort());
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  for await (const _ of follow({ path, signal: pausing.signal }, pause));
  for await (const _ of follow({ path, signal: AbortSignal.abort() })) assert.fail();
  assert.equal(server.clients.length, 2);
});

test("follow() leaves no connection behind when its consumer has enough", async () => {
  const { server } = await serve([{ events: [event("fork", 1, 50)] }]);
  await using _ = server;
  await followed(1, { path: server.path });
  await server.clients[0]!.gone;
});
