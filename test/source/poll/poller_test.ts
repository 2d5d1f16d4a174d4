/** The poller on a host whose processes live as a test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchWriter, readBatch } from "../../../src/model/batch.ts";
import { EVENT, FLAG, GAP_REASON, UNKNOWN } from "../../../src/model/event.ts";
import { Image } from "../../../src/model/image.ts";
import { Clocks } from "../../../src/source/clocks.ts";
import { Poller } from "../../../src/source/poll/poller.ts";
import { FakeHost } from "../../support/fake_host.ts";
import { FAKE_FD } from "../../support/fake_kernel.ts";

const MS = 1_000_000;
const NAMES = new Map(Object.entries(EVENT).map(([name, kind]) => [kind, name]));
/** What the parent of all runs. */
const SHELL = { ppid: 1, comm: "sh", cmdline: "sh\0" };

/** The poller on such a host, after its first look; it looks each 10 ms. */
class Scripted implements Disposable {
  readonly host: FakeHost;
  readonly poller: Poller;
  readonly #clocks: Clocks;
  readonly #writer = new BatchWriter();

  private constructor(host: FakeHost) {
    this.host = host;
    this.#clocks = new Clocks(host.libc);
    this.poller = new Poller(
      host.libc,
      this.#clocks,
      {
        source: "poll",
        procRoot: host.root,
        env: [],
        intervalNs: 10 * MS,
        realtime: false,
      },
      FAKE_FD.wake,
      "a test",
    );
    this.poller.snapshot(this.#writer);
    this.#writer.take(Infinity, this.#clocks.epoch);
  }

  static async open(pidMax?: number): Promise<Scripted> {
    return new Scripted(await FakeHost.open(pidMax));
  }

  /** What the next looks tell: one line for each event. */
  turns(count = 1): string[] {
    for (let turn = 0; turn < count; turn++) this.poller.turn(this.#writer);
    return this.#told();
  }

  /** What is told at the end. */
  settle(): string[] {
    this.poller.settle(this.#writer);
    return this.#told();
  }

  #told(): string[] {
    const batch = this.#writer.take(Infinity, this.#clocks.epoch);
    const lines: string[] = [];
    if (batch === null) return lines;
    readBatch(batch, ({ kind, pid, a, b, start, time, flags, text }) => {
      const mark = (flags & FLAG.inferred) !== 0 ? "*" : "";
      const ms = (moment: number) => Math.round((moment - 1e12) / MS);
      const rest = kind === EVENT.fork
        ? `by ${a}`
        : kind === EVENT.exec
        ? Image.decode(text).argv?.join(" ")
        : kind === EVENT.exit
        ? a === UNKNOWN ? "?" : a
        : kind === EVENT.gap
        ? `${a} ${b === GAP_REASON.missed ? "missed" : b} from ${ms(start)} to ${ms(time)}`
        : new TextDecoder().decode(text ?? new Uint8Array());
      lines.push(`${NAMES.get(kind)}${mark} ${kind === EVENT.gap ? "" : `${pid} `}${rest}`);
    });
    return lines;
  }

  [Symbol.dispose](): void {
    this.poller.close();
    this.host[Symbol.dispose]();
  }
}

test("a process is found by its pid, and what its parent runs is not told again", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  assert.deepEqual(it.turns(), [`fork ${shell} by 1`, `exec ${shell} sh`]);
  const child = host.start({ ...SHELL, ppid: shell });
  assert.deepEqual(it.turns(), [`fork ${child} by ${shell}`]);
  assert.deepEqual(it.turns(5), []);
});

test("a child with a lower pid is met after its parent, whoever is looked up first", async () => {
  using it = await Scripted.open();
  const { host } = it;
  host.start({ ...SHELL, ppid: 1500 }, 1400);
  host.start(SHELL, 1500);
  const told = it.turns();
  assert.deepEqual(told.filter((line) => line.startsWith("fork")), [
    "fork 1500 by 1",
    "fork 1400 by 1500",
  ]);
  assert.deepEqual(it.turns(30), [], "both are counted as seen");
});

test("a later look finds another command line, which may be a title: it is inferred", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  it.turns();
  host.become(shell, { comm: "true", cmdline: "/bin/true\0-x\0" });
  assert.deepEqual(it.turns(2), [`exec* ${shell} /bin/true -x`]);
});

test("a new name alone is no exec, once an exec would have shown", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  it.turns();
  const child = host.start({ ...SHELL, ppid: shell, comm: "worker" });
  assert.deepEqual(it.turns(2), [`fork ${child} by ${shell}`], "an exec may take 20 ms to show");
  assert.deepEqual(it.turns(4), [`comm ${child} worker`]);
});

