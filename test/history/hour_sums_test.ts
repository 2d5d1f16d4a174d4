import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { CostKey, CostQuery } from "../../src/ask/store.ts";
import { sumCosts } from "../../src/history/accounts.ts";
import { exportHistory } from "../../src/history/export.ts";
import { History } from "../../src/history/history.ts";
import { Ledger } from "../../src/history/ledger.ts";
import { Remover } from "../../src/history/remover.ts";
import { HOUR_NS } from "../../src/history/schema.ts";
import { fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { paid, type PaidProcess, pay } from "../support/past_accounts.ts";

const MS = 1e6;
const KEYS: readonly CostKey[] = ["command", "user", "unit", "container", "exit", "parent"];
const CONTAINER = "/docker/abababababababababababababababababababababababababababababababab";

/** Numbers that are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 2 ** 31 * below);
  };
}

/** Lives that end in the first five hours, of few names, users and groups. */
function lives(count: number, seed = 1): PaidProcess[] {
  const next = numbers(seed);
  return Array.from({ length: count }, (_, index) => ({
    pid: 1000 + index,
    born: 2e9 + Math.floor(index * 4.9 * HOUR_NS / count),
    span: 1 + next(500 * MS),
    comm: next(9) === 0 ? "" : `tool-${next(5)}`,
    uid: [0, 1000, 1001][next(3)]!,
    cgroup: ["/", "/system.slice/a.service", CONTAINER][next(3)]!,
    status: [0, 0, 256, 9, 139][next(5)]!,
    cost: next(4) === 0 ? null : { userUs: next(9999), peakKib: next(999), readBytes: next(99) },
  }));
}

/** Adds up all hours that are over at a time. */
function addUp({ writer }: TestRecorder, told: number): void {
  while (writer.sums.work(told));
}

function hours({ db }: TestRecorder, kind = "exit"): number[] {
  return db.prepare("SELECT DISTINCT hour FROM hour_sum WHERE kind = ? ORDER BY hour").all(kind)
    .map(({ hour }) => Number(hour));
}

function sums(path: string, by: CostKey, since: number, until: number) {
  const history = new History(path);
  try {
    const query: CostQuery = {
      by,
      failed: false,
      minDuration: null,
      ofImage: null,
      sought: null,
      below: null,
      living: null,
    };
    const found = sumCosts(history, [{ boot: history.boots[0]!, since, until }], query);
    return new Map(
      found.map(({ key, totals }) => [String(key), { ...totals }] as const)
        .sort(([a], [b]) => a < b ? -1 : 1),
    );
  } finally {
    history.close();
  }
}

/** Sums by all keys over some stretches. */
function allSums(path: string) {
  const stretches = [[0, 1e15], [HOUR_NS, 3 * HOUR_NS], [0.5 * HOUR_NS, 4.5 * HOUR_NS], [
    1.2 * HOUR_NS,
    1.4 * HOUR_NS,
  ], [2 * HOUR_NS - 1, 3 * HOUR_NS + 1]];
  return KEYS.map((by) => stretches.map(([since, until]) => sums(path, by, since!, until!)));
}

test("sums with those that are kept by the hour are those over all lives", () => {
  using past = paid(lives(2000));
  const over = allSums(past.path);
  assert.deepEqual(hours(past), [], "nothing is kept yet");
  addUp(past, 4.9 * HOUR_NS);
  // The first hour began before the recorder, the fifth is not over.
  assert.deepEqual(hours(past), [1, 2, 3]);
  for (const kind of ["command", "user", "unit", "container"]) {
    assert.deepEqual(hours(past, kind), [1, 2, 3], kind);
  }
  assert.deepEqual(allSums(past.path), over);
  const lost = past.db.prepare("SELECT count(*) AS n FROM hour_sum WHERE key = -1").get()!["n"];
  assert.ok(Number(lost) > 0, "some keys are not known");
  // They are what is read, and not the lives.
  past.db.exec("UPDATE hour_sum SET processes = processes + 1000 WHERE hour = 2");
  const more = sums(past.path, "exit", HOUR_NS, 3 * HOUR_NS).get("256")!.processes;
  assert.equal(more, over[4]![1]!.get("256")!.processes + 1000);
});

test("an hour is added up when a minute has passed since its end, and not again", () => {
  using past = paid(lives(500));
  addUp(past, 2 * HOUR_NS + 59e9);
  assert.deepEqual(hours(past), []);
  addUp(past, 2 * HOUR_NS + 61e9);
  assert.deepEqual(hours(past), [1]);
  past.db.exec("UPDATE hour_sum SET processes = 7");
  addUp(past, 3 * HOUR_NS + 61e9);
  assert.deepEqual(hours(past), [1, 2]);
  const first = past.db.prepare("SELECT DISTINCT processes AS n FROM hour_sum WHERE hour = 1");
  assert.deepEqual(first.all().map(({ n }) => n), [7]);
  past.end();
  // Whoever goes on with the file begins where it ended, with other boots, too.
  using next = new TestRecorder(past.path, { bootId: "7c0a51fe-9999-4222-8333-444444444444" });
  next.flush();
  addUp(next, 1e9);
  assert.deepEqual(hours(next), [1, 2, 3]);
});

test("a life that is forgotten takes the sums of its hour with it", () => {
  using past = paid(lives(1000));
  addUp(past, 4.9 * HOUR_NS);
  const remover = new Remover(past.db, new Ledger(past.db));
  const row = past.db.prepare(
    `SELECT id FROM life WHERE born + span BETWEEN ${2 * HOUR_NS} AND ${3 * HOUR_NS - 1} LIMIT 1`,
  ).get()!;
  past.ledger.write(() => remover.removeLife(remover.life(Number(row["id"]))!, true));
  assert.deepEqual(hours(past), [1, 3]);
  const after = allSums(past.path);
  past.db.exec("DELETE FROM hour_sum");
  assert.deepEqual(after, allSums(past.path));
});

test("a life that is told late takes the sums of its hour with it", () => {
  using past = paid(lives(1000));
  addUp(past, 4.9 * HOUR_NS);
  pay(past, { pid: 31_000, born: 1.5 * HOUR_NS, span: 5 * MS, comm: "late", cost: null });
  past.flush();
  assert.deepEqual(hours(past), [2, 3]);
  assert.equal(sums(past.path, "command", HOUR_NS, 2 * HOUR_NS).get("late")!.processes, 1);
});

test("what is told while its hour is added up is in the sums", () => {
  using past = paid(lives(9000));
  while (hours(past).length === 0) {
    past.writer.sums.work(2 * HOUR_NS + 61e9);
    pay(past, { pid: 31_000, born: HOUR_NS + 1e9, span: 5 * MS, comm: "late", cost: null });
    past.flush();
    if (past.db.prepare("SELECT count(*) AS n FROM life").get()!["n"] as number > 9010) break;
  }
  addUp(past, 2 * HOUR_NS + 61e9);
  const found = allSums(past.path);
  past.db.exec("DELETE FROM hour_sum");
  assert.deepEqual(found, allSums(past.path));
});

test("sums of very many names are no sums, and those of few lives neither", () => {
  const born = (index: number) => HOUR_NS + 1e9 + index * 1e8;
  const many = Array.from({ length: 5000 }, (_, index) => {
    return { pid: 1000 + index, born: born(index), span: MS, comm: `own-${index}`, cost: null };
  });
  using past = paid(many);
  addUp(past, 2 * HOUR_NS + 61e9);
  assert.deepEqual(hours(past, "command"), []);
  assert.deepEqual(hours(past, "user"), [1]);
  assert.equal(sums(past.path, "command", 0, 1e15).size, 5000);
  using few = paid(many.slice(0, 3).map((one, i) => ({ ...one, comm: `own-${i}` })));
  addUp(few, 2 * HOUR_NS + 61e9);
  assert.deepEqual([hours(few, "command"), hours(few, "exit")], [[], [1]]);
});

test("an export has the sums of the hours that are wholly in it", () => {
  using past = paid(lives(1000));
  addUp(past, 4.9 * HOUR_NS);
  past.end();
  const file = join(past.folder, "part.db");
  const history = new History(past.path);
  const boot = history.boots[0]!;
  exportHistory(past.path, file, [{ boot, since: 1.5 * HOUR_NS, until: 3 * HOUR_NS }]);
  history.close();
  using part = new TestRecorder(file);
  assert.deepEqual(hours(part), [2]);
  const kept = [1.5, 3].map((hour) => hour * HOUR_NS);
  assert.deepEqual(
    sums(file, "exit", kept[0]!, kept[1]!),
    sums(past.path, "exit", kept[0]!, kept[1]!),
  );
});

test("a full hour after a quiet one is added up in pieces", () => {
  const many = Array.from({ length: 9000 }, (_, index) => {
    const born = 2 * HOUR_NS + 1e9 + index * 1e6;
    return { pid: 1000 + index, born, span: MS, comm: `tool-${index % 3}`, cost: null };
  });
  using past = paid(many);
  addUp(past, 3 * HOUR_NS + 61e9);
  assert.deepEqual(hours(past, "command"), [2]);
  assert.deepEqual(
    [...sums(past.path, "command", 2 * HOUR_NS, 3 * HOUR_NS).values()].map((one) => one.processes),
    [3000, 3000, 3000],
  );
});

test("what an earlier run left open in an hour takes its sums with it", () => {
  using past = paid(lives(1000));
  past.tell(fork(2.5 * HOUR_NS, 32_000, 1)).flush();
  past.end();
  using next = new TestRecorder(past.path, { since: 5 * HOUR_NS });
  // Something is written before the first look is over.
  next.flush();
  addUp(next, 7 * HOUR_NS);
  assert.deepEqual(hours(next), [1, 2, 3, 4]);
  next.tell(...scan(5 * HOUR_NS, 5 * HOUR_NS, [])).flush();
  const found = allSums(past.path);
  next.db.exec("DELETE FROM hour_sum");
  assert.deepEqual(found, allSums(past.path));
});
