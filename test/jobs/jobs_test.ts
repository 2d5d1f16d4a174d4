import assert from "node:assert/strict";
import { test } from "node:test";
import { JOB_LIMITS, Jobs } from "../../src/jobs/jobs.ts";
import { KeptJob } from "../../src/jobs/kept_job.ts";
import { ThreadTime } from "../../src/model/common_shares.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { NO_JOBS, type Process } from "../../src/model/process.ts";
import { TimeShares } from "../../src/model/shares.ts";
import { account, clone, exec, exit, fork, type Found, gap, scan } from "../support/events.ts";

const MS = 1_000_000;
const SHELL: Found = { pid: 10, ppid: 1, start: MS, argv: ["/bin/sh"] };

/** Jobs that are told what a machine is told, and write down what they tell. */
class Told {
  readonly log: string[] = [];
  /** What the thread's clock shows, milliseconds. */
  clockMs = 0;
  readonly jobs = new Jobs({
    onJob: () => {},
    onMember: ({ name }, { pid }, since) => this.log.push(`${pid} in ${name} ${since ?? "born"}`),
    onLeave: ({ name }, { pid }, until) => this.log.push(`${pid} out of ${name} ${until}`),
    onEmpty: ({ name, until }) => this.log.push(`${name} ${until === null ? "empty" : "ended"}`),
  }, new ThreadTime(new TimeShares(0.4, 100), () => this.clockMs));
  readonly machine = new Machine({
    onChange: (change) => {
      this.onChange(change.process);
      this.jobs.note(change);
    },
    onAccount: (process, _figures, last) => {
      if (last) this.jobs.noteAccount(process);
    },
    onScanned: () => this.jobs.scanned(this.machine.processes(), 0),
  });
  /** Called before the jobs are told. */
  onChange: (process: Process | null) => void = () => {};

  tell(...events: readonly SourceEvent[]): this {
    for (const event of events) this.machine.step(event);
    return this;
  }

  get(pid: number): Process {
    const process = this.machine.get(pid);
    assert.ok(process, `no process ${pid}`);
    return process;
  }

  /** A job with some processes in it. */
  job(name: string, ...pids: readonly number[]): KeptJob {
    const job = this.jobs.create({ name, owner: 0, since: 0 });
    for (const pid of pids) this.jobs.add(job, this.get(pid), 5);
    return job;
  }

  namesOf(pid: number): string[] {
    return this.get(pid).jobs.map(({ name }) => name);
  }
}

/** A shell runs, and nothing else. */
function begun(): Told {
  return new Told().tell(...scan(2 * MS, 3 * MS, [SHELL]));
}

const pidsOf = ({ living }: KeptJob) => [...living].map(({ pid }) => pid).sort((a, b) => a - b);

test("children join by birth, whatever becomes of their parents; strangers do not", () => {
  const told = begun();
  const job = told.job("build", 10);
  told.tell(
    fork(4 * MS, 11, 10),
    fork(5 * MS, 12, 11),
    exit(6 * MS, 11, 0),
    fork(7 * MS, 13, 12),
    fork(8 * MS, 20, 1),
  );
  assert.deepEqual(pidsOf(job), [10, 12, 13]);
  assert.equal(job.started, 4);
  assert.deepEqual(told.log, [
    "10 in build 5",
    "11 in build born",
    "12 in build born",
    "13 in build born",
  ]);
  assert.equal(told.get(20).jobs, NO_JOBS);
});

test("processes that share their jobs share the array: a fork makes no object", () => {
  const told = begun();
  told.job("build", 10);
  told.tell(fork(4 * MS, 11, 10), fork(5 * MS, 12, 11));
  assert.equal(told.get(12).jobs, told.get(10).jobs);
});

test("a process may be in several jobs, and its children are in all of them", () => {
  const told = begun();
  const [a, b] = [told.job("a", 10), told.job("b", 10)];
  told.tell(fork(4 * MS, 11, 10));
  assert.equal(told.jobs.add(b, told.get(11), 6), false);
  told.jobs.remove(a, told.get(10), 7);
  told.tell(fork(8 * MS, 12, 10), fork(9 * MS, 13, 11));
  assert.deepEqual([pidsOf(a), pidsOf(b)], [[11, 13], [10, 11, 12, 13]]);
  assert.deepEqual(told.namesOf(12), ["b"]);
  assert.deepEqual(told.namesOf(13), ["a", "b"]);
});

