import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { accountSources, recordingSources, sumCosts, sumJobs } from "../../src/history/accounts.ts";
import { PastTotals } from "../../src/history/cost_groups.ts";
import { createFilter } from "../../src/ask/filter.ts";
import { parseNameGlob } from "../../src/ask/text/values.ts";
import type { CostQuery, CostTest, KeyTotals } from "../../src/ask/store.ts";
import { exportHistory } from "../../src/history/export.ts";
import { History } from "../../src/history/history.ts";
import type { WriterOptions } from "../../src/history/writer.ts";
import { encodeFigures } from "../../src/model/account.ts";
import { EVENT } from "../../src/model/event.ts";
import { exit, scan, simple } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";
import { addJob, asVersion1, paid, type PaidProcess } from "../support/past_accounts.ts";

const S = 1e9;
const MS = 1e6;
const ALL: CostQuery = {
  by: "command",
  failed: false,
  minDuration: null,
  ofImage: null,
  sought: null,
  below: null,
  living: null,
};

const COST = {
  cpuNs: 5_000_400,
  userUs: 30_000,
  systemUs: 10_000,
  minorFaults: 11,
  majorFaults: 2,
  peakKib: 300,
  readBytes: 4096,
  writeBytes: 512,
  voluntarySwitches: 6,
  involuntarySwitches: 4,
};
const SOME: readonly PaidProcess[] = [
  { pid: 10, born: 2 * S, span: 30 * MS, comm: "cc1", uid: 1000, cost: COST },
  { pid: 11, born: 3 * S, span: 50 * MS, comm: "cc1", uid: 1001, status: 256, cost: COST },
  { pid: 12, born: 4 * S, span: 1000, comm: "cc1", uid: 1000, cgroup: "/b.scope", cost: null },
  { pid: 13, born: 5 * S, span: 2 * S, comm: "sh", uid: 1000, cgroup: "/", status: 9, cost: null },
  { pid: 14, born: 9 * S, span: MS, comm: "ld", cost: { ...COST, peakKib: 200, readBytes: 0 } },
];

function ask<T>(path: string, question: (history: History) => T): T {
  const history = new History(path);
  try {
    return question(history);
  } finally {
    history.close();
  }
}

/** Sums of the only boot, from `since` up to `until`. */
function sums(path: string, query: Partial<CostQuery> = {}, since = 0, until = 1e15) {
  return ask(path, (history) => {
    const boot = history.boots[0]!;
    return new Map(
      sumCosts(history, [{ boot, since, until }], { ...ALL, ...query })
        .map(({ key, totals }: KeyTotals) => [key, totals]),
    );
  });
}

function counts(found: ReadonlyMap<unknown, KeyTotals["totals"]>): Record<string, number> {
  return Object.fromEntries(
    [...found].map(([key, { processes }]) => [String(key), processes] as const).sort(),
  );
}

test("sums by name: counts of all, figures of those that are accounted", () => {
  using past = paid(SOME).end();
  const found = sums(past.path);
  assert.deepEqual(
    found.get("cc1"),
    Object.assign(new PastTotals(), {
      processes: 3,
      failed: 1,
      timed: 3,
      elapsedUs: 80_001,
      accounted: 2,
      // Three quarters of 5 000.4 us, and the rest, rounded for each process.
      userUs: 2 * 3750,
      systemUs: 2 * 1250,
      minorFaults: 22,
      majorFaults: 4,
      peakBytes: 300 << 10,
      readBytes: 8192,
      writeBytes: 1024,
      voluntarySwitches: 12,
      involuntarySwitches: 8,
    }),
  );
  const { processes, failed, accounted, elapsedUs, userUs } = found.get("sh")!;
  assert.deepEqual([processes, failed, accounted, elapsedUs, userUs], [1, 1, 0, 2e6, 0]);
  // What runs has not ended.
  assert.deepEqual(counts(found), { cc1: 3, ld: 1, sh: 1 });
});

test("sums by user and by unit", () => {
  using past = paid(SOME).end();
  assert.deepEqual(counts(sums(past.path, { by: "user" })), { 0: 1, 1000: 3, 1001: 1 });
  const units = sums(past.path, { by: "unit" });
  assert.deepEqual(counts(units), { "a.service": 3, "b.scope": 1, "null": 1 });
  assert.equal(units.get("a.service")!.userUs, 3 * 3750);
});

test("a stretch has what ended from its begin up to its end", () => {
  using past = paid(SOME).end();
  const end = 3 * S + 50 * MS;
  assert.deepEqual(counts(sums(past.path, {}, end)), { cc1: 2, ld: 1, sh: 1 });
  assert.deepEqual(counts(sums(past.path, {}, end + 1, 7 * S)), { cc1: 1 });
  assert.deepEqual(counts(sums(past.path, {}, 0, end)), { cc1: 1 });
  assert.deepEqual(counts(sums(past.path, {}, 10 * S)), {});
});

