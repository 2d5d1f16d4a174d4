import assert from "node:assert/strict";
import { test } from "node:test";
import { Chunk, ChunkPool, Outbox } from "../../src/serve/outbox.ts";
import { random } from "../support/random.ts";

const LIMITS = { events: 1000, eventsWhenCrowded: 100, allEvents: 5000 };
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
  const outbox = new Outbox(new ChunkPool(), "poll", LIMITS);
  outbox.answer('{"a":1}');
  outbox.event(chunk(1, 3, 4));
  outbox.answer("é");
  assert.deepEqual([outbox.waiting, outbox.answerBytes], [15, 11]);
  assert.equal(drain(outbox), '{"a":1}\n....é\n');
  assert.deepEqual([outbox.waiting, outbox.answerBytes, outbox.sent, outbox.lost], [0, 0, 3, 0]);
});

test("Outbox goes on where a send ended", () => {
  const outbox = new Outbox(new ChunkPool(), "poll", LIMITS);
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
  const outbox = new Outbox(new ChunkPool(), "poll");
  outbox.event(chunk(1, 1, 600_000));
  const sizes: number[] = [];
  for (let part = outbox.peek(); part !== null; part = outbox.peek()) {
    sizes.push(part.length);
    outbox.advance(part.length);
  }
  assert.deepEqual(sizes, [262_144, 262_144, 75_712]);
});

test("Outbox tells a gap with the exact count as soon as half of the limit is free", () => {
  const outbox = new Outbox(new ChunkPool(), "connector", LIMITS);
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
    lost: 39,
    reason: "slow reader",
    seq: 1_764_016_440_123_470,
  }]);
  assert.match(text, /^\.{499}\{.*\}\n\.{10}$/);
  assert.deepEqual([outbox.sent, outbox.lost], [24, 39]);
});

test("Outbox tells the gap also when nothing follows", () => {
  const outbox = new Outbox(new ChunkPool(), "poll", LIMITS);
  for (let n = 1; n <= 12; n++) outbox.event(chunk(n));
  const text = drain(outbox);
  assert.deepEqual(gapsIn(text).map(({ lost, seq }) => [lost, seq]), [[2, 12]]);
  assert.equal(outbox.waiting, 0);
});

test("Outbox drops no answer, however many wait", () => {
  const outbox = new Outbox(new ChunkPool(), "poll", LIMITS);
  for (let n = 0; n < 5000; n++) outbox.answer(String(n));
  const lines = drain(outbox).split("\n");
  assert.deepEqual(lines, [...Array.from({ length: 5000 }, (_, n) => String(n)), ""]);
});

test("answers count as a whole until their last byte is sent, for one client and for all", () => {
  const pool = new ChunkPool();
  const [a, b] = [new Outbox(pool, "poll", LIMITS), new Outbox(pool, "poll", LIMITS)];
  a.answer("x".repeat(99));
  a.event(chunk(1, 1, 7));
  a.answer("x".repeat(19));
  b.answer("x".repeat(9));
  // One byte that is not read keeps all of it in memory.
  a.advance(99);
  assert.deepEqual([a.answerBytes, pool.answerBytes, a.waiting], [120, 130, 28]);
  a.advance(1);
  assert.deepEqual([a.answerBytes, pool.answerBytes, a.waiting], [20, 30, 27]);
  drain(b);
  assert.deepEqual([a.answerBytes, b.answerBytes, pool.answerBytes], [20, 0, 20]);
  a.clear();
  assert.deepEqual([a.answerBytes, pool.answerBytes], [0, 0]);
});

test("a chunk that is longer than the limit reaches who has taken all before", () => {
  const outbox = new Outbox(new ChunkPool(), "poll", LIMITS);
  outbox.event(chunk(1, 1, 3000));
  outbox.event(chunk(2, 1, 1));
  assert.equal(outbox.lost, 1);
  assert.match(drain(outbox), /^\.{3000}\{.*"lost":1,.*\}\n$/);
});

test("clients share chunks, which count once until the last has sent or dropped them", () => {
  const pool = new ChunkPool();
  const [a, b] = [new Outbox(pool, "poll", LIMITS), new Outbox(pool, "poll", LIMITS)];
  for (let n = 1; n <= 5; n++) {
    const shared = chunk(n);
    a.event(shared);
    b.event(shared);
  }
  assert.equal(pool.bytes, 500);
  drain(a);
  assert.equal(pool.bytes, 500);
  b.advance(100);
  assert.equal(pool.bytes, 400);
  b.clear();
  assert.deepEqual([pool.bytes, b.waiting, b.peek()], [0, 0, null]);
});

test("where all clients together hold too much, the limit is a smaller one", () => {
  const pool = new ChunkPool();
  const others = Array.from({ length: 6 }, () => new Outbox(pool, "poll", LIMITS));
  const outbox = new Outbox(pool, "poll", LIMITS);
  others.forEach((other, n) => other.event(chunk(n, 1, 900)));
  assert.equal(pool.bytes, 5400);
  outbox.event(chunk(10, 1, 60));
  outbox.event(chunk(11, 1, 60));
  assert.equal(outbox.lost, 1);
  // With room again, the ordinary limit holds, and the gap is told.
  others[0]!.clear();
  outbox.event(chunk(12, 1, 60));
  assert.deepEqual(gapsIn(drain(outbox)).map(({ lost, seq }) => [lost, seq]), [[1, 11]]);
});

test("what is sent and what the gaps tell is always all there was", () => {
  const next = random(11);
  const below = (end: number) => Math.floor(next() * end);
  const pool = new ChunkPool();
  const outboxes = Array.from({ length: 4 }, () => new Outbox(pool, "poll", LIMITS));
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
  assert.equal(pool.bytes, 0);
});
