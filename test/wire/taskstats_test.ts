import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attribute,
  decodeAnswer,
  decodeAttributes,
  encodeAttributes,
  encodeGenl,
  type GenlMessage,
  u32Attribute,
} from "../../src/wire/genl.ts";
import {
  decodeTaskstats,
  encodeTaskstatsGet,
  TASKSTATS,
  TASKSTATS_CMD,
  TASKSTATS_TYPE,
} from "../../src/wire/taskstats.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";
import { readFixture } from "../support/fixture.ts";

const ANSWER = readFixture("doctor/taskstats.txt");

function messageOf(bytes: Uint8Array): GenlMessage {
  const answer = decodeAnswer(bytes);
  assert.ok("cmd" in answer);
  return answer;
}

/** An answer that carries `stats`, decoded. */
function answerWith(stats: Uint8Array, before: readonly Attribute[] = []): GenlMessage {
  const { PID, STATS, AGGR_PID } = TASKSTATS_TYPE;
  const aggregate = [u32Attribute(PID, 42), ...before, { type: STATS, bytes: stats }];
  const attributes = [{ type: AGGR_PID, bytes: encodeAttributes(aggregate) }];
  const { NEW: cmd } = TASKSTATS_CMD;
  return messageOf(encodeGenl({ type: 31, flags: 0, seq: 1, cmd, version: 1, attributes }));
}

function statsOf(version: number, pid: number, comm: Uint8Array): Uint8Array {
  const stats = new Uint8Array(TASKSTATS.pidEnd);
  const view = new DataView(stats.buffer);
  view.setUint16(TASKSTATS.version, version, true);
  view.setUint32(TASKSTATS.pid, pid, true);
  stats.set(comm, TASKSTATS.comm);
  return stats;
}

test("encodeTaskstatsGet() asks the family for one pid", () => {
  const message = messageOf(encodeTaskstatsGet(31, 4711, 2));
  assert.deepEqual(message, {
    type: 31,
    flags: 1,
    seq: 2,
    cmd: 1,
    version: 1,
    attributes: [u32Attribute(1, 4711)],
  });
});

test("decodeTaskstats() reads a real account of Linux 6.18", () => {
  const message = messageOf(ANSWER);
  assert.deepEqual([message.type, message.seq, message.cmd], [31, 2, TASKSTATS_CMD.NEW]);
  assert.deepEqual(decodeTaskstats(message), {
    version: 16,
    pid: 5660,
    comm: new TextEncoder().encode("bun"),
  });
});

test("encodeGenl() writes the real account again, byte for byte but the sender's port", () => {
  const message = messageOf(ANSWER);
  const again = encodeGenl(message);
  again.set(ANSWER.subarray(12, 16), 12);
  assert.deepEqual(again, ANSWER);
});

test("decodeTaskstats() keeps a comm of any bytes, with and without a NUL", () => {
  const hostile = new Uint8Array([0xff, 0x1b, 0x0a, 0x29, 0x00, 0x41]);
  const { comm } = decodeTaskstats(answerWith(statsOf(8, 1, hostile)));
  assert.deepEqual(comm, hostile.slice(0, 4));
  const full = new Uint8Array(32).fill(0x41);
  assert.deepEqual(decodeTaskstats(answerWith(statsOf(8, 1, full))).comm, full);
});

test("decodeTaskstats() passes over attributes it does not know, as the kernel's padding", () => {
  const padding = { type: 6, bytes: new Uint8Array() };
  const stats = decodeTaskstats(answerWith(statsOf(16, 0xfffffffe, new Uint8Array()), [padding]));
  assert.deepEqual([stats.version, stats.pid], [16, 0xfffffffe]);
});

test("decodeTaskstats() reads a structure that a later kernel has made longer", () => {
  const longer = new Uint8Array(1000);
  longer.set(statsOf(99, 7, new Uint8Array([65])));
  assert.equal(decodeTaskstats(answerWith(longer)).pid, 7);
});

test("decodeTaskstats() names what is wrong", () => {
  const message = messageOf(ANSWER);
  assert.throws(() => decodeTaskstats({ ...message, cmd: 1 }), {
    name: "WireError",
    message: "Cannot decode taskstats at byte 16: command 1",
  });
  assert.throws(() => decodeTaskstats({ ...message, attributes: [] }), {
    message: "Cannot decode taskstats AGGR_PID at byte 0: no such attribute",
  });
  assert.throws(() => decodeTaskstats(answerWith(new Uint8Array(131))), {
    message: "Cannot decode struct taskstats at byte 0: 131 bytes, 132 needed",
  });
});

/** Throws unless `bytes` are a record or the one wire error. */
function decodeHostile(bytes: Uint8Array): void {
  try {
    const answer = decodeAnswer(bytes);
    if ("errno" in answer) return;
    assert.ok(decodeTaskstats(answer).comm.length <= 32);
  } catch (error) {
    assert.ok(error instanceof WireError, `FH_SEED=${SEED}: ${error}`);
  }
}

test("a real account that is cut anywhere gives a record or the wire error", () => {
  for (let length = 0; length < ANSWER.length; length++) decodeHostile(ANSWER.slice(0, length));
});

test("an account whose lengths lie gives a record or the wire error", () => {
  const aggregateAt = 20;
  const inside = decodeAttributes(messageOf(ANSWER).attributes[0]!.bytes);
  const statsAt = aggregateAt + 4 + 4 + inside[0]!.bytes.length;
  for (const at of [0, aggregateAt, aggregateAt + 4, statsAt]) {
    for (let length = 0; length < 700; length++) {
      const bytes = ANSWER.slice();
      new DataView(bytes.buffer).setUint16(at, length, true);
      decodeHostile(bytes);
    }
  }
});

test(`damaged accounts give a record or the wire error (FH_SEED=${SEED})`, () => {
  const below = randomBelow(SEED);
  for (let round = 0; round < 4000; round++) decodeHostile(mutated(ANSWER, below));
});
