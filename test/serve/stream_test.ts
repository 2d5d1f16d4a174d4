import assert from "node:assert/strict";
import { test } from "node:test";
import { exec, exit, exitOfAll, fork, gap, scan, simple } from "../support/events.ts";
import { EVENT } from "../../src/model/event.ts";
import { EPOCH, type Line, ServerOfTest, settled } from "../support/fake_socket.ts";

const [ROOT, ANN, BOB] = [1, 2, 3];
const US = 1000;

/** A server whose host runs 10 (root) and 20 (ann). */
async function start(options: ConstructorParameters<typeof ServerOfTest>[0] = {}) {
  const it = new ServerOfTest(options);
  it.connect(ROOT, 0);
  it.connect(ANN, 1000);
  it.connect(BOB, 1001);
  await it.tell(...scan(1 * US, 2 * US, [
    { pid: 10, ppid: 1, start: 1, argv: ["/bin/a"] },
    { pid: 20, ppid: 10, start: 1, argv: ["/bin/b", "x"] },
  ]));
  it.machine.get(20)!.uid = 1000;
  return it;
}

/** `event pid` of each line. */
function told(lines: readonly Line[]): string[] {
  return lines.map(({ event, pid, lost, reason }) =>
    event === "gap" ? `gap ${lost} ${reason}` : `${event}${pid === undefined ? "" : ` ${pid}`}`
  );
}

test("a subscriber is told the source, then what happens, each with its number", async () => {
  const it = await start();
  const [answer, source] = await it.subscribe(ROOT);
  assert.deepEqual(answer, {
    ok: true,
    op: "subscribe",
    instance: "b-1-1",
    boot: "b",
    source: "connector",
    seq: EPOCH.seconds * 1e6 + 2,
  });
  assert.deepEqual([source.event, source.why, source.seq], ["source", "a test", answer.seq]);
  await it.tell(fork(10 * US, 30, 10), exec(11 * US, 30, "/bin/ls", "-l"), exit(12 * US, 30, 0));
  const lines = it.socket.take(ROOT);
  assert.deepEqual(told(lines), ["fork 30", "exec 30", "exit 30"]);
  assert.deepEqual(lines.map(({ seq }) => seq - EPOCH.seconds * 1e6), [10, 11, 12]);
  const { time, argv, ppid, parent, comm } = lines[1];
  assert.deepEqual([time, argv, ppid, parent, comm], [
    "2023-11-14T22:13:20.000011000Z",
    ["/bin/ls", "-l"],
    10,
    "b-10-0",
    "ls",
  ]);
});

test("numbers grow, whatever the times do", async () => {
  const it = await start();
  await it.subscribe(ROOT);
  await it.tell(fork(10 * US, 30, 10), fork(10 * US, 31, 10), fork(5 * US, 32, 10), gap(6 * US, 3));
  const seqs = it.socket.take(ROOT).map(({ seq }) => seq - EPOCH.seconds * 1e6);
  assert.deepEqual(seqs, [10, 11, 12, 13]);
});

test("filters are those of the command line", async () => {
  const table: [Record<string, unknown>, string[]][] = [
    [{}, ["fork 30", "exec 30", "exit 30", "fork 31", "exit 31"]],
    [{ event: "exec" }, ["exec 30"]],
    [{ event: ["fork", "comm"] }, ["fork 30", "fork 31", "comm 31"]],
    [{ pid: 20 }, ["fork 31", "exit 31"]],
    [{ comm: "l*", event: ["exit"] }, ["exit 30"]],
    [{ match: "^/bin/ls.*-l$" }, ["exec 30", "exit 30"]],
    [{ failed: true }, ["exit 30"]],
    [{ min_duration: "15us" }, ["exit 31"]],
    [{ user: "ann", event: ["fork"] }, ["fork 31"]],
    [{ user: [0, 1000], event: ["fork"] }, ["fork 30", "fork 31"]],
    [{ cgroup: "/test.*", event: "exec" }, ["exec 30"]],
  ];
  const it = await start();
  for (const [index, [filter]] of table.entries()) {
    it.connect(10 + index);
    const [answer] = await it.subscribe(10 + index, { filter });
    assert.ok(answer.ok, JSON.stringify(answer));
  }
  await it.tell(
    fork(10 * US, 30, 10),
    exec(11 * US, 30, "/bin/ls", "-l"),
    exit(12 * US, 30, 256),
    fork(20 * US, 31, 20),
    simple(EVENT.comm, 21 * US, 31),
    exit(40 * US, 31, 0),
  );
  for (const [index, [filter, expected]] of table.entries()) {
    const lines = it.socket.take(10 + index);
    assert.deepEqual(told(lines), expected, JSON.stringify(filter));
  }
});

