/** What /proc says of real zombies is what wait4(2) says of them later. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { openLibc } from "../../ffi/mod.ts";
import { decodeFigures, type TaskFigures } from "../../src/model/account.ts";
import { BatchReader, BatchWriter } from "../../src/model/batch.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { TICK_NS } from "../../src/model/process.ts";
import { parseStat } from "../../src/proc/stat.ts";
import { Session } from "../../src/session.ts";
import { ExitAccounts } from "../../src/source/connector/exit_accounts.ts";
import { ProcFiles } from "../../src/source/proc_files.ts";
import { ZombieAccounts } from "../../src/source/zombie_account.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

/** What a zombie that has not left its CPU yet may have used since the last tick, CONFIG_HZ=100. */
const UNCOUNTED_NS = 10_000_000;
const BLOCK = 512;

const missing = programsMissing ?? (process.getuid?.() === 0 ? null : "needs root");

/** What wait4(2) said of a child. */
interface Waited {
  readonly pid: number;
  readonly cpuNs: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
  readonly writeBytes: number;
}

/** The next zombie of a running program: its pid. */
async function zombieOf(late: Running, before: number): Promise<number> {
  const pids = () => [...late.stdout.matchAll(/^zombie (\d+)\n/gm)].map(([, pid]) => Number(pid));
  await late.until(`zombie ${before + 1}`, () => pids().length > before);
  return pids()[before]!;
}

function waitedOf(late: Running): Waited[] {
  return [...late.stdout.matchAll(/^late-\d+ (.+)\n/gm)].map(([, numbers]) => {
    const [pid, us, minor, major, voluntary, involuntary, blocks] = numbers!.split(" ").map(Number);
    return {
      pid: pid!,
      cpuNs: us! * 1000,
      minorFaults: minor!,
      majorFaults: major!,
      voluntarySwitches: voluntary!,
      involuntarySwitches: involuntary!,
      writeBytes: blocks! * BLOCK,
    };
  });
}

