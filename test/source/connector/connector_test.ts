/** The connector on a kernel that sends what a test has written down. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BatchWriter, readBatch } from "../../../src/model/batch.ts";
import { EVENT } from "../../../src/model/event.ts";
import { Image } from "../../../src/model/image.ts";
import { Clocks } from "../../../src/source/clocks.ts";
import { Connector } from "../../../src/source/connector/connector.ts";
import { PROC_CN_MCAST, PROC_EVENT } from "../../../src/wire/proc_event.ts";
import { FAKE_FD, FakeKernel } from "../../support/fake_kernel.ts";
import { fakeProcfs } from "../../support/fake_procfs.ts";

const MS = 1_000_000;
const NAMES = new Map(Object.entries(EVENT).map(([name, kind]) => [kind, name]));
const { truth, doorbell } = FAKE_FD;
const ENOBUFS = -105;

/** The connector on such a kernel, after its first look. */
class Scripted implements Disposable {
  readonly kernel: FakeKernel;
  readonly connector: Connector;
  readonly #clocks: Clocks;
  readonly #procfs = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", cmdline: "init\0" }]);
  readonly #writer = new BatchWriter();

  constructor(kernel: FakeKernel) {
    this.kernel = kernel;
    this.#clocks = new Clocks(kernel.libc);
    const options = { procRoot: this.#procfs.root, env: [], intervalNs: null, realtime: false };
    const given = { ...options, source: "connector" } as const;
    this.connector = new Connector(kernel.libc, this.#clocks, given, FAKE_FD.wake);
    this.connector.snapshot(this.#writer);
    assert.deepEqual(this.turn(), ["scanBegin 0 0", "scanEnd 0 0"]);
  }

  static async open(): Promise<Scripted> {
    return new Scripted(await FakeKernel.open());
  }

  /** A process has a command line now; null when it is gone. */
  runs(pid: number, cmdline: string | null): void {
    const folder = join(this.#procfs.root, `${pid}`);
    rmSync(folder, { recursive: true, force: true });
    if (cmdline === null) return;
    mkdirSync(folder);
    writeFileSync(join(folder, "cmdline"), cmdline);
  }

  fork(pid: number, time: number, cpu = 0, lost = 0): Uint8Array {
    return this.kernel.event({ what: PROC_EVENT.FORK, time, cpu, words: [1, 1, pid, pid] }, lost);
  }

  exec(pid: number, time: number, cpu = 0): Uint8Array {
    return this.kernel.event({ what: PROC_EVENT.EXEC, time, cpu, words: [pid, pid] });
  }

  /** What a turn tells, one line for each event, but for what a scan of /proc finds. */
  turn(): string[] {
    this.connector.turn(this.#writer);
    const lines: string[] = [];
    const batch = this.#writer.take(this.connector.horizon, this.#clocks.epoch);
    if (batch === null) return lines;
    readBatch(batch, ({ kind, pid, time, start, a, text }) => {
      const at = (moment: number) => (moment - 1e12) / MS;
      const argv = text === null ? "" : Image.decode(text).argv?.join(" ") ?? "?";
      const name = NAMES.get(kind)!;
      if (kind === EVENT.gap) lines.push(`gap ${a} since ${at(start)}`);
      else if (kind === EVENT.exec) lines.push(`exec ${pid} ${at(time)} ${argv}`);
      else if (kind !== EVENT.present) lines.push(`${name} ${pid} ${at(time)}`);
    });
    return lines;
  }

  /** What several turns tell. */
  turns(count: number): string[] {
    return Array.from({ length: count }, () => this.turn()).flat();
  }

  [Symbol.dispose](): void {
    this.#procfs.remove();
  }
}

/** A moment after the first look: milliseconds. */
function at(kernel: FakeKernel, ms: number): number {
  assert.ok(kernel.now <= 1e12 + ms * MS, `it is ${(kernel.now - 1e12) / MS} already`);
  return 1e12 + ms * MS;
}

test("events of a CPU that is late are told at their place in time", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const early = it.fork(11, at(kernel, 19.6), 1);
  kernel.arrive(
    truth,
    [it.fork(10, at(kernel, 20)), it.fork(12, at(kernel, 20.5))],
    at(kernel, 21),
  );
  // Stamped before the others, it comes a drain later.
  kernel.arrive(truth, [early], at(kernel, 21.3));
  const told = it.turns(12);
  assert.deepEqual(told, ["fork 11 19.6", "fork 10 20", "fork 12 20.5"]);
});

test("what is young waits for its elders: it is told after 1.5 ms, not before", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const time = at(kernel, 30);
  kernel.arrive(truth, [it.fork(10, time)], time);
  for (let told: string[] = []; told.length === 0;) {
    const before = kernel.now;
    told = it.turn();
    if (told.length === 0) continue;
    assert.deepEqual(told, ["fork 10 30"]);
    assert.ok(it.connector.horizon >= time, "of what was before, all is told");
    assert.ok(kernel.now >= time + 1.5 * MS && before < time + 4 * MS, `${kernel.now - time}`);
  }
});

test("a number that comes a drain late is no loss", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const moments = [20.9, 22.6, 22.7, 22.8];
  const [first, second, late, last] = moments.map((ms, n) => it.fork(10 + n, at(kernel, ms)));
  kernel.arrive(truth, [first!], at(kernel, 21));
  kernel.arrive(truth, [second!, last!], at(kernel, 22.9));
  kernel.arrive(truth, [late!], at(kernel, 23.1));
  assert.deepEqual(it.turns(8), ["fork 10 20.9", "fork 11 22.6", "fork 12 22.7", "fork 13 22.8"]);
});

test("numbers that never come are a gap, once, from the last event of their CPU", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const before = it.fork(10, at(kernel, 20), 1);
  const other = it.fork(11, at(kernel, 20.5));
  kernel.arrive(truth, [before, other, it.fork(12, at(kernel, 21), 1, 7)], at(kernel, 22));
  const told = it.turns(2000);
  assert.deepEqual(told.filter((line) => /^(gap|scan)/.test(line)).map(word), [
    "gap 7 since 20",
    "scanBegin",
    "scanEnd",
  ]);
});

test("a second loss is told as it is, from where all was known", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const [before, after] = [it.fork(10, at(kernel, 20), 1), it.fork(11, at(kernel, 21), 1, 7)];
  kernel.arrive(truth, [before, after], at(kernel, 22));
  it.turns(20);
  const quiet = kernel.now;
  kernel.arrive(truth, [it.fork(12, quiet, 1, 2)]);
  const [gap] = it.turns(20).filter((line) => line.startsWith("gap"));
  const [, lost, since] = /^gap (\d+) since (\S+)$/.exec(gap!)!;
  assert.equal(lost, "2");
  assert.ok(Number(since) > 22 && Number(since) * MS + 1e12 < quiet, gap);
});

