import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT } from "../../src/model/event.ts";
import { ERRNO } from "../../ffi/errno.ts";
import { REGISTRATION_LIMITS } from "../../src/serve/limits.ts";
import { clone, exitOfAll, fork, scan, simple } from "../support/events.ts";
import { type Line, ServerOfTest, settled } from "../support/fake_socket.ts";

const WAITING_MAX = REGISTRATION_LIMITS.waiting.most;

const [ROOT, ANN, BOB] = [1, 2, 3];

/** A server whose host runs 10 and, below it, 20; clients of root, ann (1000) and bob (1001). */
async function start(options: ConstructorParameters<typeof ServerOfTest>[0] = {}) {
  const it = new ServerOfTest(options);
  it.connect(ROOT, 0);
  it.connect(ANN, 1000, 5000);
  it.connect(BOB, 1001, 6000);
  await it.tell(...scan(1, 2, [
    { pid: 10, ppid: 1, start: 1, argv: ["a"] },
    { pid: 20, ppid: 10, start: 1, argv: ["b"] },
  ]));
  return it;
}

/** Forker and child of each signal to a pid. */
function pairs(it: ServerOfTest, pid: number): (readonly [number, number])[] {
  return it.kernel.told.filter(([pidfd]) => pidfd === pid + 1000)
    .map(([, , forker, child]) => [forker, child]);
}

test("each fork is told to who is registered, with forker and child, in order", async () => {
  const it = await start();
  const answer = await it.ask(ROOT, { op: "register", pid: 77, sig: 40, id: "a" });
  assert.deepEqual(answer, {
    ok: true,
    op: "register",
    id: "a",
    pid: 77,
    sig: 40,
    scope: "all",
    exclusive: false,
    threads: false,
  });
  await it.tell(fork(10, 30, 10), fork(11, 31, 20), clone(12, 30, 99, 10), fork(13, 32, 31));
  assert.deepEqual(it.kernel.told, [
    [1077, 40, 10, 30],
    [1077, 40, 20, 31],
    [1077, 40, 31, 32],
  ]);
});

test("forks from before the registration are not told", async () => {
  const it = await start();
  it.now = 100;
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  await it.tell(fork(99, 30, 10), fork(100, 31, 10));
  assert.deepEqual(pairs(it, 77), [[10, 31]]);
});

test("two are told of what each has asked for", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  await it.ask(ROOT, { op: "register", pid: 78, sig: 41, scope: { descendants_of: 20 } });
  const forks = [fork(10, 30, 10), fork(11, 31, 20), fork(12, 32, 31), fork(13, 33, 30)];
  await it.tell(...forks);
  assert.equal(pairs(it, 77).length, 4);
  assert.deepEqual(pairs(it, 78), [[20, 31], [31, 32]]);
});

test("descendants stay so when those between have ended", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 78, sig: 41, scope: { descendants_of: 20 } });
  await it.tell(fork(11, 31, 20), fork(12, 32, 31), exitOfAll(13, 31, 0), exitOfAll(14, 20, 0));
  await it.tell(fork(15, 33, 32));
  assert.deepEqual(pairs(it, 78), [[20, 31], [31, 32], [32, 33]]);
});

test("a scope is a process, not its pid: another that has it later is none", async () => {
  const it = await start({ look: () => ({ uid: 0, startTicks: 0, comm: "x" }) });
  await it.ask(ROOT, { op: "register", pid: 78, sig: 41, scope: { descendants_of: 20 } });
  const later = 50e7;
  await it.tell(exitOfAll(13, 20, 0), fork(later, 20, 10), fork(later + 1, 34, 20));
  assert.deepEqual(pairs(it, 78), []);
});

test("threads are told to who wants them, by process and thread id", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40, threads: true });
  await it.ask(ROOT, { op: "register", pid: 78, sig: 40 });
  await it.tell(fork(10, 30, 10), clone(12, 20, 99, 10));
  assert.deepEqual(pairs(it, 77), [[10, 30], [20, 99]]);
  assert.deepEqual(pairs(it, 78), [[10, 30]]);
});

test("the poll source sees no threads, and says so", async () => {
  const it = await start({ seesThreads: false });
  const answer = await it.ask(ROOT, { op: "register", pid: 77, sig: 40, threads: true });
  assert.deepEqual([answer.error, answer.errno], ["EOPNOTSUPP", 95]);
});