function startOf(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`))!.startTicks;
}

/** Every second child has another thread, whose part is known in ticks or not at all. */
function assertSame(figures: TaskFigures, waited: Waited, isThreaded: boolean): void {
  const { minorFaults, majorFaults, writeBytes } = figures;
  assert.deepEqual(
    [minorFaults, majorFaults, writeBytes, figures.peakKib],
    [waited.minorFaults, waited.majorFaults, waited.writeBytes, 0],
  );
  const short = waited.cpuNs - figures.cpuNs;
  const allowed = isThreaded ? 2 * TICK_NS : 0;
  // wait4(2) gives whole microseconds, each of two sums cut.
  assert.ok(short >= -2000, `${-short} ns too much`);
  assert.ok(short <= allowed + UNCOUNTED_NS, `${short} ns too little`);
  for (const name of ["voluntarySwitches", "involuntarySwitches"] as const) {
    const less = waited[name] - figures[name];
    assert.ok(less >= 0 && (isThreaded || less <= 2), `${less} ${name} too few`);
  }
}

test(...unless(missing, "a zombie's account is what wait4(2) says later"), async () => {
  const libc = await openLibc();
  const accounts = new ZombieAccounts(libc, new ProcFiles(libc, "/proc"));
  await using late = Running.start([program("late")!, "4", "0"]);
  const read: (TaskFigures | null)[] = [];
  for (let i = 0; i < 4; i++) {
    const pid = await zombieOf(late, i);
    const start = startOf(pid);
    const ended = { pid, startMin: start, startMax: start, io: -1 };
    assert.equal(accounts.read({ ...ended, startMin: start + 1, startMax: start + 9 }), null);
    assert.equal(accounts.read({ ...ended, startMin: 0, startMax: start - 1 }), null);
    read.push(accounts.read(ended));
    late.tell("");
  }
  await late.end();
  const waited = waitedOf(late);
  assert.equal(waited.length, 4);
  waited.forEach((one, index) => assertSame(read[index]!, one, index % 2 === 1));
  const { pid } = waited[0]!;
  assert.equal(accounts.read({ pid, startMin: 0, startMax: Infinity, io: -1 }), null, "gone");
});

test(...unless(missing, "what its children had written is not the zombie's"), async () => {
  const libc = await openLibc();
  const accounts = new ZombieAccounts(libc, new ProcFiles(libc, "/proc"));
  await using late = Running.start([program("late")!, "parent"]);
  const pid = await zombieOf(late, 0);
  const figures = accounts.read({ pid, startMin: 0, startMax: Infinity, io: -1 });
  late.tell("");
  await late.end();
  assert.ok(waitedOf(late)[0]!.writeBytes >= 1 << 20);
  assert.equal(figures!.writeBytes, 0);
});

test(
  ...unless(missing, "who lives is not accounted, nor who has lost its first thread alone"),
  async () => {
    const libc = await openLibc();
    const accounts = new ZombieAccounts(libc, new ProcFiles(libc, "/proc"));
    await using late = Running.start([program("late")!, "leader"]);
    const pid = await zombieOf(late, 0);
    assert.equal(parseStat(readFileSync(`/proc/${pid}/stat`))!.state, "Z".charCodeAt(0));
    for (const one of [pid, process.pid]) {
      assert.equal(accounts.read({ pid: one, startMin: 0, startMax: Infinity, io: -1 }), null);
    }
    late.tell("");
    assert.equal((await late.end()).status, 0);
  },
);

test(
  ...unless(missing, "exits of several threads tell one account, and none of a later process"),
  async () => {
    const libc = await openLibc();
    const exits = new ExitAccounts(libc, new ProcFiles(libc, "/proc"));
    await using late = Running.start([program("late")!, "1", "0"]);
    const pid = await zombieOf(late, 0);
    const start = startOf(pid) * TICK_NS;
    const writer = new BatchWriter();
    exits.exited(pid, true, start - 1, 1, writer);
    assert.equal(writer.count, 0, "what exited before it began was another process");
    for (let i = 1; i < 256; i++) exits.exited(0, false, 0, 1, writer);
    exits.exited(pid, false, start + TICK_NS, 1, writer);
    assert.equal(writer.count, 0, "in a storm it is not looked at");
    exits.beginDrain();
    exits.exited(pid, false, start + TICK_NS, 2, writer);
    exits.exited(pid, true, start + TICK_NS, 3, writer);
    late.tell("");
    await late.end();
    const told = new BatchReader(writer.take(Infinity, { seconds: 0, ns: 0 })!);
    assert.equal(told.count, 1);
    const event = new SourceEvent();
    told.read(0, event);
    assert.deepEqual([event.kind, event.time, event.pid, event.a], [EVENT.account, 2, pid, 1]);
    assertSame(decodeFigures(event.text!, 0), waitedOf(late)[0]!, false);
    exits.forget();
  },
);

test(
  ...unless(missing, "the poller tells the accounts of zombies, if they are wanted"),
  async () => {
    for (const accounts of [true, false]) {
      const told = new Map<number, TaskFigures>();
      const exited = new Set<number>();
      const session = await Session.open({
        capture: {
          source: "poll",
          procRoot: "/proc",
          env: [],
          intervalNs: null,
          realtime: true,
          accounts,
        },
        onChange({ kind, process: one }) {
          if (kind === "exit") exited.add(one!.pid);
        },
        onAccount({ pid, alive }, figures, last) {
          assert.ok(last && alive && !told.has(pid), "once, before the exit");
          told.set(pid, { ...figures });
        },
        onEnd: (error) => assert.equal(error, null),
      });
      session.begin();
      assert.equal(session.info.accounts, accounts ? "zombie" : null);
      await using late = Running.start([program("late")!, "2", "150"]);
      await late.end();
      const waited = waitedOf(late);
      await session.close();
      assert.ok(waited.every(({ pid }) => exited.has(pid)));
      for (const [index, one] of waited.entries()) {
        const figures = told.get(one.pid);
        assert.equal(figures !== undefined, accounts, `${one.pid} was told to have cost something`);
        if (figures !== undefined) assertSame(figures, one, index === 1);
      }
    }
  },
);
