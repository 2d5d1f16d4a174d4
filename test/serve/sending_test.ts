import assert from "node:assert/strict";
import { test } from "node:test";
import { ERRNO } from "../../ffi/errno.ts";
import { openLibc } from "../../ffi/mod.ts";
import { foreign, type RawClient, type Serving, serving } from "../support/serving.ts";

const libc = await openLibc();

/** A chunk of `count` events of 100 bytes with numbers from `from` on. */
function events(
  from: number,
  count: number,
): [Uint8Array, { events: number; lost: 0; seq: number }] {
  const lines = Array.from({ length: count }, (_, n) => {
    const line = `{"event":"fork","seq":${from + n}`;
    return `${line.padEnd(98)}}\n`;
  });
  const meta = { events: count, lost: 0, seq: from + count - 1 } as const;
  return [new TextEncoder().encode(lines.join("")), meta];
}

/** Reads until there is nothing left for the client. */
async function readAll(server: Serving, client: RawClient, number: number): Promise<string> {
  let text = "";
  await server.until(() => {
    const part = client.receive()!;
    text += part;
    return part === "" && server.connections.counts().get(number)!.waiting === 0;
  });
  return text;
}

interface Event {
  event: string;
  seq: number;
  lost?: number;
}

const parse = (text: string) =>
  text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Event);

test("a slow reader is told exactly what it has lost, a fast one gets everything", () =>
  serving([libc, { events: 100_000 }], async (server) => {
    const [fast, fastNumber] = server.connect();
    const [slow, slowNumber] = server.connect();
    let told = "";
    for (let n = 0; n < 500; n++) {
      server.connections.send([fastNumber, slowNumber], ...events(n * 20, 20));
      server.idle();
      for (let part = fast.receive(); part !== ""; part = fast.receive()) {
        told += part;
        server.idle();
      }
    }
    assert.deepEqual(
      parse(told).map(({ seq }) => seq),
      Array.from({ length: 10_000 }, (_, n) => n),
    );
    const before = server.connections.counts().get(slowNumber)!;
    assert.ok(before.lost > 0 && before.waiting <= 100_000);

    const lines = parse(await readAll(server, slow, slowNumber));
    const { sent, lost, waiting } = server.connections.counts().get(slowNumber)!;
    const gaps = lines.filter(({ event }) => event === "gap");
    assert.deepEqual(gaps.map((gap) => [gap.lost, gap.seq]), [[lost, 9999]]);
    assert.deepEqual([sent + lost, waiting, lines.length], [10_000, 0, sent + 1]);
    assert.deepEqual(server.connections.counts().get(fastNumber), {
      sent: 10_000,
      lost: 0,
      waiting: 0,
    });
    // Then it goes on as for everybody.
    server.connections.send([slowNumber], ...events(10_000, 1));
    assert.equal(parse(await readAll(server, slow, slowNumber))[0]!.seq, 10_000);
    fast.close();
    slow.close();
  }));

test("what the kernel takes in parts arrives as it was", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    const [bytes, meta] = events(0, 60_000);
    const text = new TextDecoder().decode(bytes);
    server.connections.answer(number, "before");
    server.connections.send([number], bytes, meta);
    server.connections.answer(number, "after");
    server.idle();
    const { waiting, sent } = server.connections.counts().get(number)!;
    assert.ok(waiting > 1 << 20);
    assert.deepEqual([sent, server.lastCount], [0, 0]);
    assert.equal(await readAll(server, client, number), `before\n${text}after\n`);
    assert.equal(server.connections.counts().get(number)!.sent, 60_000);
    client.close();
  }));

test("before events are dropped, the kernel is given what it takes", () =>
  serving([libc, { events: 5000, kernelBytes: 256 << 10 }], async (server) => {
    const [client, number] = server.connect();
    // All before the next turn, as when many messages come at once.
    for (let n = 0; n < 20; n++) server.connections.send([number], ...events(n * 40, 40));
    assert.equal(parse(await readAll(server, client, number)).length, 800);
    assert.equal(server.connections.counts().get(number)!.lost, 0);
    client.close();
  }));

test("answers are never dropped, however large", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    const answer = "t".repeat(12 << 20);
    server.connections.answer(number, answer);
    server.connections.answer(number, answer);
    const text = await readAll(server, client, number);
    assert.equal(text.length, 2 * (answer.length + 1));
    client.close();
  }));