test("exclusive: nobody may stand before it, and nobody comes after it", async () => {
  const it = await start();
  const exclusive = { op: "register", pid: 77, sig: 40, exclusive: true };
  assert.equal((await it.ask(ROOT, { op: "register", pid: 70, sig: 40 })).ok, true);
  assert.equal((await it.ask(ROOT, exclusive)).errno, ERRNO.EUSERS);
  await it.ask(ROOT, { op: "unregister", pid: 70 });
  assert.equal((await it.ask(ROOT, exclusive)).ok, true);
  for (const other of [{ ...exclusive }, { ...exclusive, pid: 78 }, { op: "register", sig: 40 }]) {
    assert.equal((await it.ask(ROOT, other)).error, "EUSERS");
  }
  await it.tell(fork(10, 30, 10));
  assert.deepEqual(pairs(it, 77), [[10, 30]]);
  await it.ask(ROOT, { op: "unregister", pid: 77 });
  assert.equal((await it.ask(ROOT, { op: "register", pid: 78, sig: 40 })).ok, true);
});

test("registering again replaces what was asked for", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  await it.ask(ROOT, { op: "register", pid: 77, sig: 41 });
  await it.tell(fork(10, 30, 10));
  assert.deepEqual(it.kernel.told, [[1077, 41, 10, 30]]);
});

test("who has ended is dropped at once, its slot is free, its pidfd closed", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40, exclusive: true });
  const [tag] = [...it.socket.watched.keys()];
  it.server.died(tag!);
  assert.deepEqual([...it.kernel.open], []);
  await it.tell(fork(10, 30, 10));
  assert.deepEqual(it.kernel.told, []);
  assert.equal((await it.ask(ROOT, { op: "register", pid: 78, sig: 40 })).ok, true);
});

test("who ends between two forks is dropped by the first that cannot be told", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  it.kernel.answer = () => -ERRNO.ESRCH;
  await it.tell(fork(10, 30, 10));
  assert.deepEqual((await it.ask(ROOT, { op: "listeners" })).listeners, []);
  assert.deepEqual([...it.kernel.open], []);
});

test("a full queue: signals wait in order, and follow when there is room", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  let room = 2;
  it.kernel.answer = () => room-- > 0 ? 0 : -ERRNO.EAGAIN;
  for (let i = 0; i < 10; i++) it.machine.step(fork(10 + i, 30 + i, 10));
  assert.equal(it.kernel.told.length, 2);
  const [listener] = (await it.ask(ROOT, { op: "listeners" })).listeners;
  assert.deepEqual([listener.sent, listener.waiting, listener.lost], [2, 8, 0]);
  room = Infinity;
  it.machine.step(fork(20, 40, 10));
  await settled(600);
  assert.deepEqual(pairs(it, 77).map(([, child]) => child), [
    30,
    31,
    32,
    33,
    34,
    35,
    36,
    37,
    38,
    39,
    40,
  ]);
});

test("what exceeds the bound is counted, shown and told to subscribers", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 5077, sig: 40 });
  it.kernel.answer = () => -ERRNO.EAGAIN;
  for (const client of [ROOT, ANN, BOB]) {
    await it.subscribe(client, { filter: { event: ["comm"] } });
  }
  const event = fork(10, 30, 10);
  for (let i = 0; i < WAITING_MAX + 25; i++) {
    event.time = 10 + i * 1e9;
    it.machine.step(event);
  }
  await settled(600);
  const lost = (client: number) =>
    it.socket.take(client).map(({ event, lost, reason, pid, sig }: Line) =>
      [event, lost, reason, pid, sig].join(" ")
    );
  assert.deepEqual(lost(ROOT), ["gap 25 signal queue full 5077 40"]);
  assert.deepEqual(lost(ANN), ["gap 25 signal queue full 5077 40"]);
  assert.deepEqual(lost(BOB), []);
  const [listener] = (await it.ask(ROOT, { op: "listeners" })).listeners;
  assert.deepEqual([listener.waiting, listener.lost], [WAITING_MAX, 25]);
  it.server.close();
});

