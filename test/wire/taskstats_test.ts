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
  commOfRecord,
  decodeExitRecord,
  decodeTaskstats,
  encodeTaskstatsGet,
  encodeTaskstatsListen,
  TaskAccount,
  TASKSTATS,
  TASKSTATS_CMD,
  TASKSTATS_TYPE,
} from "../../src/wire/taskstats.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { mutated, randomBelow, SEED } from "../proc/mutate.ts";
import { readFixture } from "../support/fixture.ts";
import { random } from "../support/random.ts";

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

test("encodeTaskstatsListen() names the CPUs, and asks for an acknowledgement", () => {
  const cpus = { type: 3, bytes: new TextEncoder().encode("0-7\0") };
  const [listen, leave] = [true, false].map((on) =>
    messageOf(encodeTaskstatsListen(31, "0-7", on, 2))
  );
  assert.deepEqual(listen, {
    type: 31,
    flags: 5,
    seq: 2,
    cmd: 1,
    version: 1,
    attributes: [cpus],
  });
  assert.equal(leave!.attributes[0]!.type, 4);
});

/** A datagram with the record of a task: struct taskstats of `size` bytes, as `fill` makes it. */
function exitRecord(size: number, fill: (stats: DataView) => void, pad = false): DataView {
  const stats = new Uint8Array(size);
  fill(new DataView(stats.buffer));
  const { AGGR_PID, STATS } = TASKSTATS_TYPE;
  const aggregate = encodeAttributes([
    u32Attribute(TASKSTATS_TYPE.PID, 7),
    // The kernel aligns the structure to 8 bytes by an attribute of type NULL.
    ...pad ? [{ type: 6, bytes: new Uint8Array(0) }] : [],
    { type: STATS, bytes: stats },
  ]);
  const sums = { type: 5, bytes: encodeAttributes([u32Attribute(2, 7)]) };
  const message = encodeGenl({
    type: 30,
    flags: 0,
    seq: 0,
    cmd: TASKSTATS_CMD.NEW,
    version: 1,
    attributes: [{ type: AGGR_PID, bytes: aggregate }, sums],
  });
  const shifted = new Uint8Array(message.length + 8);
  shifted.set(message, 8);
  return new DataView(shifted.buffer);
}

test("the record of an exit is read at any version that has it", () => {
  for (const [size, tgid] of [[288, 71], [368, 71], [416, 70], [560, 70]] as const) {
    for (const pad of [false, true]) {
      const view = exitRecord(size, (stats) => {
        stats.setUint8(TASKSTATS.flag, 0x20);
        "cc1plus".split("").forEach((letter, index) => {
          stats.setUint8(TASKSTATS.comm + index, letter.charCodeAt(0));
        });
        stats.setUint32(TASKSTATS.pid, 71, true);
        stats.setBigUint64(TASKSTATS.cpuRunVirtual, 5_000_000_123n, true);
        stats.setBigUint64(TASKSTATS.utime, 11n, true);
        stats.setBigUint64(TASKSTATS.stime, 12n, true);
        stats.setBigUint64(TASKSTATS.minflt, 13n, true);
        stats.setBigUint64(TASKSTATS.majflt, 14n, true);
        stats.setBigUint64(TASKSTATS.hiwaterRss, 15n, true);
        stats.setBigUint64(TASKSTATS.readBytes, 16n, true);
        stats.setBigUint64(TASKSTATS.writeBytes, 17n, true);
        stats.setBigUint64(TASKSTATS.nvcsw, 18n, true);
        stats.setBigUint64(TASKSTATS.nivcsw, 19n, true);
        if (size > TASKSTATS.tgid) stats.setUint32(TASKSTATS.tgid, 70, true);
      }, pad);
      const account = new TaskAccount();
      assert.ok(decodeExitRecord(view, 8, view.byteLength - 8, account));
      assert.equal(new TextDecoder().decode(commOfRecord(view, account)), "cc1plus");
      const { commAt: _, ...figures } = account;
      assert.deepEqual(figures, {
        tid: 71,
        tgid,
        last: true,
        cpuNs: 5_000_000_123,
        userUs: 11,
        systemUs: 12,
        minorFaults: 13,
        majorFaults: 14,
        peakKib: 15,
        readBytes: 16,
        writeBytes: 17,
        voluntarySwitches: 18,
        involuntarySwitches: 19,
      });
    }
  }
});

test("what is no record of an exit, or cut, is none", () => {
  const whole = exitRecord(560, () => {});
  const account = new TaskAccount();
  // The attribute with the sums of the process stands behind the record.
  const needed = whole.byteLength - 8 - 12;
  for (let length = 0; length < needed; length++) {
    assert.equal(decodeExitRecord(whole, 8, length, account), false, `${length} bytes`);
  }
  const short = exitRecord(280, () => {});
  assert.equal(decodeExitRecord(short, 8, short.byteLength - 8, account), false);
  const next = random(3);
  for (let round = 0; round < 20_000; round++) {
    const bytes = new Uint8Array(whole.buffer.slice(0));
    for (let i = 0; i < 4; i++) bytes[8 + Math.floor(next() * 80)] = Math.floor(next() * 256);
    decodeExitRecord(new DataView(bytes.buffer), 8, bytes.length - 8, account);
  }
});