test("an overflow is as much as the kernel says, though not all numbers show it yet", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const [other, before, after] = [
    it.fork(10, at(kernel, 19.5), 1),
    it.fork(11, at(kernel, 20)),
    it.fork(12, at(kernel, 21), 0, 3),
  ];
  kernel.arrive(truth, [other, before, after, ENOBUFS], at(kernel, 22));
  kernel.drops = 5;
  const gapsIn = (told: readonly string[]) => told.filter((line) => line.startsWith("gap"));
  // Two are of a CPU that has not shown its hole: it may be the one that was heard of first.
  assert.deepEqual(gapsIn(it.turns(40)), ["gap 5 since 19.5"]);
  kernel.arrive(truth, [it.fork(13, kernel.now, 1, 2)]);
  const later = it.turns(40);
  assert.deepEqual(gapsIn(later), [], "they are told already");
  assert.ok(later.some((line) => line.startsWith("fork 13 ")), "and it goes on");
});

test("ENOBUFS alone ends nothing, and is no loss of events that came", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  kernel.arrive(truth, [ENOBUFS, it.fork(10, at(kernel, 20)), ENOBUFS], at(kernel, 21));
  assert.deepEqual(it.turns(8), ["fork 10 20"]);
});

test("an exec has the image that was read when the doorbell rang", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  it.runs(10, "/bin/true\0now\0");
  const exec = it.exec(10, at(kernel, 20));
  kernel.arrive(doorbell, [exec], at(kernel, 20));
  kernel.arrive(truth, [exec], at(kernel, 20));
  kernel.later(at(kernel, 20.1), () => it.runs(10, null));
  assert.deepEqual(it.turns(8), ["exec 10 20 /bin/true now"]);
});

test("an exec that is told before its doorbell rings is read then", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  it.runs(10, "/bin/true\0early\0");
  const exec = it.exec(10, at(kernel, 20));
  kernel.arrive(truth, [exec], at(kernel, 20));
  kernel.arrive(doorbell, [exec], at(kernel, 60));
  const told: string[] = [];
  while (kernel.now < 1e12 + 50 * MS) told.push(...it.turn());
  it.runs(10, "/bin/other\0");
  told.push(...it.turns(30));
  assert.deepEqual(told, ["exec 10 20 /bin/true early"]);
});

