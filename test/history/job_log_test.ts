import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { sumJobsSteps } from "../../src/history/accounts.ts";
import { exportHistory } from "../../src/history/export.ts";
import { openForRecording } from "../../src/history/file.ts";
import { History } from "../../src/history/history.ts";
import { TotalsReader } from "../../src/history/job_log.ts";
import type { PastJob } from "../../src/ask/store.ts";
import { jobSteps, readJobs, readMembers } from "../../src/history/past_jobs.ts";
import { Retention } from "../../src/history/retention.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/history/schema.ts";
import { account, exec, exit, fork, type Found, gap, scan } from "../support/events.ts";
import { JobRecorder } from "../support/job_recorder.ts";
import { PAST_BOOT, PAST_EPOCH } from "../support/past.ts";

const S = 1e9;
const MS = 1e6;
const SHELL: Found = { pid: 100, ppid: 1, start: 5e8, argv: ["/bin/sh"] };
const OTHER_BOOT = "8d0a51fe-1111-4222-8333-444444444444";

function begun(): JobRecorder {
  return new JobRecorder().tell(...scan(S, S, [SHELL]));
}

/** What a file has, once it is closed or while it is written. */
function ask<T>(path: string, question: (history: History) => T): T {
  const history = new History(path);
  try {
    return question(history);
  } finally {
    history.close();
  }
}

const jobsIn = (path: string) => ask(path, (history) => readJobs(history));
const pidsIn = (path: string, job: number) =>
  ask(path, (history) => readMembers(history, job, 0, 1000).map(({ life: { pid } }) => pid));

function sumsOf({ totals }: PastJob): unknown[] {
  return totals.map(({ comm, processes, failed, accounted, account: { userNs } }) => {
    return [comm, processes, failed, accounted, userNs];
  });
}

test("a job, its members and its sums are in the file", () => {
  using past = begun();
  past.job("build", 100);
  past.tell(
    fork(2 * S, 200, 100),
    exec(2 * S, 200, "/bin/cc"),
    exit(3 * S, 200, 0x100),
    account(3 * S, 200, { cpuNs: 5 * MS, peakKib: 12, readBytes: 2 ** 40 }),
    gap(3 * S, 4),
  ).flush();
  const [job] = jobsIn(past.path);
  assert.ok(job);
  assert.deepEqual([job.name, job.owner, job.since, job.until], ["build", 0, S, null]);
  assert.deepEqual([job.started, job.living, job.lost], [2, 1, 4]);
  assert.deepEqual(job.last, { pid: 200, status: 0x100 });
  assert.deepEqual(sumsOf(job), [["cc", 1, 1, 1, 5 * MS]]);
  const [{ account: sum }] = job.totals as [PastJob["totals"][number]];
  assert.deepEqual([sum.peakBytes, sum.readBytes], [12 * 1024, 2 ** 40]);
  ask(past.path, (history) => {
    const members = readMembers(history, job.id, 0, 10);
    assert.deepEqual(members.map(({ life, since, until }) => [life.pid, since, until]), [
      [100, S, null],
      [200, null, null],
    ]);
    assert.equal(readMembers(history, job.id, members[0]!.life.key, 10).length, 1);
  });
  past.tell(exit(4 * S, 100, 0)).end();
  assert.deepEqual(jobsIn(past.path).map(({ until, living }) => [until, living]), [[4 * S, 0]]);
});

test("who leaves a job is a member up to then", () => {
  using past = begun();
  const job = past.job("build", 100);
  past.tell(fork(2 * S, 200, 100)).flush();
  past.jobs.remove(job, past.machine.get(200)!, 3 * S);
  past.end();
  const found = ask(past.path, (history) => {
    return readMembers(history, job.id, 0, 10).map(({ life, until }) => [life.pid, until]);
  });
  assert.deepEqual(found, [[100, null], [200, 3 * S]]);
  assert.equal(jobsIn(past.path)[0]!.living, 1);
});

