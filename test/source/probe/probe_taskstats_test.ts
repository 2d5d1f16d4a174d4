import assert from "node:assert/strict";
import { test } from "node:test";
import type { Datagrams, Libc } from "../../../ffi/libc.ts";
import { askTaskstats } from "../../../src/source/probe/probe_taskstats.ts";
import { readFixture } from "../../support/fixture.ts";

const FAMILY = readFixture("doctor/family.txt");
const ACCOUNT = readFixture("doctor/taskstats.txt");
const NO_FAMILY = withSeq(readFixture("doctor/no_family.txt"), 1);

/** A datagram in the queue; `sender` is 0 for the kernel. */
interface Queued {
  readonly bytes: Uint8Array;
  readonly sender?: number;
}

function withSeq(bytes: Uint8Array, seq: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(8, seq, true);
  return copy;
}

function refusal(seq: number, errno: number): Uint8Array {
  const bytes = withSeq(NO_FAMILY, seq);
  new DataView(bytes.buffer).setInt32(16, -errno, true);
  return bytes;
}

/** A libc whose socket answers the requests with `answers` in turn, one list each. */
function answering(answers: readonly (readonly Queued[])[], results: Partial<Libc> = {}) {
  const queue: Queued[] = [];
  const sent: Uint8Array[] = [];
  const closed: number[] = [];
  const slots = new DataView(new ArrayBuffer(8192));
  let current: Queued = { bytes: new Uint8Array() };
  const libc = {
    socket: () => 7,
    close: (fd: number) => (closed.push(fd), 0),
    send: (_fd: number, message: Uint8Array) => {
      queue.push(...answers[sent.length] ?? []);
      sent.push(message.slice());
      return message.length;
    },
    ppoll: () => queue.length,
    datagrams: (): Datagrams => ({
      count: 1,
      size: slots.byteLength,
      bytes: slots,
      length: () => current.bytes.length,
      sender: () => current.sender ?? 0,
    }),
    recvmmsg: () => {
      const next = queue.shift();
      if (next === undefined) return -11;
      current = next;
      new Uint8Array(slots.buffer).set(next.bytes);
      return 1;
    },
    ...results,
  } as unknown as Libc;
  return { libc, sent, closed };
}

test("askTaskstats() asks the controller, then the family, and closes the socket", () => {
  const { libc, sent, closed } = answering([[{ bytes: FAMILY }], [{ bytes: ACCOUNT }]]);
  assert.deepEqual(askTaskstats(libc, 4711), { kind: "permitted", version: 16 });
  assert.deepEqual(sent.map((bytes) => bytes[4]), [0x10, 31]);
  assert.equal(new DataView(sent[1]!.buffer).getUint32(24, true), 4711);
  assert.deepEqual(closed, [7]);
});

test("askTaskstats() tells a refusal from a kernel without taskstats", () => {
  const refused = answering([[{ bytes: FAMILY }], [{ bytes: refusal(2, 1) }]]);
  assert.deepEqual(askTaskstats(refused.libc, 1), { kind: "refused", errno: 1 });
  const absent = answering([[{ bytes: NO_FAMILY }]]);
  assert.deepEqual(askTaskstats(absent.libc, 1), { kind: "absent", errno: 2 });
  assert.deepEqual([refused.closed, absent.closed], [[7], [7]]);
});

test("askTaskstats() takes a socket that cannot be opened or used as absence", () => {
  const closed = answering([], { socket: () => -93 });
  assert.deepEqual(askTaskstats(closed.libc, 1), { kind: "absent", errno: 93 });
  const deaf = answering([], { send: () => -111 });
  assert.deepEqual(askTaskstats(deaf.libc, 1), { kind: "absent", errno: 111 });
});

test("askTaskstats() passes over other senders and the answers to other questions", () => {
  const { libc } = answering([
    [{ bytes: refusal(1, 1), sender: 99 }, { bytes: refusal(77, 1) }, { bytes: FAMILY }],
    [{ bytes: FAMILY }, { bytes: ACCOUNT }],
  ]);
  assert.deepEqual(askTaskstats(libc, 1), { kind: "permitted", version: 16 });
});

test("askTaskstats() says what was wrong with an answer", () => {
  const { libc, closed } = answering([[{ bytes: FAMILY.slice(0, 30) }]]);
  assert.deepEqual(askTaskstats(libc, 1), {
    kind: "unclear",
    reason: `Cannot decode nlmsghdr at byte 0: length ${FAMILY.length} of 30`,
  });
  assert.deepEqual(closed, [7]);
});

test("askTaskstats() does not wait for ever", () => {
  assert.deepEqual(askTaskstats(answering([]).libc, 1), {
    kind: "unclear",
    reason: "No answer within 200 ms",
  });
});