test("only failures, and only what a test takes", () => {
  using past = paid(SOME).end();
  assert.deepEqual(counts(sums(past.path, { failed: true })), { cc1: 1, sh: 1 });
  const ofImage: CostQuery["ofImage"] = ({ image, uid }) => image.comm === "cc1" && uid === 1000;
  assert.deepEqual(counts(sums(past.path, { ofImage })), { cc1: 2 });
  assert.deepEqual(counts(sums(past.path, { ofImage, failed: true })), {});
});

test("images that differ in other things are one group", () => {
  const many = Array.from({ length: 500 }, (_, i): PaidProcess => {
    return {
      pid: 100 + i,
      born: (2 + i) * S,
      span: MS,
      comm: "x",
      cost: { cpuNs: 1000, peakKib: i },
    };
  });
  using past = paid(many).end();
  const { processes, userUs, peakBytes } = sums(past.path).get("x")!;
  assert.deepEqual([processes, userUs, peakBytes], [500, 500, 499 << 10]);
});

test("of what ended unseen neither time nor status counts, nor a time without its start", () => {
  using past = paid(SOME);
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  const lost = { pid: 20, ppid: 1, start: 11 * S, argv: ["/bin/lost"] };
  past.tell(...scan(11 * S, 11 * S, [init, lost]));
  // Its exit is the first that is seen of it.
  past.tell(exit(12 * S, 30, 256)).end();
  const again = new TestRecorder(past.path, { since: 20 * S });
  again.tell(...scan(20 * S, 21 * S, [init])).end();
  const found = sums(past.path);
  const facts = (key: string | null) => {
    const { processes, failed, unseen, timed, elapsedUs } = found.get(key)!;
    return { processes, failed, unseen, timed, elapsedUs };
  };
  const nothing = { failed: 0, unseen: 1, timed: 0, elapsedUs: 0 };
  assert.deepEqual(facts("lost"), { processes: 1, ...nothing });
  assert.deepEqual(facts(null), {
    processes: 1,
    failed: 1,
    unseen: 0,
    timed: 0,
    elapsedUs: 0,
  });
});

test("a file of version 1 counts, and knows of no accounts and no jobs", () => {
  using past = paid(SOME).end();
  const path = asVersion1(past);
  const { processes, failed, elapsedUs, accounted, userUs } = sums(path).get("cc1")!;
  assert.deepEqual([processes, failed, elapsedUs, accounted, userUs], [3, 1, 80_001, 0, 0]);
  ask(path, (history) => {
    const boot = history.boots[0]!;
    const span = { boot, since: 0, until: 1e15 };
    assert.deepEqual(sumJobs(history, [span], null), []);
    assert.deepEqual(recordingSources(history, [span]), ["connector"]);
    assert.deepEqual(accountSources(history, [span]), ["unknown"]);
  });
});

test("an account that comes when the process is in the file already is counted", () => {
  using past = paid([{ ...SOME[0]!, cost: null }]);
  assert.equal(sums(past.path).get("cc1")!.accounted, 0);
  const { pid, born } = SOME[0]!;
  const account = simple(EVENT.account, born + S, pid, 1);
  account.text = encodeFigures(COST);
  past.tell(account);
  past.writer.noteAccount([...past.machine.processes()].find((one) => one.pid === pid)!);
  past.end();
  const { processes, accounted, userUs } = sums(past.path).get("cc1")!;
  assert.deepEqual([processes, accounted, userUs], [1, 1, 3750]);
});

test("jobs: all that were open within a stretch, with their whole account", () => {
  using past = paid(SOME);
  const common = { owner: 1000, since: 2 * S, started: 4 };
  addJob(past, { ...common, id: 1, name: "early", until: 3 * S }, [["cc1", 1000, 1, 1, 1, 40]]);
  addJob(past, { ...common, id: 2, name: "open", until: null }, [
    ["cc1", 1000, 2, 1, 1, 30],
    ["sh", -1, 1, 0, 0, 0],
  ]);
  past.end();
  const within = (since: number, until: number, test: CostTest | null = null) =>
    ask(past.path, (history) => {
      return sumJobs(history, [{ boot: history.boots[0]!, since, until }], test)
        .map(({ job, totals }) => [job.name, totals.processes, totals.userUs]);
    });
  assert.deepEqual(within(0, 1e15), [["open", 3, 30], ["early", 1, 40]]);
  assert.deepEqual(within(0, 2 * S), []);
  assert.deepEqual(within(3 * S, 4 * S), [["open", 3, 30], ["early", 1, 40]]);
  assert.deepEqual(within(3 * S + 1000, 4 * S), [["open", 3, 30]]);
  assert.deepEqual(within(0, 1e15, (comm) => comm === "sh"), [["open", 1, 0]]);
  assert.deepEqual(within(0, 1e15, (_, uid) => uid === null), [["open", 1, 0]]);
  ask(past.path, (history) => {
    const span = { boot: history.boots[0]!, since: 4 * S, until: 5 * S };
    const { totals } = sumJobs(history, [span], null)[0]!;
    const { failed, accounted, elapsedUs, systemUs, peakBytes, voluntarySwitches } = totals;
    assert.deepEqual([failed, accounted, elapsedUs, systemUs], [1, 1, 5000, 1000]);
    assert.deepEqual([peakBytes, voluntarySwitches], [65_536, 10]);
  });
});