test("what a process has cost stands in its row, also when that comes late", () => {
  using past = begun();
  past.tell(fork(2 * S, 200, 100), exit(3 * S, 200, 0)).flush();
  const costs = () =>
    ask(past.path, ({ db }) =>
      db.prepare(
        `SELECT user_us, system_us, faults & 4294967295 AS minflt, faults >> 32 AS majflt,
          peak_kib, read_bytes, write_bytes, vcsw, icsw
        FROM life WHERE pid = 200`,
      ).all().map((row) => Object.values(row)));
  assert.deepEqual(costs(), [new Array(9).fill(null)]);
  past.tell(account(3 * S, 200, {
    cpuNs: 4 * MS,
    userUs: 3,
    systemUs: 1,
    minorFaults: 5,
    majorFaults: 6,
    peakKib: 7,
    readBytes: 8,
    writeBytes: 9,
    voluntarySwitches: 10,
    involuntarySwitches: 11,
  })).end();
  assert.deepEqual(costs(), [[3000, 1000, 5, 6, 7, 8, 9, 10, 11]]);
});

test("more faults than fit into a number are exact", () => {
  using past = begun();
  const faults = { minorFaults: 2 ** 32 - 1, majorFaults: 2 ** 21 + 3 };
  past.tell(fork(2 * S, 200, 100), exit(3 * S, 200, 0), account(3 * S, 200, faults)).end();
  ask(past.path, (history) => {
    const cost = history.accountOf(history.byPid(200)[0]!)!;
    assert.deepEqual([cost.minorFaults, cost.majorFaults], [2 ** 32 - 1, 2 ** 21 + 3]);
  });
});

test("jobs, members and sums go on after a restart on the same boot, killed or not", () => {
  for (const way of ["end", "kill"] as const) {
    using past = begun();
    past.job("build", 100);
    past.job("empty");
    past.tell(
      fork(2 * S, 200, 100),
      fork(2 * S, 300, 100),
      exit(3 * S, 300, 0),
      account(3 * S, 300, { cpuNs: MS }),
    ).flush()[way]();
    const next = new JobRecorder(past.folder, PAST_BOOT, 5 * S);
    next.tell(...scan(5 * S, 5 * S, [SHELL, { ...SHELL, pid: 400, ppid: 100, start: 4 * S }]));
    assert.deepEqual([...next.jobs.open].map(({ name }) => name), ["build", "empty"]);
    const job = next.jobs.find("build", 0)!;
    assert.deepEqual([...job.living].map(({ pid }) => pid), [100, 400]);
    assert.equal(next.jobs.create({ name: "next", owner: 0, since: 5 * S }).id, 3);
    next.tell(exit(6 * S, 400, 0), account(6 * S, 400, { cpuNs: MS }), exit(7 * S, 100, 0)).end();
    const past2 = jobsIn(past.path).find(({ name }) => name === "build")!;
    assert.deepEqual([past2.started, past2.until], [4, 7 * S]);
    // 200 ended while nobody recorded, 100 has no account.
    assert.deepEqual(sumsOf(past2), [["sh", 4, 0, 2, 2 * MS]]);
    assert.deepEqual(pidsIn(past.path, past2.id), [100, 200, 300, 400]);
  }
});

test("jobs of another boot have ended with it", () => {
  using past = begun();
  past.job("build", 100);
  past.tell(fork(2 * S, 200, 100)).end();
  const next = new JobRecorder(past.folder, OTHER_BOOT);
  next.tell(...scan(S, S, [SHELL]));
  assert.deepEqual([...next.jobs.open], []);
  next.end();
  const [job] = jobsIn(past.path);
  assert.deepEqual([job?.living, job!.until! >= 2 * S], [0, true]);
});

test("rules are kept, and removed", () => {
  using past = begun();
  const [a, b] = ["a", "b"].map((job) => {
    return past.log.addRule({ job, owner: 7, filter: '{"exe":"cc"}', created: 5 });
  });
  past.log.removeRule(a!.id);
  past.end();
  const next = new JobRecorder(past.folder, PAST_BOOT, 3 * S);
  assert.deepEqual([...next.log.rules], [b]);
  assert.equal(next.log.addRule({ job: "c", owner: 7, filter: "{}", created: 5 }).id, 3);
  next.end();
});

