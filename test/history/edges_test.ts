import assert from "node:assert/strict";
import { test } from "node:test";
import type { CostKey, CostQuery, LivingUse } from "../../src/ask/store.ts";
import { sumCosts } from "../../src/history/accounts.ts";
import { LONG_NS } from "../../src/history/edges.ts";
import { History } from "../../src/history/history.ts";
import { SampleLog } from "../../src/history/sample_log.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";

const S = 1e9;
const MINUTE = 60 * S;
const HOUR = 60 * MINUTE;
/** Used at an even pace: half a second of CPU a minute, of it 400 ms in user mode. */
const SERVER = 10;
const OLD = 5;

/** A server from its second minute on, which ends in its tenth hour if it is told to. */
function served(ends: boolean): TestRecorder {
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const old = { pid: OLD, ppid: 1, start: 0, argv: ["/usr/bin/old"] };
  const past = new TestRecorder().tell(...scan(S, S, [init, old]));
  past.tell(fork(MINUTE, SERVER, 1), exec(MINUTE + 1000, SERVER, "/usr/bin/server"));
  // Short ones are counted at their end, as a whole.
  past.tell(fork(2 * HOUR - S, 20, SERVER), exec(2 * HOUR - S + 10, 20, "/usr/bin/short"));
  past.tell(
    account(2 * HOUR + S, 20, { userUs: 300_000, cpuNs: 300e6 }),
    exit(2 * HOUR + S, 20, 0),
  );
  if (ends) {
    const [userUs, systemUs] = [600 * 400_000, 600 * 100_000];
    const cost = { cpuNs: (userUs + systemUs) * 1000, userUs, systemUs };
    past.tell(account(10 * HOUR + MINUTE, SERVER, cost), exit(10 * HOUR + MINUTE, SERVER, 0));
  }
  return past.tell(fork(11 * HOUR, 30, 1)).flush();
}

/** Samples of a process by minutes of its life, at half a second a minute. */
function sample(past: TestRecorder, pid: number, minutes: readonly number[], born = MINUTE): void {
  const log = new SampleLog(past.db, { keepMs: Infinity });
  const process = [...past.machine.processes()].find((one) => one.pid === pid)!;
  for (const at of minutes) {
    log.add([{ process, at: born + at * MINUTE, userUs: at * 400_000, systemUs: at * 100_000 }]);
    past.ledger.write(() => log.write());
    log.committed();
  }
}

/** CPU time by name within hours, and what of all is reckoned. */
function cpu(path: string, from: number, to: number, given: Partial<CostQuery> = {}) {
  const history = new History(path);
  try {
    const by: CostKey = "command";
    const query = {
      ...{ by, failed: false, minDuration: null, ofImage: null, sought: null, below: null },
      living: null,
      ...given,
    };
    const boot = history.boots[0]!;
    const [since, until] = [Math.round(from * HOUR), Math.round(to * HOUR)];
    const found = sumCosts(history, [{ boot, since, until }], query);
    return Object.fromEntries(found.map(({ key, totals }) => {
      const { userUs, systemUs, reckonedUs, living, processes } = totals;
      return [String(key), { userUs, systemUs, reckonedUs, living, processes }];
    }));
  } finally {
    history.close();
  }
}

const EVERY = Array.from({ length: 600 }, (_, i) => i + 1);

test("a long life counts in each stretch by what it has used there", () => {
  using past = served(true);
  sample(past, SERVER, EVERY);
  const found = cpu(past.path, 1, 2).server!;
  // Its samples are one minute after each hour: what lies between two of them is reckoned.
  assert.deepEqual([found.userUs, found.systemUs], [60 * 400_000, 60 * 100_000]);
  assert.deepEqual([found.living, found.processes], [1, 0]);
  const last = cpu(past.path, 9.5, 11).server!;
  assert.deepEqual([last.userUs, last.systemUs], [31 * 400_000, 31 * 100_000]);
  assert.deepEqual([last.living, last.processes], [0, 1]);
  const parts = Array.from({ length: 11 }, (_, hour) => cpu(past.path, hour, hour + 1).server);
  const sum = parts.reduce((sum, part) => sum + (part?.userUs ?? 0) + (part?.systemUs ?? 0), 0);
  assert.equal(sum, 600 * 500_000, "all parts together are the whole");
  assert.equal(cpu(past.path, 0, 11).server!.userUs, 600 * 400_000);
});