test("an end has the wait status that its pidfd gives when it was waited for", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  it.turns();
  host.end(shell, 0x300);
  assert.deepEqual(it.turns(), [], "a zombie may be waited for yet");
  host.reap(shell);
  assert.deepEqual(it.turns(), [`exit ${shell} 768`]);
});

test("a zombie that nobody waits for is told with the status that /proc has, once", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  it.turns();
  host.end(shell, 9);
  assert.deepEqual(it.turns(200), [`exit ${shell} 9`]);
  host.reap(shell);
  assert.deepEqual(it.turns(5), []);
});

test("tasks that were gone before a look are a gap, from the look before", async () => {
  using it = await Scripted.open();
  const { host } = it;
  it.turns(20);
  host.flash(3);
  const shell = host.start(SHELL);
  const told = it.turns(20);
  assert.deepEqual(told.slice(0, 2), [`fork ${shell} by 1`, `exec ${shell} sh`]);
  assert.match(told[2]!, /^gap 3 missed from 200 to 2[1-9]\d$/);
  assert.equal(told.length, 3);
  host.flash(2);
  assert.match(
    it.settle().join(),
    /^gap 2 missed from \d+ to 400$/,
    "the end waits for no second look",
  );
});

test("a thread is no process, and none that was missed", async () => {
  using it = await Scripted.open();
  it.host.startThread();
  assert.deepEqual(it.turns(30), []);
});

test("who shows a moment after its pid was given out is found, and not missed", async () => {
  using it = await Scripted.open();
  const { host } = it;
  it.turns(20);
  const pid = host.giveOut();
  assert.deepEqual(it.turns(), []);
  host.bear(SHELL, pid);
  assert.deepEqual(it.turns(30), [`fork ${pid} by 1`, `exec ${pid} sh`]);
});

test("another process with the pid of one that has ended is another", async () => {
  using it = await Scripted.open(1010);
  const { host } = it;
  const shell = host.start(SHELL);
  host.flash(4);
  it.turns(10);
  // Pids go round at 1010.
  host.end(shell, 0);
  host.reap(shell);
  assert.deepEqual(it.turns(), [`exit ${shell} 0`]);
  host.start({ ...SHELL, cmdline: "sh\0two\0" }, shell);
  assert.deepEqual(it.turns(), [`fork ${shell} by 1`, `exec ${shell} sh two`]);
});

test("who has the pid of one that ended in the same look begins after that has", async () => {
  // Also before a pidfd tells: it is seen to have another start.
  for (const heard of [true, false]) {
    using it = await Scripted.open(1010);
    const { host } = it;
    const shell = host.start(SHELL);
    host.flash(4);
    it.turns(10);
    host.end(shell, 0x100);
    host.reap(shell, heard);
    host.start({ ...SHELL, cmdline: "sh\0two\0" }, shell);
    assert.deepEqual(it.turns(), [
      `exit ${shell} 256`,
      `fork ${shell} by 1`,
      `exec ${shell} sh two`,
    ], `heard: ${heard}`);
    host.end(shell, 0);
    host.reap(shell);
    assert.deepEqual(it.turns(), [`exit ${shell} 0`]);
  }
});

test("a parent that executed just before it forked is told first", async () => {
  using it = await Scripted.open();
  const { host } = it;
  const shell = host.start(SHELL);
  it.turns(2);
  host.become(shell, { comm: "make", cmdline: "make\0all\0" });
  const child = host.start({ ppid: shell, comm: "make", cmdline: "make\0all\0" });
  assert.deepEqual(it.turns(), [`exec* ${shell} make all`, `fork ${child} by ${shell}`]);
});

test("it says what it is, and that exit codes are known", async () => {
  using it = await Scripted.open();
  assert.deepEqual(it.poller.info, {
    source: "poll",
    why: "a test; /proc is read instead",
    accounts: null,
  });
});

test("what is forked during a look is told before the time up to which all is told", async () => {
  let reads = 0;
  for (let at = 1; at === 1 || reads >= at - 1; at++) {
    using it = await Scripted.open();
    const { host, poller } = it;
    // One that is young is looked at again: that takes a while.
    host.start(SHELL);
    it.turns();
    reads = 0;
    let forkedAt = Infinity;
    host.beforeClock = () => {
      if (++reads !== at) return;
      host.kernel.now += 1000;
      forkedAt = host.kernel.now;
      host.start({ ...SHELL, ppid: 1 });
      host.kernel.now += 1000;
    };
    const told = it.turns();
    host.beforeClock = null;
    const isTold = told.some((line) => line.startsWith("fork"));
    assert.ok(isTold || forkedAt > poller.horizon, `a fork at the ${at}. clock read is told late`);
  }
});