test("open jobs and rules go on in another file, with what they know", () => {
  using past = begun();
  const job = past.job("build", 100);
  past.log.addRule({ job: "a", owner: 7, filter: "{}", created: 5 });
  past.tell(fork(2 * S, 200, 100), exit(3 * S, 200, 0)).flush();
  past.job("ended");
  past.jobs.end(past.jobs.find("ended", 0)!, 3 * S);
  const other = join(past.folder, "other.db");
  past.move(other);
  past.tell(fork(4 * S, 300, 100), exit(5 * S, 300, 0), account(5 * S, 300, { cpuNs: MS })).end();
  const [moved, ...others] = jobsIn(other);
  assert.deepEqual([others, moved?.name, moved?.since], [[], "build", job.since]);
  assert.deepEqual([moved?.started, sumsOf(moved!)], [3, [["sh", 2, 0, 1, MS]]]);
  assert.deepEqual(pidsIn(other, moved!.id), [100, 300]);
  assert.equal(jobsIn(past.path).length, 2);
  const rules = ask(other, ({ db }) => db.prepare("SELECT id, job FROM job_rule").all());
  assert.deepEqual(rules.map((row) => ({ ...row })), [{ id: 1, job: "a" }]);
});

test("the same file opened again has the job once", () => {
  using past = begun();
  const job = past.job("build", 100);
  past.tell(fork(2 * S, 200, 100)).flush();
  past.move(past.path);
  past.tell(fork(3 * S, 300, 100)).end();
  const jobs = jobsIn(past.path);
  assert.deepEqual(jobs.map(({ id, started }) => [id, started]), [[job.id, 3]]);
  const joined = ask(past.path, (history) => {
    return readMembers(history, job.id, 0, 10).map(({ life, since }) => [life.pid, since]);
  });
  assert.deepEqual(joined, [[100, S], [200, null], [300, null]]);
});