test("what was used between two points is reckoned, and it is said how much", () => {
  using past = served(true);
  sample(past, SERVER, [30, 90]);
  // From the 30th to the 90th minute of its life; the first hour ends at the 59th.
  const found = cpu(past.path, 0, 1).server!;
  assert.equal(found.userUs, 59 * 400_000);
  assert.equal(found.reckonedUs, 29 * 500_000);
  const next = cpu(past.path, 1, 2).server!;
  assert.equal(next.userUs, 60 * 400_000);
  // Up to the 90th, and from there on up to its end at the 600th.
  assert.equal(next.reckonedUs, (31 + 29) * 500_000);
  const exact = cpu(past.path, (1 + 30) / 60, (1 + 90) / 60).server!;
  assert.deepEqual([exact.userUs, exact.reckonedUs], [60 * 400_000, 0]);
});

test("those that live count up to now, and one that nobody sees any more does not", () => {
  using past = served(false);
  sample(past, SERVER, [30, 90]);
  const use = { startTicks: MINUTE / 1e7, userUs: 700 * 400_000, systemUs: 700 * 100_000 };
  const living = new Map<number, LivingUse>([[SERVER, use]]);
  const found = cpu(past.path, 91 / 60, 11.5, { living });
  assert.deepEqual(found.server, {
    ...{ userUs: 610 * 400_000, systemUs: 610 * 100_000, reckonedUs: 0, living: 1, processes: 0 },
  });
  assert.deepEqual(Object.keys(cpu(past.path, 3, 11.5, { living: new Map() })), []);
  const other = new Map([[SERVER, { ...use, startTicks: 3 }]]);
  assert.deepEqual(Object.keys(cpu(past.path, 3, 11.5, { living: other })), []);
});

test("who ran already when recording began counts from the first sample on", () => {
  using past = served(false);
  sample(past, OLD, [0, 60, 120], 1);
  // Its start is known: before the first sample it had used nothing that was not counted there.
  assert.equal(cpu(past.path, 1, 2).old!.userUs, 60 * 400_000);
});

test("what is short, failed or asked for by its end is counted as a whole", () => {
  using past = served(true);
  sample(past, SERVER, EVERY);
  assert.ok(LONG_NS > 2 * S);
  assert.equal(cpu(past.path, 1, 2).short, undefined);
  assert.equal(cpu(past.path, 2, 3).short!.userUs, 300_000);
  assert.equal(cpu(past.path, 9.5, 11, { minDuration: 1 }).server!.userUs, 600 * 400_000);
  assert.deepEqual(Object.keys(cpu(past.path, 1, 2, { minDuration: 1 })), []);
  assert.deepEqual(Object.keys(cpu(past.path, 1, 2, { by: "exit" })), []);
  assert.equal(cpu(past.path, 9.5, 11, { by: "exit" })["0"]!.userUs, 31 * 400_000);
});

test("a filter chooses among the living, too", () => {
  using past = served(false);
  sample(past, SERVER, EVERY);
  sample(past, OLD, EVERY, 1);
  const named = (name: string): Partial<CostQuery> => ({
    ofImage: ({ image }) => image.comm === name,
  });
  assert.deepEqual(Object.keys(cpu(past.path, 1, 2, named("server"))), ["server"]);
  assert.deepEqual(Object.keys(cpu(past.path, 1, 2)).sort(), ["old", "server"]);
  assert.deepEqual(Object.keys(cpu(past.path, 1, 2, { by: "parent" })), ["init"]);
});

test("samples are thinned out after a day, and go with their life and with time", () => {
  using past = served(false);
  const log = new SampleLog(past.db, { keepMs: 100 * HOUR / 1e6 });
  const process = [...past.machine.processes()].find((one) => one.pid === SERVER)!;
  const minutes = () => {
    return past.db.prepare("SELECT at FROM sample ORDER BY at").all()
      .map(({ at }) => Number(at) / MINUTE);
  };
  for (let at = 0; at < 110 * 60; at++) {
    log.add([{ process, at: at * MINUTE, userUs: at, systemUs: 0 }]);
    past.ledger.write(() => log.write());
    log.committed();
  }
  const found = minutes();
  const day = found.filter((at) => at >= 86 * 60);
  assert.deepEqual([day.length, day[0], day.at(-1)], [24 * 60, 86 * 60, 110 * 60 - 1]);
  // It is looked for once an hour.
  const old = found.filter((at) => at < 84 * 60);
  assert.ok(old.length > 70 && old.length < 80, String(old.length));
  assert.ok(old[0]! >= 8 * 60, String(old[0]));
  past.db.exec(`DELETE FROM life WHERE pid = ${SERVER}`);
  assert.deepEqual(minutes(), []);
});