test("accounts come from where the run says, whatever its source", () => {
  using past = paid(SOME).end();
  const add = (since: number, facts: Partial<WriterOptions>) => {
    new TestRecorder(past.path, { since, ...facts }).tell(...scan(since, since + S, [])).end();
  };
  add(60 * S, { source: "connector", accounts: "zombie" });
  add(80 * S, { source: "poll", accounts: null });
  const db = new DatabaseSync(past.path);
  const found = (since = 0, until = 1e15) =>
    ask(past.path, (history) => {
      return accountSources(history, [{ boot: history.boots[0]!, since, until }]);
    });
  assert.deepEqual(found(), ["taskstats", "zombie"]);
  assert.deepEqual(found(0, 50 * S), ["taskstats"]);
  assert.deepEqual(found(60.5 * S, 70 * S), ["zombie"]);
  assert.deepEqual(found(80.5 * S, 90 * S), []);
  const part = join(past.folder, "part.db");
  ask(past.path, (history) => exportHistory(past.path, part, history.bounds.spans(0, 1e15)));
  ask(
    part,
    (history) => assert.deepEqual(accountSources(history, history.bounds.spans(0, 1e15)), found()),
  );
  // What is asked of lies after the last that was written: the last recorder is at work on it.
  assert.deepEqual(found(200 * S), []);
  // Runs of before that was noted.
  db.exec("UPDATE run SET accounts = NULL");
  db.close();
  assert.deepEqual(found(), ["unknown", "zombie"]);
  assert.deepEqual(found(200 * S), ["zombie"]);
});

test("sources are those that recorded within a stretch", () => {
  using past = paid(SOME).end();
  const poll = { since: 60 * S, source: "poll", bootId: "7c0a51fe-2222-4222-8333-444444444444" };
  new TestRecorder(past.path, poll).tell(...scan(61 * S, 61 * S, [])).end();
  ask(past.path, (history) => {
    const spans = history.bounds.spans(0, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(recordingSources(history, spans), ["connector", "poll"]);
    assert.deepEqual(recordingSources(history, spans.slice(1)), ["poll"]);
    const names = sumCosts(history, spans, ALL).map(({ key }) => key);
    // With the boot has ended what ran then.
    assert.deepEqual(names.sort(), ["cc1", "init", "ld", "sh"]);
  });
});

test("sums of what is looked for among texts are those of all that is looked at", async () => {
  const processes = Array.from({ length: 60 }, (_, i): PaidProcess => ({
    pid: 100 + i,
    born: (2 + i) * S,
    span: (i % 7) * 1e8 + 1e6,
    comm: ["cc1", "ld", "make"][i % 3]!,
    uid: i % 2 * 1000,
    status: i % 5 === 0 ? 256 : 0,
    cost: i % 4 === 0 ? null : { userUs: i, minorFaults: 3, peakKib: i },
  }));
  using past = paid(processes).end();
  const store = storeOf(new History(past.path));
  try {
    const [whole] = store.bounds.all();
    const half = { ...whole!, until: whole!.until - 20 * S };
    for (
      const options of [{ match: [/some 11/] }, { match: [/some/] }, {
        comm: [parseNameGlob("ld")],
      }]
    ) {
      const { ofImage, sought } = createFilter(options, { uid: () => null });
      assert.ok(sought !== null);
      for (const failed of [false, true]) {
        for (const minDuration of [null, 3e8]) {
          for (const spans of [[whole!], [half]]) {
            const query = { ...ALL, ofImage, failed, minDuration };
            const byKey = (totals: readonly KeyTotals[]) =>
              Object.fromEntries(totals.map(({ key, totals }) => [String(key), totals]));
            const few = byKey(await store.costs(spans, { ...query, sought }));
            assert.deepEqual(few, byKey(await store.costs(spans, query)));
          }
        }
      }
    }
  } finally {
    store.close();
  }
});