test("bad filters are refused, and those that would backtrack are not", async () => {
  const it = await start();
  const bad: unknown[] = [
    [],
    "x",
    7,
    { comm: {} },
    { event: "dance" },
    { match: "(" },
    { match: "a(?=b)" },
    { match: "x".repeat(2000) },
    { pid: -1 },
    { pid: [] },
    { user: "nobody-at-all" },
    { min_duration: "soon" },
    { failed: 1 },
    { color: "red" },
    { comm: "[z-a]" },
  ];
  for (const filter of bad) {
    const answer = await it.ask(ROOT, { op: "subscribe", filter });
    assert.equal(answer.error, "EFAULT", JSON.stringify(filter));
  }
  await it.subscribe(ROOT, { filter: { match: "^(a+)+$" } });
  const began = performance.now();
  await it.tell(exec(11 * US, 10, "a".repeat(50_000) + "b"));
  assert.ok(performance.now() - began < 20_000);
  assert.deepEqual(it.socket.take(ROOT), []);
});

test("who is not privileged sees events of his own processes, and every gap", async () => {
  const it = await start();
  for (const client of [ROOT, ANN, BOB]) await it.subscribe(client);
  await it.tell(fork(10 * US, 30, 10), fork(11 * US, 31, 20), gap(12 * US, 4));
  const all = (client: number) => told(it.socket.take(client));
  assert.deepEqual(all(ROOT), ["fork 30", "fork 31", "gap 4 overflow"]);
  assert.deepEqual(all(ANN), ["fork 31", "gap 4 overflow"]);
  assert.deepEqual(all(BOB), ["gap 4 overflow"]);
});

test("who runs the server sees all", async () => {
  const it = await start({ euid: 1000 });
  await it.subscribe(ANN);
  await it.tell(fork(10 * US, 30, 10));
  assert.deepEqual(told(it.socket.take(ANN)), ["fork 30"]);
});

test("a snapshot has what runs and what the filter and the rights let pass", async () => {
  const it = await start();
  await it.tell(fork(10 * US, 30, 10), exit(11 * US, 30, 0));
  const lines = async (client: number, filter: unknown) =>
    told((await it.subscribe(client, { filter, snapshot: true })).slice(2));
  assert.deepEqual(await lines(ROOT, {}), ["snapshot 10", "snapshot 20"]);
  assert.deepEqual(await lines(ANN, {}), ["snapshot 20"]);
  assert.deepEqual(await lines(BOB, { event: "exec" }), []);
});

test("a connection has one subscription", async () => {
  const it = await start();
  await it.subscribe(ROOT);
  assert.equal((await it.ask(ROOT, { op: "subscribe" })).error, "EBUSY");
  assert.equal((await it.ask(ROOT, { op: "hello" })).ok, true);
});

test("parameters of subscribe are checked", async () => {
  const it = await start();
  const bad = [
    { from: -1 },
    { from: {} },
    { from: "10m ago" },
    { snapshot: 1 },
    { heartbeat: 0.5 },
    {
      heartbeat: 4000,
    },
    { instance: 7 },
    { form: 1 },
  ];
  for (const params of bad) {
    const answer = await it.ask(ROOT, { op: "subscribe", ...params });
    assert.equal(answer.error, "EFAULT", JSON.stringify(params));
  }
});

test("who hears nothing hears a heartbeat, with the number up to which all was told", async () => {
  const it = await start();
  await it.subscribe(ROOT, { heartbeat: 1, filter: { event: "exec" } });
  await it.tell(fork(10 * US, 30, 10));
  await settled(1100);
  const [beat] = it.socket.take(ROOT);
  assert.deepEqual([beat.event, beat.source, beat.seq], [
    "heartbeat",
    "connector",
    EPOCH.seconds * 1e6 + 10,
  ]);
  it.server.close();
});

test("heartbeats come to each after its own time, whoever else listens", async () => {
  const it = await start();
  it.connect(4);
  await it.subscribe(4, { heartbeat: 3600 });
  await it.subscribe(ROOT, { heartbeat: 1, from: it.sequence.last });
  await settled(1200);
  assert.deepEqual(told(it.socket.take(ROOT)), ["heartbeat"]);
  assert.deepEqual(told(it.socket.take(4)), []);
  it.server.close();
});

