import assert from "node:assert/strict";
import { test } from "node:test";
import { Shares } from "../../src/model/shares.ts";
import { SOCKET_LIMITS } from "../../src/serve/limits.ts";
import { Chunk, ChunkPool, Outbox } from "../../src/serve/outbox.ts";
import { random } from "../support/random.ts";

const EVENTS = 1000;
const PIECE = SOCKET_LIMITS.pieceBytes;
const pool = (total = 1 << 20) => new ChunkPool(new Shares(total, 0));
const decoder = new TextDecoder();

/** `length` bytes of `events` events, up to number `seq`. */
function chunk(seq: number, events = 1, length = 100, lost = 0): Chunk {
  return new Chunk(new Uint8Array(length).fill(46), { events, lost, seq });
}

/** Sends everything. */
function drain(outbox: Outbox): string {
  let text = "";
  for (let part = outbox.peek(); part !== null; part = outbox.peek()) {
    text += decoder.decode(part);
    outbox.advance(part.length);
  }
  return text;
}

const gapsIn = (text: string) => [...text.matchAll(/\{.*\}\n/g)].map(([gap]) => JSON.parse(gap));

test("Outbox sends in the order of the calls, and counts", () => {
  const outbox = new Outbox(pool(), "poll", 1000, EVENTS);
  outbox.answer('{"a":1}');
  outbox.event(chunk(1, 3, 4));
  outbox.answer("é");
  assert.deepEqual([outbox.waiting, outbox.answerBytes], [15, 11 + 2 * PIECE]);
  assert.equal(drain(outbox), '{"a":1}\n....é\n');
  assert.deepEqual([outbox.waiting, outbox.answerBytes, outbox.sent, outbox.lost], [0, 0, 3, 0]);
});

test("Outbox goes on where a send ended", () => {
  const outbox = new Outbox(pool(), "poll", 1000, EVENTS);
  outbox.answer("abcdef");
  outbox.event(chunk(1, 5, 3));
  let text = "";
  for (let part = outbox.peek(); part !== null; part = outbox.peek()) {
    text += decoder.decode(part.subarray(0, 1));
    assert.equal(outbox.sent, 0);
    outbox.advance(1);
  }
  assert.equal(text, "abcdef\n...");
  assert.equal(outbox.sent, 5);
});

test("Outbox gives at most 256 KiB at once", () => {
  const outbox = new Outbox(pool(1 << 22), "poll", 1000);
  outbox.event(chunk(1, 1, 600_000));
  const sizes: number[] = [];
  for (let part = outbox.peek(); part !== null; part = outbox.peek()) {
    sizes.push(part.length);
    outbox.advance(part.length);
  }
  assert.deepEqual(sizes, [262_144, 262_144, 75_712]);
});

test("Outbox tells a gap with the exact count as soon as half of the limit is free", () => {
  const outbox = new Outbox(pool(), "connector", 1000, EVENTS);
  for (let n = 1; n <= 10; n++) outbox.event(chunk(n, 2));
  outbox.event(chunk(1_764_016_440_123_456, 7, 100, 30));
  outbox.event(chunk(1_764_016_440_123_460, 1, 1));
  assert.equal(outbox.lost, 38);
  for (let n = 0; n < 5; n++) outbox.advance(100);
  outbox.event(chunk(1_764_016_440_123_470));
  assert.equal(outbox.lost, 39);
  outbox.advance(1);
  outbox.event(chunk(1_764_016_441_000_000, 4, 10));
  const text = drain(outbox);
  assert.deepEqual(gapsIn(text), [{
    event: "gap",
    time: "2025-11-24T20:34:00.123470000Z",
    source: "connector",
    since: "1970-01-01T00:00:00.000010000Z",
    lost: 39,
    reason: "slow reader",
    seq: 1_764_016_440_123_470,
  }]);
  assert.match(text, /^\.{499}\{.*\}\n\.{10}$/);
  assert.deepEqual([outbox.sent, outbox.lost], [24, 39]);
});

test("Outbox tells the gap also when nothing follows", () => {
  const outbox = new Outbox(pool(), "poll", 1000, EVENTS);
  for (let n = 1; n <= 12; n++) outbox.event(chunk(n));
  const text = drain(outbox);
  assert.deepEqual(gapsIn(text).map(({ lost, seq }) => [lost, seq]), [[2, 12]]);
  assert.equal(outbox.waiting, 0);
});

test("Outbox drops no answer, however many wait", () => {
  const outbox = new Outbox(pool(), "poll", 1000, EVENTS);
  for (let n = 0; n < 5000; n++) outbox.answer(String(n));
  const lines = drain(outbox).split("\n");
  assert.deepEqual(lines, [...Array.from({ length: 5000 }, (_, n) => String(n)), ""]);
});