test("execs that have the same number on two CPUs have their own images", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  it.runs(10, "/bin/ten\0");
  it.runs(11, "/bin/eleven\0");
  // The answer to LISTEN was number 0 of the first CPU.
  const first = it.fork(9, at(kernel, 20), 1);
  const [ten, eleven] = [it.exec(10, at(kernel, 20.1), 0), it.exec(11, at(kernel, 20.2), 1)];
  kernel.arrive(doorbell, [ten, eleven], at(kernel, 20.3));
  kernel.arrive(truth, [first, ten, eleven], at(kernel, 20.3));
  assert.deepEqual(it.turns(8), [
    "fork 9 20",
    "exec 10 20.1 /bin/ten",
    "exec 11 20.2 /bin/eleven",
  ]);
});

test("a drain takes all that waits, however much it is", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const many = Array.from({ length: 600 }, (_, n) => it.fork(100 + n, at(kernel, 20)));
  kernel.arrive(truth, many, at(kernel, 21));
  let told: string[] = [];
  while (told.length === 0) told = it.turn();
  assert.equal(told.length, 600);
});

test("an image that was read when the next program ran already is nobody's", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  it.runs(10, "/bin/second\0");
  // Both execs were before the bell could be answered.
  const [first, second] = [it.exec(10, at(kernel, 20)), it.exec(10, at(kernel, 20.3))];
  for (const fd of [doorbell, truth]) kernel.arrive(fd, [first, second], at(kernel, 21));
  assert.deepEqual(it.turns(8), ["exec 10 20 ", "exec 10 20.3 /bin/second"]);
});

test("answers to other listeners take a number, tell nothing, and are no loss", async () => {
  using it = await Scripted.open();
  const { kernel } = it;
  const { NONE } = PROC_EVENT;
  const ack = (cpu: number, skipped = 0) =>
    kernel.event({ what: NONE, time: at(kernel, 20), cpu, ack: 4711, words: [0] }, skipped);
  const [before, answer, after] = [
    it.fork(10, at(kernel, 20)),
    ack(0),
    it.fork(11, at(kernel, 20.1)),
  ];
  // Those of old kernels name no CPU, and have any number.
  const old = [ack(0xffffffff), ack(0xffffffff, 5)];
  kernel.arrive(truth, [before, answer, ...old, after], at(kernel, 21));
  assert.deepEqual(it.turns(20), ["fork 10 20", "fork 11 20.1"]);
});

test("it listens when it begins, and says so when it ends", async () => {
  using it = await Scripted.open();
  assert.deepEqual(it.kernel.asked, [PROC_CN_MCAST.LISTEN]);
  it.connector.close();
  assert.deepEqual(it.kernel.asked, [PROC_CN_MCAST.LISTEN, PROC_CN_MCAST.IGNORE]);
});

test("events from before the first look are in what that finds; exits are told", async () => {
  const kernel = await FakeKernel.open();
  const exit = { what: PROC_EVENT.EXIT, time: 1e12 - 5, words: [21, 21, 0x300, 17, 1, 1] };
  const fork = { what: PROC_EVENT.FORK, time: 1e12 - 6, words: [1, 1, 20, 20] };
  kernel.arrive(truth, [kernel.event(fork), kernel.event(exit)]);
  const procfs = fakeProcfs([{ pid: 1, ppid: 0, comm: "init", cmdline: "init\0" }]);
  const options = { procRoot: procfs.root, env: [], intervalNs: null, realtime: false };
  const clocks = new Clocks(kernel.libc);
  const given = { ...options, source: "connector" } as const;
  const connector = new Connector(kernel.libc, clocks, given, FAKE_FD.wake);
  const writer = new BatchWriter();
  connector.snapshot(writer);
  const kinds: string[] = [];
  const batch = writer.take(Infinity, clocks.epoch)!;
  readBatch(batch, ({ kind, pid }) => void kinds.push(`${NAMES.get(kind)} ${pid}`));
  procfs.remove();
  assert.deepEqual(kinds, ["exit 21", "scanBegin 0", "present 1", "scanEnd 0"]);
});

function word(line: string): string {
  return line.startsWith("scan") ? line.split(" ")[0]! : line;
}