test("patterns whose repeats are many are refused before they are compiled", async () => {
  const it = await start();
  const bad = [".{0,1000}".repeat(100), "(a{50}){50}", "x{1000000}"];
  for (const match of bad) {
    const answer = await it.ask(ROOT, { op: "subscribe", filter: { match } });
    assert.equal(answer.error, "EFAULT", match);
  }
  const many = Array.from({ length: 64 }, (_, i) => `${"ab?".repeat(20)}${i}`);
  assert.equal((await it.ask(ROOT, { op: "subscribe", filter: { match: many } })).error, "EFAULT");
  assert.ok((await it.ask(ROOT, { op: "subscribe", filter: { match: "^[0-9]{1,3}$" } })).ok);
});

test("what a user has no time for is counted for him, nobody else", async () => {
  const it = await start();
  for (const client of [ROOT, ANN, BOB]) await it.subscribe(client, { filter: { match: "b" } });
  it.slowMs = 150;
  const events = [10, 11, 12, 13].map((us) => exec(us * US, 20, `/bin/slow${us}`));
  await it.tell(...events);
  const execs = (client: number) =>
    told(it.socket.take(client)).filter((line) => /exec/.test(line));
  const shown = execs(ANN).length;
  assert.ok(shown < 4, "a tenth of a second, and what comes back meanwhile");
  assert.equal(execs(ROOT).length, 4);
  // He is told how many, when he has time again; nobody has lost his subscription.
  [it.slowMs, it.clockMs] = [0, it.clockMs + 10_000];
  await it.tell(fork(21 * US, 31, 20), gap(22 * US, 1));
  const lines = it.socket.take(ANN);
  const lost = lines.find(({ reason }: Line) => reason === "share used up")?.lost;
  assert.equal(lost, 4 - shown);
  assert.ok(told(lines).includes("fork 31"));
  assert.deepEqual(told(it.socket.take(BOB)), ["gap 1 overflow"]);
  assert.deepEqual(it.socket.gone, []);
  it.server.close();
});

test("the budget is looked at for each event, however many subscriptions and events", async () => {
  const it = await start();
  for (let n = 0; n < 100; n++) {
    it.connect(50 + n, 1000);
    await it.subscribe(50 + n, { filter: { match: `b${n}` } });
  }
  it.slowMs = 5;
  const before = it.clockMs;
  const event = exec(10 * US, 20, "/bin/slow");
  for (let n = 0; n < 4096; n++, event.time += US) it.machine.step(event);
  assert.ok(it.clockMs - before < 250, `${it.clockMs - before} ms`);
  it.server.close();
});

test("what is told of before waits for time; a snapshot says what there was none for", async () => {
  const it = await start();
  await it.subscribe(ROOT);
  const from = it.sequence.last;
  await it.tell(exec(10 * US, 20, "/bin/slow"), fork(11 * US, 31, 20));
  it.slowMs = 150;
  const early = told(await it.subscribe(ANN, { from, filter: { match: "s" } }));
  early.push(...told(it.socket.take(ANN)));
  await settled(50);
  assert.deepEqual(told(it.socket.take(ANN)), [], "no time");
  it.slowMs = 0;
  for (let n = 0; n < 10; n++, await settled(15)) it.clockMs += 1000;
  assert.deepEqual([...early, ...told(it.socket.take(ANN))], [
    "undefined",
    "source",
    "exec 20",
    "fork 31",
  ]);
  it.connect(7, 1001);
  for (const pid of [20, 31]) it.machine.get(pid)!.uid = 1001;
  it.slowMs = 150;
  const lines = await it.subscribe(7, { snapshot: true, filter: { match: "s" } });
  const seen = lines.map(({ event, lost }: Line) => [event, lost].join(" ").trim());
  assert.deepEqual(seen, ["", "source", "snapshot", "gap 1"]);
  it.server.close();
});

test("patterns of one user are bounded, all subscriptions together", async () => {
  const it = await start();
  let count = 0;
  for (let isFull = false; !isFull; count++) {
    it.connect(100 + count, 1000);
    const filter = { match: Array.from({ length: 60 }, (_, i) => `(x|y)*x${i}[a-d]{20}${count}`) };
    const { error } = await it.ask(100 + count, { op: "subscribe", filter });
    assert.ok(error === undefined || error === "EUSERS", error);
    isFull = error !== undefined;
  }
  const { held, total } = { held: it.shares.patterns.held(1000), total: it.shares.patterns.total };
  assert.ok(count > 3 && held < total / 2, `${count} filters of ${held} bytes`);
  it.connect(5, 1001);
  assert.ok((await it.ask(5, { op: "subscribe", filter: { match: "x" } })).ok);
  for (let n = 0; n < count; n++) it.server.disconnected(100 + n);
  assert.equal(it.shares.patterns.held(1000), 0);
  it.server.close();
});