test("a job ends with its last member, and an ended one is joined no more", () => {
  const told = begun();
  const job = told.job("build", 10);
  told.tell(fork(4 * MS, 11, 10), exit(5 * MS, 10, 0));
  assert.equal(job.until, null);
  told.tell(exit(6 * MS, 11, 0x300));
  assert.equal(job.until, 6 * MS);
  assert.deepEqual(job.last, { pid: 11, status: 0x300 });
  assert.equal(told.log.at(-1), "build ended");
  // The fork of a dead parent's child can come late.
  told.tell(fork(6 * MS, 12, 11));
  assert.deepEqual([job.started, told.namesOf(12)], [2, []]);
});

test("an empty job that was just made stays open, one that is ended frees its members", () => {
  const told = begun();
  const empty = told.job("empty");
  const job = told.job("build", 10);
  told.jobs.end(job, 9);
  assert.deepEqual([empty.until, job.until, told.namesOf(10)], [null, 9, []]);
  assert.deepEqual(told.log.slice(-2), ["10 out of build 9", "build ended"]);
  assert.equal(told.jobs.find("build", 0), undefined);
  assert.equal(told.jobs.find("empty", 0), empty);
  assert.equal(told.jobs.find("empty", 7), undefined);
});

test("accounts are counted once, before the exit or after it, of all threads together", () => {
  const told = begun();
  const job = told.job("build", 10);
  told.tell(
    fork(4 * MS, 11, 10),
    exec(5 * MS, 11, "/bin/cc"),
    clone(5 * MS, 11, 12, 11),
    account(6 * MS, 11, { cpuNs: MS, minorFaults: 3 }, false),
    exit(6 * MS, 11, 0, 12),
    account(7 * MS, 11, { cpuNs: 2 * MS, peakKib: 8 }),
    exit(7 * MS, 11, 0),
    fork(8 * MS, 13, 10),
    exec(8 * MS, 13, "/bin/cc"),
    exit(9 * MS, 13, 0x100),
    account(9 * MS, 13, { cpuNs: 4 * MS, peakKib: 4 }),
    fork(9 * MS, 14, 10),
    exit(10 * MS, 14, 0),
  );
  const [cc, sh] = [job.total("cc", 0), job.total("sh", 0)];
  assert.deepEqual([cc.processes, cc.failed, cc.accounted], [2, 1, 2]);
  assert.deepEqual([cc.account.cpuNs, cc.account.minorFaults], [7 * MS, 3]);
  assert.deepEqual([cc.account.peakBytes, cc.elapsedNs], [8192, 4 * MS]);
  // Never as zero: not accounted.
  assert.deepEqual([sh.processes, sh.accounted, sh.elapsedNs], [1, 0, MS]);
});

test("who lives on after what looked like the end is counted once", () => {
  const told = begun();
  const job = told.job("build", 10);
  told.tell(fork(4 * MS, 11, 10), exit(5 * MS, 11, 0x100));
  assert.equal(job.total("sh", 0).processes, 1);
  told.tell(exec(6 * MS, 11, "/bin/cc"));
  assert.deepEqual([pidsOf(job), job.total("sh", 0).processes], [[10, 11], 0]);
  assert.equal(job.total("sh", 0).failed, 0);
  told.tell(exit(7 * MS, 11, 0));
  assert.deepEqual([job.total("cc", 0).processes, job.total("cc", 0).elapsedNs], [1, 3 * MS]);
});

test("an exit that overtakes its fork is that of a member", () => {
  const told = begun();
  const job = told.job("build", 10);
  told.tell(exit(4 * MS, 11, 0x200, 11, 10), fork(4 * MS, 11, 10));
  assert.deepEqual([job.started, pidsOf(job)], [2, [10]]);
  assert.deepEqual(job.last, { pid: 11, status: 0x200 });
});

test("what the source has lost is stated by every open job", () => {
  const told = begun();
  const [job, ended] = [told.job("build", 10), told.job("ended")];
  told.jobs.end(ended, 4);
  told.tell(gap(5 * MS, 7), gap(6 * MS, 2));
  assert.deepEqual([job.lost, ended.lost], [9, 0]);
});