test("bad requests and what they are refused with", async () => {
  const it = await start({
    look: (pid) => pid === 404 ? null : { uid: 0, startTicks: 0, comm: "x" },
  });
  const table: [Record<string, unknown>, string][] = [
    [{ op: "dance", sig: {} }, "ENOTTY"],
    [{ op: "register" }, "EFAULT"],
    [{ op: "register", pid: 77, sig: 9 }, "EINVAL"],
    [{ op: "register", pid: "77", sig: 40 }, "EFAULT"],
    [{ op: "register", pid: 77, sig: 40, scope: "some" }, "EFAULT"],
    [{ op: "register", pid: 77, sig: 40, extra: 1 }, "EFAULT"],
    [{ op: "register", pid: 404, sig: 40 }, "ESRCH"],
    [{ op: "register", pid: 77, sig: 40, scope: { descendants_of: 404 } }, "ESRCH"],
    [{ op: "unregister", pid: 0 }, "EFAULT"],
  ];
  for (const [request, error] of table) {
    const answer = await it.ask(ROOT, request);
    assert.deepEqual([answer.ok, answer.error], [false, error], JSON.stringify(request));
    assert.equal(answer.errno, ERRNO[error as keyof typeof ERRNO]);
    assert.match(answer.message, /.: .*; ./);
  }
  assert.deepEqual([...it.kernel.open], [], "no pidfd stays open");
  it.kernel.probed = -ERRNO.EPERM;
  assert.equal((await it.ask(ROOT, { op: "register", pid: 77, sig: 40 })).error, "EPERM");
  assert.deepEqual([...it.kernel.open], []);
});

test("unregister when nobody is registered succeeds", async () => {
  const it = await start();
  assert.deepEqual(await it.ask(ROOT, { op: "unregister", pid: 77 }), {
    ok: true,
    op: "unregister",
    pid: 77,
    removed: 0,
  });
});

test("who may register and unregister what", async () => {
  // 5000 and above belong to ann, the others to root.
  const table: [number, Record<string, unknown>, string][] = [
    [ROOT, { op: "register", pid: 5001, sig: 40 }, "done"],
    [ANN, { op: "register", pid: 5001, sig: 40 }, "done"],
    [ANN, { op: "register", sig: 40 }, "done"],
    [ANN, { op: "register", pid: 77, sig: 40 }, "EPERM"],
    [ANN, { op: "register", sig: 40, scope: { descendants_of: 10 } }, "EPERM"],
    [ANN, { op: "register", sig: 40, exclusive: true }, "EPERM"],
    [BOB, { op: "register", pid: 5001, sig: 40 }, "EPERM"],
    [BOB, { op: "unregister", pid: 5001 }, "EPERM"],
    [ANN, { op: "unregister", pid: 5001 }, "done"],
    [ROOT, { op: "unregister", pid: 5000 }, "done"],
  ];
  const it = await start();
  for (const [client, request, expected] of table) {
    const answer = await it.ask(client, request);
    assert.equal(answer.error ?? "done", expected, `${client} ${JSON.stringify(request)}`);
  }
});

test("a process may end its own registration, whoever made it", async () => {
  const it = await start();
  await it.ask(ROOT, { op: "register", pid: 6000, sig: 40 });
  assert.equal((await it.ask(ANN, { op: "unregister", pid: 6000 })).error, "EPERM");
  assert.equal((await it.ask(BOB, { op: "unregister" })).removed, 1);
});

test("who is not privileged is told of his own forks, and sees no others", async () => {
  const it = await start();
  await it.ask(ANN, { op: "register", sig: 40 });
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  it.machine.get(20)!.uid = 1000;
  await it.tell(fork(10, 30, 10), fork(11, 31, 20));
  assert.deepEqual(pairs(it, 5000), [[20, 31]]);
  assert.equal(pairs(it, 77).length, 2);
  const pidsOf = (answer: Line) => answer.listeners.map(({ pid }: Line) => pid);
  assert.deepEqual(pidsOf(await it.ask(ANN, { op: "listeners" })), [5000]);
  assert.deepEqual(pidsOf(await it.ask(BOB, { op: "listeners" })), []);
  assert.deepEqual(pidsOf(await it.ask(ROOT, { op: "listeners" })), [5000, 77]);
});

test("slots are bounded: 64 for a user, 1024 in all", async () => {
  const it = await start();
  for (let i = 0; i < 64; i++) {
    assert.ok((await it.ask(ANN, { op: "register", pid: 5000 + i, sig: 40 })).ok);
  }
  assert.equal((await it.ask(ANN, { op: "register", pid: 5900, sig: 40 })).error, "EUSERS");
  assert.ok((await it.ask(ANN, { op: "register", pid: 5000, sig: 41 })).ok, "replacing takes none");
  for (let i = 64; i < 1024; i++) {
    assert.ok((await it.ask(ROOT, { op: "register", pid: 100 + i, sig: 40 })).ok);
  }
  assert.equal((await it.ask(ROOT, { op: "register", pid: 99, sig: 40 })).error, "EUSERS");
  it.server.close();
  assert.deepEqual([...it.kernel.open], []);
});

