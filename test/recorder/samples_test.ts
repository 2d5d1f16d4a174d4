import assert from "node:assert/strict";
import { test } from "node:test";
import { openForReading } from "../../src/history/file.ts";
import type { RetentionLimits } from "../../src/history/retention.ts";
import { EVENT } from "../../src/model/event.ts";
import { RecordedSamples } from "../../src/recorder/samples.ts";
import { exec, exit, fork, scan, simple } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { Recording } from "../support/recording.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const TICKS = 1e9 / 100;
const INIT = { pid: 1, ppid: 0, start: 7 * TICKS, argv: ["/sbin/init"] };

/** Samples of a file: pid, user and system time. */
function samples(path: string): unknown[][] {
  const db = openForReading(path);
  try {
    return db.prepare(
      `SELECT pid, sample.user_us, sample.system_us FROM sample JOIN life ON life.id = sample.life
        ORDER BY pid`,
    ).all().map(({ pid, user_us, system_us }) => [pid, user_us, system_us]);
  } finally {
    db.close();
  }
}

test("a recorder notes what the living have used as soon as it knows them", async () => {
  const processes = [
    { pid: 1, ppid: 0, comm: "init", cmdline: "init\0", start: 7, utime: 30, stime: 5 },
    { pid: 2, ppid: 1, comm: "idle", cmdline: "idle\0", start: 8 },
    { pid: 9, ppid: 1, comm: "other", cmdline: "other\0", start: 99, utime: 50 },
  ];
  using it = await new Recording({ samples: true, processes }).begun();
  const idle = { pid: 2, ppid: 1, start: 8 * TICKS, argv: ["idle"] };
  // What has the pid now is not what was told to have it.
  const before = { pid: 9, ppid: 1, start: 40 * TICKS, argv: ["before"] };
  it.source.send(scan(10 * S, 10 * S, [INIT, idle, before]));
  it.source.send([fork(11 * S, 5, 1), exec(11.1 * S, 5, "a"), exit(12 * S, 5, 0)]);
  await until(() => samples(it.path).length > 0);
  await it.end();
  assert.deepEqual(samples(it.path), [[1, 300_000, 50_000]]);
});

test("a recorder that accounts nothing notes nothing", async () => {
  const processes = [{ pid: 1, ppid: 0, comm: "init", cmdline: "init\0", start: 7, utime: 30 }];
  using it = await new Recording({ processes }).begun();
  it.source.send(scan(10 * S, 10 * S, [INIT]));
  it.source.send([fork(11 * S, 5, 1)]);
  await it.end();
  assert.deepEqual(samples(it.path), []);
});

const MINUTE = 60 * S;

/** Processes that a recorder knows, and looks at them: CPU time in ticks, by pid. */
function looked(past: TestRecorder, limits: Partial<RetentionLimits> = {}) {
  const samples = new RecordedSamples();
  const log = samples.open(past, { keepMs: Infinity, maxBytes: 1 << 30, ...limits });
  return (minute: number, used: Readonly<Record<number, number>>) => {
    const find = (pid: number) => past.machine.get(pid);
    const look = Object.entries(used).map(([pid, utime]) => {
      const { startTicks } = find(Number(pid))!;
      const rest = { ppid: 1, state: 83, tty: 0, stime: 0, startTicks };
      return [Number(pid), { pid: Number(pid), utime, ...rest }] as const;
    });
    samples.take(new Map(look), minute * MINUTE, find);
    past.ledger.write(() => log.write());
    log.committed();
  };
}

function noted({ db }: TestRecorder): unknown[][] {
  return db.prepare(
    `SELECT pid, sample.user_us, sample.at FROM sample JOIN life ON life.id = sample.life
      ORDER BY pid, at`,
  ).all().map(({ pid, user_us, at }) => [pid, Number(user_us) / 1e4, Number(at) / MINUTE]);
}

/** Living processes of some users: pids from 100 on. */
function living(uids: readonly number[]): TestRecorder {
  const past = new TestRecorder().tell(...scan(S, S, [INIT]));
  uids.forEach((uid, i) => {
    const pid = 100 + i;
    past.tell(fork(2 * S, pid, 1), simple(EVENT.uid, 2 * S + 1, pid, uid, uid));
  });
  return past.flush();
}

test("who was idle is known to have been so up to the look before", () => {
  using past = living([0]);
  const look = looked(past);
  look(1, { 100: 0 });
  look(2, { 100: 5 });
  look(3, { 100: 6 });
  look(4, { 100: 6 });
  look(60, { 100: 6 });
  look(61, { 100: 9 });
  assert.deepEqual(noted(past), [
    ...[[100, 0, 1], [100, 5, 2], [100, 6, 3], [100, 6, 60], [100, 9, 61]],
  ]);
});

test("one user's processes have a third of what there is room for", () => {
  const uids = [...Array(30).fill(1000), 0, 1001];
  using past = living(uids);
  const look = looked(past, { maxBytes: 9 * 37 * 1024 * 16 });
  look(1, Object.fromEntries(uids.map((_, i) => [100 + i, 100 - i])));
  const pids = noted(past).map(([pid]) => pid);
  assert.deepEqual(pids, [100, 101, 102, 130, 131]);
});

test("what waits while the disk is full is not lost by the next look", () => {
  using past = living([0, 0]);
  const samples = new RecordedSamples();
  const log = samples.open(past, { keepMs: Infinity, maxBytes: 1 << 30 });
  const take = (minute: number, pid: number) => {
    const { startTicks } = past.machine.get(pid)!;
    const one = { pid, ppid: 1, state: 83, tty: 0, utime: 5, stime: 0, startTicks };
    samples.take(new Map([[pid, one]]), minute * MINUTE, (pid) => past.machine.get(pid));
  };
  take(1, 100);
  take(2, 101);
  past.ledger.write(() => log.write());
  assert.deepEqual(noted(past).map(([pid]) => pid).filter((pid, i, all) => pid !== all[i - 1]), [
    ...[100, 101],
  ]);
});