test("answers count as a whole until their last byte is sent, for one client and for all", () => {
  const all = pool();
  const [a, b] = [new Outbox(all, "poll", 1000, EVENTS), new Outbox(all, "poll", 1000, EVENTS)];
  a.answer("x".repeat(99));
  a.event(chunk(1, 1, 7));
  a.answer("x".repeat(19));
  b.answer("x".repeat(9));
  // One byte that is not read keeps all of it in memory.
  a.advance(99);
  const chunkBytes = 7 + PIECE;
  const held = () => [a.answerBytes, all.shares.held(1000), a.waiting];
  assert.deepEqual(held(), [120 + 2 * PIECE, 130 + 3 * PIECE + chunkBytes, 28]);
  a.advance(1);
  assert.deepEqual(held(), [20 + PIECE, 30 + 2 * PIECE + chunkBytes, 27]);
  drain(b);
  assert.deepEqual(held(), [20 + PIECE, 20 + PIECE + chunkBytes, 27]);
  a.clear();
  assert.deepEqual([a.answerBytes, all.shares.held(1000)], [0, 0]);
});

test("a chunk that is longer than the limit reaches who has taken all before", () => {
  const outbox = new Outbox(pool(), "poll", 1000, EVENTS);
  outbox.event(chunk(1, 1, 3000));
  outbox.event(chunk(2, 1, 1));
  assert.equal(outbox.lost, 1);
  assert.match(drain(outbox), /^\.{3000}\{.*"lost":1,.*\}\n$/);
});

test("clients share chunks, which count once until the last has sent or dropped them", () => {
  const all = pool();
  const [a, b] = [new Outbox(all, "poll", 1000, EVENTS), new Outbox(all, "poll", 1000, EVENTS)];
  for (let n = 1; n <= 5; n++) {
    const shared = chunk(n);
    a.event(shared);
    b.event(shared);
  }
  assert.equal(all.shares.used, 500 + 5 * PIECE);
  drain(a);
  assert.equal(all.shares.used, 500 + 5 * PIECE);
  b.advance(100);
  assert.equal(all.shares.used, 400 + 4 * PIECE);
  b.clear();
  assert.deepEqual([all.shares.used, b.waiting, b.peek()], [0, 0, null]);
});

test("readers who do not read fill their user's share, and no more", () => {
  const all = new ChunkPool(new Shares(200_000, 50_000));
  const box = (uid: number) => new Outbox(all, "poll", uid, 1 << 20);
  const many = Array.from({ length: 100 }, () => box(1000));
  for (let n = 0; n < 2000; n++) many[n % 100]!.event(chunk(n, 1, 1000));
  assert.ok(all.shares.held(1000) <= 75_000);
  assert.equal(many.reduce((sum, { lost }) => sum + lost, 0) > 1900, true);
  const [other, root] = [box(1001), box(0)];
  other.event(chunk(1, 1, 1000));
  root.event(chunk(1, 1, 50_000));
  assert.deepEqual([other.lost, root.lost], [0, 0]);
  // What each has lost is told when there is room again.
  for (const one of many) drain(one);
  for (const one of many) {
    const told = gapsIn(drain(one)).reduce((sum, { lost }) => sum + lost, 0);
    assert.ok(told <= one.lost);
  }
});

test("what is sent and what the gaps tell is always all there was", () => {
  const next = random(11);
  const below = (end: number) => Math.floor(next() * end);
  const all = pool();
  const outboxes = Array.from({ length: 4 }, () => new Outbox(all, "poll", 1000, EVENTS));
  const texts = outboxes.map(() => "");
  let told = 0;
  for (let step = 0; step < 20_000; step++) {
    if (below(3) === 0) {
      const made = chunk(step, 1 + below(5), 1 + below(300));
      made.bytes[made.bytes.length - 1] = 10;
      told += made.meta.events;
      for (const outbox of outboxes) outbox.event(made);
    }
    // The first takes all, the last hardly anything.
    const n = below(4);
    const part = outboxes[n]!.peek();
    if (part === null || below(4) < n) continue;
    const count = 1 + below(part.length);
    texts[n] += decoder.decode(part.subarray(0, count));
    outboxes[n]!.advance(count);
  }
  outboxes.forEach((outbox, n) => {
    texts[n] += drain(outbox);
    const missing = gapsIn(texts[n]!).reduce((sum, { lost }) => sum + lost, 0);
    assert.equal(missing, outbox.lost);
    assert.equal(outbox.sent + outbox.lost, told);
    assert.ok(outbox.lost > 0);
  });
  assert.equal(all.shares.used, 0);
});