test("a receiver that has become another user's is told nothing more", async () => {
  let uid = 1000;
  const it = await start({ look: () => ({ uid, startTicks: 0, comm: "x" }) });
  await it.ask(ANN, { op: "register", sig: 40 });
  await it.ask(ROOT, { op: "register", pid: 77, sig: 40 });
  it.machine.get(20)!.uid = 1000;
  await it.tell(fork(10, 30, 20));
  uid = 0;
  it.restedMs += REGISTRATION_LIMITS.ownMs;
  await it.tell(fork(11, 31, 20));
  assert.deepEqual(pairs(it, 5000), [[20, 30]]);
  assert.equal(pairs(it, 77).length, 2, "root may signal anybody");
  const { listeners } = await it.ask(ROOT, { op: "listeners" });
  assert.deepEqual(listeners.map(({ pid }: Line) => pid), [77]);
});

test("that a receiver is another user's now is looked at when the source says so", async () => {
  let uid = 1000;
  const it = await start({ look: () => ({ uid, startTicks: 0, comm: "x" }) });
  await it.ask(ANN, { op: "register", pid: 20, sig: 40 });
  it.machine.get(20)!.uid = 1000;
  await it.tell(fork(10, 30, 20));
  uid = 0;
  await it.tell(simple(EVENT.uid, 11, 20, 0, 0), fork(12, 31, 30));
  assert.deepEqual(pairs(it, 20), [[20, 30]]);
});

test("forks of others cost a registration nothing, and its user no more than a share", async () => {
  let looks = 0;
  const look = (
    pid: number,
  ) => (looks++, { uid: pid >= 5000 ? 1000 : 0, startTicks: 0, comm: "x" });
  const it = await start({ look });
  for (let i = 0; i < 64; i++) await it.ask(ANN, { op: "register", pid: 5000 + i, sig: 40 });
  looks = 0;
  it.kernel.answer = () => (it.clockMs += 0.1, 0);
  const event = fork(10, 30, 10);
  for (let i = 0; i < 1000; i++, event.time += 1e9) it.machine.step(event);
  assert.deepEqual([looks, it.kernel.told.length, it.clockMs], [0, 0, 0]);
  it.machine.get(20)!.uid = 1000;
  const own = fork(event.time, 31, 20);
  for (let i = 0; i < 1000; i++, own.time += 1e9) it.machine.step(own);
  assert.ok(it.clockMs < 250, `${it.clockMs} ms for a thousand forks`);
  assert.ok(looks < 64 * 20, `/proc was read for ${looks} times`);
  // What there was no time for waits, and is told in the end.
  const { listeners } = await it.ask(ROOT, { op: "listeners" });
  const all = listeners.reduce((sum: number, one: Line) => sum + one.waiting + one.sent, 0);
  assert.equal(all, 64_000);
  it.server.close();
});

test("all that one user has registered waits within one bound", async () => {
  const it = await start();
  for (const pid of [5001, 5002]) await it.ask(ANN, { op: "register", pid, sig: 40 });
  it.machine.get(20)!.uid = 1000;
  it.kernel.answer = () => -ERRNO.EAGAIN;
  const event = fork(10, 30, 20);
  for (let i = 0; i < WAITING_MAX / 2 + 10; i++) {
    event.time = 10 + i * 1e9;
    it.machine.step(event);
  }
  const { listeners } = await it.ask(ANN, { op: "listeners" });
  const waiting = listeners.reduce((sum: number, one: Line) => sum + one.waiting, 0);
  const lost = listeners.reduce((sum: number, one: Line) => sum + one.lost, 0);
  assert.deepEqual([waiting, lost], [WAITING_MAX, 20]);
  it.server.close();
});

test("a peer that has ended and whose pid another has is not told", async () => {
  let startTicks = 7;
  const it = await start({ look: () => ({ uid: 0, startTicks, comm: "x" }) });
  assert.ok((await it.ask(ROOT, { op: "register", sig: 40 })).ok);
  startTicks = 8;
  assert.equal((await it.ask(ROOT, { op: "register", sig: 41 })).error, "EFAULT");
  assert.equal((await it.ask(ROOT, { op: "unregister" })).error, "EFAULT");
});

test("a thread is no process", async () => {
  const it = await start();
  for (const errno of [ERRNO.ESRCH, ERRNO.ENOENT, ERRNO.EINVAL]) {
    it.kernel.opened = () => -errno;
    assert.equal((await it.ask(ROOT, { op: "register", pid: 77, sig: 40 })).error, "ESRCH");
  }
  it.kernel.opened = () => -ERRNO.ENOSYS;
  assert.equal((await it.ask(ROOT, { op: "register", pid: 77, sig: 40 })).error, "EOPNOTSUPP");
});
