import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { exportHistory } from "../../src/history/export.ts";
import { FindingLog, FINDINGS_MAX, WAITING_MAX } from "../../src/history/finding_log.ts";
import { History } from "../../src/history/history.ts";
import { readFindings } from "../../src/history/past_findings.ts";
import { Remover } from "../../src/history/remover.ts";
import type { KeptFinding } from "../../src/model/kept_finding.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";
import { paid } from "../support/past_accounts.ts";

const S = 1e9;
const LIVES = [10, 11, 12].map((pid) => {
  return { pid, born: (pid - 8) * S, span: S, comm: `tool-${pid}`, uid: 1000 + pid };
});

/** A finding about the life with a pid. */
function finding(past: TestRecorder, pid: number, given: Partial<KeptFinding> = {}): KeptFinding {
  const process = [...past.machine.processes()].find((one) => one.pid === pid)!;
  const by = [...past.machine.processes()].find((one) => one.pid === 1)!;
  return {
    ...{ kind: "core-dump", key: `core-dump-${pid}`, since: 3 * S, until: 5 * S, isOver: false },
    ...{ count: 1, process, by, facts: { mean_life_ns: 7, reason: "it is so" } },
    ...given,
  };
}

function put(log: FindingLog, one: KeptFinding): void {
  log.put(log.numberOf(one), one);
}

function write(past: TestRecorder, log: FindingLog): void {
  past.ledger.write(() => log.write());
  log.committed();
}

function read(path: string, since = 0, until = 1e15) {
  const history = new History(path);
  try {
    const boot = history.boots[0]!;
    const { found, unwatched } = readFindings(history, { boot, since, until });
    return {
      found: found.map(({ process, by, ...rest }) => ({ ...rest, pid: process.pid, by: by?.pid })),
      unwatched: unwatched.map(({ since, until }) => [since, until]),
    };
  } finally {
    history.close();
  }
}

const pids = (path: string, ...span: number[]) => read(path, ...span).found.map(({ pid }) => pid);

test("findings are kept as they are at last, and read by their time", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  const number = log.numberOf(finding(past, 10));
  log.put(number, finding(past, 10));
  assert.ok(log.dirty);
  write(past, log);
  assert.ok(!log.dirty);
  log.put(number, finding(past, 11, { until: 8 * S, count: 3, isOver: true, by: null }));
  put(log, finding(past, 12, { since: 9 * S, until: 9 * S }));
  write(past, log);
  const { found } = read(past.path);
  assert.deepEqual(found[0], {
    ...{ kind: "core-dump", key: "core-dump-11", since: 3 * S, until: 8 * S, isOver: true },
    ...{ count: 3, facts: { mean_life_ns: 7, reason: "it is so" }, pid: 11, by: undefined },
  });
  assert.deepEqual([found.length, found[1]!.by], [2, 1]);
  assert.deepEqual(pids(past.path, 8.5 * S, 20 * S), [12]);
  assert.deepEqual(pids(past.path, 0, 8.5 * S), [11]);
});

test("what was not committed is written again, and what is about no row is not", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  assert.throws(() =>
    past.ledger.write(() => {
      log.write();
      throw new Error("no room");
    })
  );
  assert.deepEqual(pids(past.path), []);
  write(past, log);
  assert.deepEqual(pids(past.path), [10]);
  const other = finding(past, 11);
  put(log, {
    ...other,
    process: Object.assign(Object.create(other.process), { key: 99 }),
  });
  write(past, log);
  assert.deepEqual(pids(past.path), [10]);
});

test("what an earlier run left open is over, and its number is not used again", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  write(past, log);
  const next = new FindingLog(past.db, PAST_BOOT);
  assert.deepEqual(read(past.path).found.map(({ isOver }) => isOver), [true]);
  put(next, finding(past, 11));
  write(past, next);
  assert.deepEqual(pids(past.path), [10, 11]);
});

test("a finding goes with its life", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  for (const pid of [10, 11]) put(log, finding(past, pid));
  write(past, log);
  const remover = new Remover(past.db, past.ledger);
  const id = Number(past.db.prepare("SELECT id FROM life WHERE pid = 10").get()!["id"]);
  past.ledger.write(() => remover.removeLife(remover.life(id)!, true));
  assert.deepEqual(pids(past.path), [11]);
});

test("there is no end of findings of one user, and those of others stay", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  for (let i = 0; i < FINDINGS_MAX + 50; i++) {
    put(log, finding(past, 11, { since: i, isOver: true }));
    if (i % 100 === 0) write(past, log);
  }
  put(log, finding(past, 12));
  write(past, log);
  const left = pids(past.path);
  assert.ok(left.length <= FINDINGS_MAX, String(left.length));
  assert.deepEqual([left[0], left.at(-1)], [10, 12]);
});

test("it is known when somebody looked, and when nobody did", () => {
  using past = paid(LIVES);
  past.end();
  const runs = [[20, true], [30, true], [40, false], [50, true]] as const;
  for (const [since, findings] of runs) {
    new TestRecorder(past.path, { since: since * S, findings }).flush().end();
  }
  const { unwatched } = read(past.path, 2 * S, 60 * S);
  assert.deepEqual(unwatched, [[2 * S, 20 * S], [40 * S, 50 * S]]);
  assert.deepEqual(read(past.path, 21 * S, 39 * S).unwatched, []);
  assert.deepEqual(read(past.path, 41 * S, 42 * S).unwatched, [[41 * S, 42 * S]]);
});

test("an export has the findings of its lives", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10, { since: 2 * S, until: 3 * S }));
  put(log, finding(past, 12, { since: 4 * S, until: 5 * S }));
  write(past, log);
  past.end();
  const file = join(past.folder, "part.db");
  const history = new History(past.path);
  const boot = history.boots[0]!;
  exportHistory(past.path, file, [{ boot, since: 4.5 * S, until: 9 * S }]);
  history.close();
  assert.deepEqual(pids(file), [12]);
});

test("facts that are no facts are told as damage", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  write(past, log);
  for (const facts of ["", "[1]", "7", '{"cpu":{}}', "null", "x"]) {
    past.db.prepare("UPDATE finding SET facts = ?").run(facts);
    assert.throws(() => read(past.path), /finding.facts is no object of numbers and texts/, facts);
  }
});

test("what waits while the disk is full has an end, and counts nothing twice", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  for (let i = 0; i < 2 * WAITING_MAX; i++) {
    put(log, finding(past, 11, { since: i, isOver: i % 2 === 0 }));
  }
  for (let failed = 0; failed < 20; failed++) {
    assert.throws(() =>
      past.ledger.write(() => {
        log.write();
        throw new Error("no room");
      })
    );
  }
  write(past, log);
  const left = pids(past.path);
  assert.equal(left.length, WAITING_MAX);
  assert.equal(left.filter((pid) => pid === 10).length, 1, "the other user's is not dropped");
});

test("a finding that the file has already keeps its row", () => {
  using past = paid(LIVES);
  const log = new FindingLog(past.db, PAST_BOOT);
  put(log, finding(past, 10));
  write(past, log);
  const again = new FindingLog(past.db, PAST_BOOT);
  put(again, finding(past, 11, { key: "core-dump-10", count: 9 }));
  write(past, again);
  assert.deepEqual(read(past.path).found.map(({ count, pid }) => [count, pid]), [[9, 11]]);
});