test("what a failed write did not keep is written with the next", () => {
  using past = begun();
  const job = past.job("build", 100);
  past.flush();
  past.tell(fork(2 * S, 200, 100), exit(3 * S, 200, 0), account(3 * S, 200, { cpuNs: MS }));
  past.db.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON main.job_total
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`);
  assert.throws(() => past.flush(), /full/);
  past.db.exec("DROP TRIGGER temp.full");
  past.end();
  const [found] = jobsIn(past.path);
  assert.deepEqual([found?.id, found?.started], [job.id, 2]);
  assert.deepEqual(sumsOf(found!), [["sh", 1, 0, 1, MS]]);
  assert.deepEqual(pidsIn(past.path, job.id), [100, 200]);
});

test("old jobs are forgotten with their time, and members with their lives", () => {
  using past = begun();
  past.job("old", 100);
  past.tell(fork(2 * S, 200, 100), exit(3 * S, 200, 0), exit(3 * S, 100, 0));
  past.tell(fork(3 * S, 400, 1));
  past.job("open", 400);
  past.tell(fork(4 * S, 500, 400), exit(5 * S, 500, 0)).flush();
  const nowMs = PAST_EPOCH.seconds * 1000 + 8000;
  new Retention(past.db, { keepMs: 1000, maxBytes: 1e9 }, past.ledger, () => {}).work(nowMs);
  past.flush();
  const [job, ...others] = jobsIn(past.path);
  assert.deepEqual([job?.name, others.length], ["open", 0]);
  assert.deepEqual(pidsIn(past.path, job!.id), [400]);
  // The sums stay.
  assert.deepEqual([job!.started, sumsOf(job!)], [2, [["?", 1, 0, 0, 0]]]);
  past.end();
});

test("an export takes the jobs of its time along", () => {
  using past = begun();
  past.job("old", 100);
  past.tell(exit(2 * S, 100, 0), fork(5 * S, 400, 1));
  past.job("new", 400);
  past.tell(fork(6 * S, 500, 400), exit(7 * S, 500, 0)).end();
  const to = join(past.folder, "part.db");
  const spans = ask(
    past.path,
    ({ boots: [boot] }) => [{ boot: boot!, since: 4 * S, until: 8 * S }],
  );
  exportHistory(past.path, to, spans);
  const [job, ...others] = jobsIn(to);
  assert.deepEqual([job?.name, others.length, sumsOf(job!).length], ["new", 0, 1]);
  assert.deepEqual(pidsIn(to, job!.id), [400, 500]);
});

test("a file of version 1 is exported as one, and knows neither jobs nor costs", () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-old-"));
  const path = join(folder, "old.db");
  const old = new DatabaseSync(path);
  old.exec(`${MIGRATIONS[0]}
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;
    INSERT INTO boot VALUES (1, '${PAST_BOOT}'); INSERT INTO clock VALUES (1, 0, 0);
    INSERT INTO run VALUES (1, 1, 99, 0, 0, 9000, 9000, 'connector', 'a test', '0', 1, 0);
    INSERT INTO image VALUES (1, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1);
    INSERT INTO life VALUES (1, 1, 100, 10, 20, NULL, 1, NULL, 0, 1, -1, 0)`);
  old.close();
  const to = join(folder, "part.db");
  const spans = ask(path, ({ boots: [boot] }) => [{ boot: boot!, since: 0, until: 9000 }]);
  assert.equal(exportHistory(path, to, spans), 1);
  ask(to, (history) => {
    const [life] = history.byPid(100);
    assert.deepEqual([life?.end, history.accountOf(life!), readJobs(history)], [30, null, []]);
  });
  // A recorder brings it up to date.
  openForRecording(path).close();
  ask(path, (history) => assert.equal(history.hasJobs, true));
  rmSync(folder, { recursive: true });
});

/** Adds jobs that have ended, of one owner. */
function addJobs(path: string, count: number, owner: number, name: string): void {
  using db = new DatabaseSync(path);
  db.exec(`
    INSERT INTO job (name, owner, boot, since, until, started, lost)
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      SELECT '${name}', ${owner}, (SELECT min(id) FROM boot), 2e9 + i, 3000000000, 1, 0 FROM n;
    INSERT OR IGNORE INTO job_total SELECT id, 'cc', ${owner}, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      FROM job WHERE owner = ${owner}`);
}

test("jobs are read by a few statements, and of others nothing where one's own are wanted", () => {
  using past = begun();
  past.end();
  addJobs(past.path, 3, 1000, "ann");
  addJobs(past.path, 3000, 1001, "bob");
  ask(past.path, (history) => {
    const { prepare } = history.db;
    const { addTo } = TotalsReader.prototype;
    let [prepared, summed] = [0, 0];
    history.db.prepare = (sql) => {
      prepared++;
      return prepare.call(history.db, sql);
    };
    TotalsReader.prototype.addTo = function (job) {
      summed++;
      addTo.call(this, job);
    };
    try {
      assert.equal(readJobs(history).length, 3003);
      assert.ok(prepared <= 3, `${prepared} prepared`);
      summed = 0;
      assert.deepEqual(readJobs(history, { owner: 1000 }).map(({ id }) => id), [3, 2, 1]);
      assert.equal(summed, 3);
      // The first is there without the rest.
      summed = 0;
      for (const job of jobSteps(history, { name: "bob" })) if (job?.id === 3003) break;
      assert.equal(summed, 1);
      const span = { boot: history.boots[0]!, since: 0, until: 1e12 };
      const steps = sumJobsSteps(history, [span], null);
      let [step, pauses] = [steps.next(), 0];
      for (; step.done !== true; step = steps.next()) pauses++;
      const sums = step.value.length;
      assert.ok(pauses >= 30 && sums === 3003, `${pauses} pauses, ${sums} sums`);
    } finally {
      TotalsReader.prototype.addTo = addTo;
    }
  });
});