test("a rule takes what execs, and makes its job; others' rules take only what is theirs", () => {
  const told = begun();
  const isCc = ({ image }: Process) => image.comm === "cc";
  told.jobs.setRule({ id: 1, job: "compilers", owner: 0, all: true, skipped: 0, matches: isCc });
  told.jobs.setRule({ id: 2, job: "mine", owner: 1000, all: false, skipped: 0, matches: isCc });
  told.tell(fork(4 * MS, 11, 10), exec(5 * MS, 11, "/bin/cc"), fork(6 * MS, 12, 11));
  told.tell(exec(7 * MS, 12, "/bin/as"));
  assert.deepEqual([told.namesOf(11), told.namesOf(12)], [["compilers"], ["compilers"]]);
  assert.equal(told.jobs.find("mine", 1000), undefined);
  const job = told.jobs.find("compilers", 0)!;
  told.tell(exit(8 * MS, 11, 0), exit(9 * MS, 12, 0));
  // The next one belongs to it too.
  assert.deepEqual([job.until, told.log.at(-1)], [null, "compilers empty"]);
  told.tell(fork(10 * MS, 13, 10), exec(11 * MS, 13, "/bin/cc"));
  assert.deepEqual([job.started, pidsOf(job)], [3, [13]]);
  told.jobs.removeRule(1, 12);
  assert.equal(job.until, null);
  told.tell(exit(13 * MS, 13, 0));
  assert.equal(job.until, 13 * MS);
});

test("a rule that is applied takes what runs, with what descends from it, once", () => {
  const told = begun();
  told.tell(fork(4 * MS, 11, 10), exec(4 * MS, 11, "/bin/cc"), fork(5 * MS, 12, 11));
  told.tell(exec(6 * MS, 12, "/bin/as"), fork(6 * MS, 13, 10));
  const rule = {
    id: 1,
    job: "compilers",
    owner: 0,
    all: true,
    skipped: 0,
    matches: ({ image }: Process) => image.comm === "cc",
  };
  told.jobs.setRule(rule);
  assert.equal(told.jobs.apply(rule, () => told.machine.processes(), 7), 2);
  assert.equal(told.jobs.apply(rule, () => told.machine.processes(), 8), 0);
  assert.deepEqual(pidsOf(told.jobs.find("compilers", 0)!), [11, 12]);
  told.jobs.removeRule(1, 9);
  assert.equal(told.jobs.rules.size, 0);
});

/** Jobs that go on from an earlier run in which the process with row 1 was in a job. */
function again(found: readonly Found[]): { told: Told; job: KeptJob } {
  const told = new Told();
  const rows: Readonly<Record<number, number>> = { 10: 1, 11: 2 };
  let last = 2;
  told.onChange = (process) => {
    if (process !== null && process.key === 0) process.key = rows[process.pid] ?? ++last;
  };
  const job = new KeptJob({ id: 4, name: "build", owner: 0, since: 0 });
  job.started = 3;
  job.last = { pid: 7, status: 0 };
  told.jobs.reserve(4, 2);
  told.jobs.restore(job, new Map([[1, { comm: "sh", uid: 0 }], [7, { comm: "cc", uid: 0 }]]));
  told.tell(...scan(20 * MS, 21 * MS, found));
  return { told, job };
}

test("memberships go on after a restart, with children that were born in between", () => {
  const child = (pid: number, ppid: number): Found => ({
    pid,
    ppid,
    start: 15 * MS,
    argv: ["/bin/cc"],
  });
  // 11 had been taken out of the job; 9 is listed before its parent.
  const { told, job } = again([child(9, 12), SHELL, child(11, 10), child(12, 10)]);
  assert.deepEqual(pidsOf(job), [9, 10, 12]);
  assert.deepEqual(told.namesOf(11), []);
  assert.equal(job.started, 5);
  // The one that nobody saw again has ended, how is not known.
  const cc = job.total("cc", 0);
  assert.deepEqual([cc.processes, cc.accounted, job.until, job.last], [1, 0, null, null]);
  assert.equal(told.jobs.create({ name: "next", owner: 0, since: 1 }).id, 5);
});

test("a job whose members have all ended in between ends with the scan", () => {
  const { job } = again([{ pid: 30, ppid: 1, start: MS, argv: ["/bin/sh"] }]);
  assert.deepEqual([job.until, job.living.size], [0, 0]);
  assert.equal(job.total("sh", 0).processes, 1);
});

test("names that are made up without end share a sum", () => {
  const told = begun();
  const job = told.job("build", 10);
  for (let n = 0; n < 2000; n++) {
    const [time, pid] = [(n + 4) * MS, 100 + n];
    told.tell(fork(time, pid, 10), exec(time, pid, `/bin/name${n}`), exit(time, pid, 0));
  }
  assert.equal([...job.totals].length, 1001);
  const counts = ["name999", "name1000"].map((name) => job.total(name, 0).processes);
  assert.deepEqual(counts, [1, 1000]);
});

