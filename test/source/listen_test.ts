import assert from "node:assert/strict";
import { test } from "node:test";
import type { Libc } from "../../ffi/libc.ts";
import { NOTIFY } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { SourceRefused } from "../../src/source/capture.ts";
import { isReady, listen, pollSet } from "../../src/source/listen.ts";
import {
  encodeProcEvent,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../../src/wire/proc_event.ts";
import { type FakeDatagrams, fakeLibc } from "../support/fake_libc.ts";

const INITIAL = { pid: 0xeffffffc, user: 0xeffffffd } as const;
const TRUTH = 5;
const DOORBELL = 6;

/** An answer to LISTEN. */
function answer(ack: number, errno: number): Uint8Array {
  const event = new ProcDatagram();
  event.what = PROC_EVENT.NONE;
  event.ack = ack;
  event.words[0] = errno;
  event.unionLength = 24;
  return encodeProcEvent(event);
}

/** A kernel that answers LISTEN with `errno`; what was done to it is noted. */
function kernel(errno: number | null, calls: Partial<Libc> = {}, sender = 0) {
  const sockets = [TRUTH, DOORBELL];
  const sent: number[] = [];
  const closed: number[] = [];
  const order: string[] = [];
  let waiting: Uint8Array[] = [];
  const libc = fakeLibc({
    socket: () => sockets.shift()!,
    attachFilter(fd) {
      order.push(`filter ${fd}`);
      return 0;
    },
    bind(fd) {
      order.push(`bind ${fd}`);
      return 0;
    },
    getsockopt(_fd, _level, _name, value) {
      new DataView(value.buffer).setInt32(0, 832_000, true);
      return 4;
    },
    send(_fd, message) {
      const view = new DataView(message.buffer);
      sent.push(view.getUint32(36, true));
      if (errno !== null && sent.at(-1) === PROC_CN_MCAST.LISTEN) {
        waiting = [answer(77, 1), answer((view.getUint32(28, true) + 1) >>> 0, errno)];
      }
      return message.length;
    },
    recvmmsg(_fd, into) {
      const count = (into as FakeDatagrams).fill(waiting, sender);
      waiting = [];
      return count;
    },
    close(fd) {
      closed.push(fd);
      return 0;
    },
    ...calls,
  });
  return { libc, sent, closed, order };
}

const here = (name: "pid" | "user") => INITIAL[name];

function refusal(libc: Libc, namespaceOf = here as (name: "pid" | "user") => number | null) {
  try {
    listen(libc, namespaceOf);
  } catch (error) {
    assert.ok(error instanceof SourceRefused, String(error));
    return `${error.message}; ${error.advice}`;
  }
  return assert.fail("it was not refused");
}

test("listen() takes the answer to its own LISTEN, not another's", () => {
  const { libc, sent, order } = kernel(0);
  const sub = listen(libc, here);
  assert.deepEqual([sub.truth, sub.doorbell, sub.bufferBytes], [TRUTH, DOORBELL, 832_000]);
  assert.deepEqual(sent, [PROC_CN_MCAST.LISTEN]);
  assert.equal(sub.early.length, 2, "what came with it is kept for the count");
  assert.ok(order.indexOf(`filter ${DOORBELL}`) < order.indexOf(`bind ${DOORBELL}`));
});

test("listen() says when the buffer is limited", () => {
  const forced: number[] = [];
  const setsockopt: Libc["setsockopt"] = (_fd, _level, name) => {
    forced.push(name);
    return name === 33 ? -1 : 0; // SO_RCVBUFFORCE wants CAP_NET_ADMIN
  };
  const sub = listen(kernel(0, { setsockopt }).libc, here);
  assert.equal(sub.forced, false);
  assert.ok(forced.includes(8), "SO_RCVBUF is tried instead");
});

test("listen() refuses other pid and user namespaces before it asks", () => {
  const { libc, sent } = kernel(0);
  assert.match(refusal(libc, () => 4026532000), /another pid namespace.*--pid=host/);
  const user = (name: "pid" | "user") => name === "user" ? 4026532000 : INITIAL.pid;
  assert.match(refusal(libc, user), /another user namespace/);
  assert.deepEqual(sent, []);
});

test("listen() explains a kernel without connector", () => {
  const { libc } = kernel(0, { socket: () => -93 });
  assert.match(refusal(libc), /no connector \(CONFIG_CONNECTOR\).*CONFIG_PROC_EVENTS=y/);
});

test("listen() explains a forbidden socket family", () => {
  assert.match(refusal(kernel(0, { socket: () => -97 }).libc), /netlink.*seccomp/);
});

test("listen() explains a missing permission, told by bind or by the answer", () => {
  const bound = kernel(0, { bind: () => -1 });
  assert.match(refusal(bound.libc), /CAP_NET_ADMIN; run as root/);
  const answered = kernel(1);
  assert.match(refusal(answered.libc), /CAP_NET_ADMIN; run as root/);
  assert.equal(answered.sent.at(-1), PROC_CN_MCAST.IGNORE, "it unsubscribes");
  assert.deepEqual(answered.closed.toSorted(), [TRUTH, DOORBELL]);
});

test("listen() explains another network namespace", () => {
  const { libc } = kernel(0, { send: () => -111 });
  assert.match(refusal(libc), /another network namespace.*--net=host/);
});

test("listen() does not trust a connector that never answers", () => {
  const { libc, sent } = kernel(null);
  assert.match(refusal(libc), /does not answer.*CONFIG_PROC_EVENTS/);
  assert.deepEqual(sent, [PROC_CN_MCAST.LISTEN, PROC_CN_MCAST.LISTEN, PROC_CN_MCAST.IGNORE]);
});

test("listen() does not believe an answer that the kernel did not send", () => {
  assert.match(refusal(kernel(0, {}, 4711).libc), /does not answer/);
});

test("isReady() tells which descriptor ended the wait, a negative one never", async () => {
  const libc = await openLibc();
  const flags = NOTIFY.EFD_CLOEXEC | NOTIFY.EFD_NONBLOCK;
  const [silent, loud] = [libc.eventfd(flags), libc.eventfd(flags)];
  const set = pollSet([silent, -1, loud]);
  const ready = () => [0, 1, 2].map((index) => isReady(set, index));
  assert.equal(libc.ppoll(set, 0), 0);
  assert.deepEqual(ready(), [false, false, false]);
  libc.write(loud, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
  assert.equal(libc.ppoll(set, 0), 1);
  assert.deepEqual(ready(), [false, false, true]);
  libc.read(loud, new Uint8Array(8));
  assert.equal(libc.ppoll(set, 0), 0);
  assert.deepEqual(ready(), [false, false, false]);
  libc.close(silent);
  libc.close(loud);
});