test("a reader that comes back is told what it missed, from memory", async () => {
  const it = await start();
  await it.subscribe(ROOT);
  await it.tell(fork(10 * US, 30, 10), exec(11 * US, 30, "/bin/one"));
  const last = it.socket.take(ROOT)[0].seq;
  it.server.disconnected(ROOT);
  await it.tell(exec(12 * US, 30, "/bin/two"), exit(13 * US, 30, 0), fork(14 * US, 31, 20));
  it.connect(4);
  const lines = await it.subscribe(4, { from: last, instance: "b-1-1" });
  assert.equal(lines[0].overlap, undefined);
  assert.deepEqual(told(lines.slice(2)), ["exec 30", "exec 30", "exit 30", "fork 31"]);
  assert.deepEqual(lines.slice(2).map(({ comm }) => comm), ["one", "two", "two", "b"]);
  await it.tell(exit(15 * US, 31, 0));
  assert.deepEqual(told(it.socket.take(4)), ["exit 31"]);
});

test("without a history, what is not in memory is a gap of unknown size", async () => {
  const it = await start();
  await it.tell(fork(3e6 * US, 30, 10));
  const lines = await it.subscribe(ROOT, { from: 5 });
  await settled(10);
  assert.deepEqual(told([...lines.slice(1), ...it.socket.take(ROOT)]), [
    "source",
    "gap null not recording",
  ]);
  await it.tell(exit(4e6 * US, 30, 0));
  assert.deepEqual(told(it.socket.take(ROOT)), ["exit 30"]);
});

test("a thread that cannot keep up costs a gap with the exact count", async () => {
  const it = await start();
  await it.subscribe(ROOT, { filter: { event: ["fork"] } });
  it.socket.unreadBytes = 100 << 20;
  await it.tell(fork(10 * US, 30, 10), exit(11 * US, 30, 0), fork(12 * US, 31, 10));
  await it.tell(gap(13 * US, 5));
  it.socket.unreadBytes = 0;
  await it.tell(fork(20 * US, 32, 10));
  const lines = it.socket.take(ROOT);
  assert.deepEqual(told(lines), ["gap 7 slow reader", "fork 32"]);
  const seqs = lines.map(({ seq }) => seq - EPOCH.seconds * 1e6);
  assert.deepEqual(seqs, [13, 20], "the gap has the number of the last that is missing");
});

test("a pid is the process that has it when the subscription begins", async () => {
  const it = await start();
  await it.tell(fork(10 * US, 30, 10));
  await it.subscribe(ROOT, { filter: { pid: 30 } });
  await it.tell(exitOfAll(11 * US, 30, 0));
  const later = 50e7;
  await it.tell(fork(later, 30, 10), fork(later + 1, 31, 30));
  assert.deepEqual(told(it.socket.take(ROOT)), ["exit 30"]);
  it.connect(4);
  await it.subscribe(4, { filter: { pid: 30 } });
  await it.tell(fork(later + 2, 32, 30));
  assert.deepEqual(told(it.socket.take(4)), ["fork 32"]);
  assert.deepEqual(told(it.socket.take(ROOT)), []);
});

test("who has gone is no subscriber, but what he registered stays", async () => {
  const it = await start();
  it.server.requested(ROOT, '{"op":"listeners"}');
  it.server.requested(ROOT, '{"op":"register","pid":77,"sig":40}');
  it.server.requested(ROOT, '{"op":"subscribe"}');
  it.server.disconnected(ROOT);
  await settled(5);
  it.connect(9);
  const { listeners, subscribers } = await it.ask(9, { op: "listeners" });
  assert.deepEqual([listeners.length, subscribers.length], [1, 0]);
  it.server.close();
});

test("nobody who has left is sent anything", async () => {
  const it = await start();
  await it.subscribe(ROOT);
  it.server.disconnected(ROOT);
  await it.tell(fork(10 * US, 30, 10));
  assert.deepEqual(it.socket.take(ROOT), []);
  it.connect(9);
  assert.equal((await it.ask(9, { op: "status" })).subscribers, 0);
  it.server.close();
});