test("a hundred thousand members come and go", () => {
  const told = begun();
  const job = told.job("build", 10);
  for (let n = 0; n < 100_000; n++) {
    const [time, pid] = [(n + 4) * MS, 100 + n % 30_000];
    told.tell(fork(time, pid, 10), account(time, pid, { cpuNs: 1000 }), exit(time, pid, 0));
  }
  const total = job.total("sh", 0);
  assert.deepEqual([job.started, pidsOf(job)], [100_001, [10]]);
  assert.deepEqual([total.processes, total.accounted], [100_000, 100_000]);
  assert.equal(total.account.cpuNs, 1e8);
});

test("costly rules take their user's share of the time, and what is beyond is counted", () => {
  const told = begun();
  const rule = (id: number, owner: number, ms: number) => {
    const matches = () => {
      told.clockMs += ms;
      return true;
    };
    const made = { id, job: `j${id}`, owner, all: owner === 0, skipped: 0, matches };
    told.jobs.setRule(made);
    return made;
  };
  const [slow, more, roots] = [rule(1, 1000, 70), rule(2, 1000, 70), rule(3, 0, 1)] as const;
  told.get(10).uid = 1000;
  for (let i = 0; i < 10; i++) told.tell(exec((5 + i) * MS, 10, `/bin/x${i}`));
  assert.ok(told.clockMs < 250, `${told.clockMs} ms for ten execs`);
  assert.ok(slow.skipped > 5 && more.skipped > 5);
  assert.ok(roots.skipped > 0, "root's rules cost time for a user's processes, too");
  // Others have their own.
  told.get(10).uid = 1001;
  const before = roots.skipped;
  told.tell(exec(20 * MS, 10, "/bin/y"));
  assert.equal(roots.skipped, before);
  // After a rest there is time again.
  told.get(10).uid = 1000;
  told.clockMs += 10_000;
  const skipped = slow.skipped;
  told.tell(exec(30 * MS, 10, "/bin/z"));
  assert.equal(slow.skipped, skipped);
});

test("a rule that is applied to all that runs does not take longer than its user's share", () => {
  const told = begun();
  for (let pid = 100; pid < 200; pid++) told.tell(fork(4 * MS, pid, 10));
  for (let pid = 100; pid < 200; pid++) told.get(pid).uid = 1000;
  const matches = () => {
    told.clockMs += 20;
    return true;
  };
  const rule = { id: 1, job: "j", owner: 1000, all: false, skipped: 0, matches };
  told.jobs.setRule(rule);
  const added = told.jobs.apply(rule, () => told.machine.processes(), 5 * MS);
  assert.ok(told.clockMs <= 200, `${told.clockMs} ms`);
  assert.ok(added > 0 && rule.skipped > 80, `${added} added, ${rule.skipped} skipped`);
});

test("a process is in so many jobs of one owner at most: each fork counts in all of them", () => {
  const told = begun();
  const most = JOB_LIMITS.ofProcess;
  for (let n = 0; n < most + 4; n++) {
    const rule = { id: n + 1, job: `j${n}`, owner: 0, all: true, skipped: 0, matches: () => true };
    told.jobs.setRule(rule);
  }
  told.tell(fork(4 * MS, 11, 10), exec(4 * MS, 11, "/bin/x"), fork(5 * MS, 12, 11));
  assert.deepEqual([told.get(11).jobs.length, told.get(12).jobs.length], [most, most]);
  const skipped = [...told.jobs.rules.values()].map((rule) => rule.skipped);
  assert.deepEqual(skipped, [...new Array(most).fill(0), 1, 1, 1, 1]);
  assert.equal(told.jobs.mayJoin(told.get(11), 0), false);
  assert.equal(told.jobs.mayJoin(told.get(11), 1000), true, "others have their own");
});

test("open jobs and their sums are shared out among owners", () => {
  const told = begun();
  let count = 0;
  for (; told.jobs.hasRoom(1000); count++) {
    told.jobs.create({ name: `j${count}`, owner: 1000, since: 0 });
  }
  assert.equal(count, JOB_LIMITS.open.most);
  assert.ok(told.jobs.hasRoom(1001) && told.jobs.hasRoom(0));
  const ended = told.jobs.find("j0", 1000)!;
  told.jobs.end(ended, 1);
  assert.ok(told.jobs.hasRoom(1000));
  for (const job of told.jobs.open) {
    for (let n = 0; n < 100; n++) job.total(`name${n}`, 1000);
  }
  const sums = [...told.jobs.open].reduce((sum, job) => sum + [...job.totals].length, 0);
  // All that is beyond is one sum for each job.
  assert.ok(sums <= JOB_LIMITS.sums.most + 2 * count, `${sums} sums`);
});