test("when a user's answers are too much, his client with the most is disconnected", async () => {
  let uid = 1000;
  const limits = { unread: { total: 24 << 20, reserve: 4 << 20 } };
  await serving([libc, limits, foreign(libc, () => uid), 77], async (server) => {
    const many = [1, 2, 3, 4].map(() => server.connect());
    uid = 1001;
    const [one, oneNumber] = server.connect();
    const answers = [2 << 20, 2 << 20, 3 << 20, 1 << 19].map((length) => "m".repeat(length));
    many.forEach(([, number], n) => server.connections.answer(number, answers[n]!));
    const answer = "o".repeat(4 << 20);
    server.connections.answer(oneNumber, answer);
    server.idle();
    assert.deepEqual(server.gone, []);
    server.connections.answer(many[0]![1], answers[2]!);
    server.idle();
    assert.deepEqual(server.gone, [many[0]![1]], "the first has had 2 MiB already");
    for (const n of [1, 2, 3]) {
      assert.equal(await readAll(server, ...many[n]!), `${answers[n]}\n`);
    }
    assert.equal(await readAll(server, one, oneNumber), `${answer}\n`);
    // Root gets what there is; who has the most makes room for it.
    for (const [, number] of many.slice(1, 3)) server.connections.answer(number, answers[2]!);
    uid = 0;
    const [root, rootNumber] = server.connect();
    const long = "r".repeat(22 << 20);
    server.connections.answer(rootNumber, long);
    assert.equal(await readAll(server, root, rootNumber), `${long}\n`);
    assert.equal(server.gone.length > 1, true);
    for (const [client] of [...many, [one], [root]] as const) client.close();
  });
});

test("who takes an answer at once is not disconnected for those who do not", async () => {
  const limits = { unread: { total: 40_000, reserve: 4_000 } };
  await serving([libc, limits, foreign(libc, () => 1000), 77], (server) => {
    const [client, number] = server.connect();
    for (let n = 0; n < 3; n++) server.connections.answer(number, "t".repeat(9_999));
    server.idle();
    assert.deepEqual([client.receive()!.length, server.gone], [30_000, []]);
    client.close();
  });
});

test("a client is closed when what waits for it has gone out", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    const [other, otherNumber] = server.connect();
    server.connections.disconnect(otherNumber);
    const answer = "t".repeat(2 << 20);
    server.connections.answer(number, answer);
    server.connections.disconnect(number);
    server.connections.answer(number, "too late");
    client.send("too late as well\n");
    server.idle();
    assert.deepEqual([server.gone, server.lines], [[otherNumber], []]);
    assert.equal(other.receive(), null);
    let text = "";
    await server.until(() => {
      const part = client.receive();
      text += part ?? "";
      return part === null;
    });
    assert.equal(text, `${answer}\n`);
    assert.deepEqual(server.gone, [otherNumber, number]);
    client.close();
    other.close();
  }));

test("ready is told when little waits, or when the client is gone", () =>
  serving([libc], async (server) => {
    const [client, number] = server.connect();
    server.connections.ready(number, 1);
    server.idle();
    assert.deepEqual(server.readyCalls, [1]);
    server.connections.send([number], ...events(0, 20_000));
    server.connections.ready(number, 2);
    server.idle();
    assert.deepEqual(server.readyCalls, [1]);
    await readAll(server, client, number);
    assert.deepEqual(server.readyCalls, [1, 2]);
    server.connections.send([number], ...events(0, 20_000));
    server.connections.ready(number, 3);
    server.connections.ready(number, 4);
    server.idle();
    client.close();
    server.idle();
    assert.deepEqual(server.readyCalls, [1, 2, 3, 4]);
    server.connections.ready(number, 5);
    server.connections.ready(4711, 6);
    assert.deepEqual(server.readyCalls, [1, 2, 3, 4, 5, 6]);
  }));

test("who is gone is sent nothing, and nobody else gets it", () =>
  serving([libc], (server) => {
    const [gone, goneNumber] = server.connect();
    server.connections.send([goneNumber], ...events(0, 20_000));
    gone.close();
    // Not noticed yet: the send finds out.
    server.connections.answer(goneNumber, "a");
    server.idle();
    assert.deepEqual(server.gone, [goneNumber]);
    const [client] = server.connect();
    server.connections.answer(goneNumber, "a");
    server.connections.send([goneNumber], ...events(0, 1));
    server.connections.keep(goneNumber);
    server.connections.disconnect(goneNumber);
    server.idle();
    assert.equal(client.receive(), "");
    assert.equal(server.connections.counts().size, 1);
    client.close();
  }));

test("who takes nothing any more is asked for what it sent, and let go", () =>
  serving([libc, {}, { send: () => -ERRNO.EPIPE }], (server) => {
    server.echo = true;
    const [client, number] = server.connect();
    client.send("a\nb\nc");
    server.idle();
    assert.deepEqual([server.lines, server.gone], [["a", "b", "c"], [number]]);
    client.close();
  }));
