import assert from "node:assert/strict";
import { test } from "node:test";
import { noJob } from "../../src/ask/job_name.ts";
import { JobAnswers } from "../../src/ask/jobs.ts";
import { History } from "../../src/history/history.ts";
import { EVENT, type SourceEvent } from "../../src/model/event.ts";
import { Users } from "../../src/proc/passwd.ts";
import { parseRule } from "../../src/serve/filter.ts";
import { JobRequests } from "../../src/serve/job_requests.ts";
import { Refusal } from "../../src/fault.ts";
import type { Done, Fields, Peer } from "../../src/serve/protocol.ts";
import { account, exec, exit, fork, type Found, scan, simple } from "../support/events.ts";
import { JobRecorder } from "../support/job_recorder.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const MS = 1e6;
const SHELL: Found = { pid: 100, ppid: 1, start: 5e8, argv: ["/bin/sh"] };
const ROOT: Peer = { client: 1, pid: 1, uid: 0, privileged: true, startTicks: null };
const ANN: Peer = { client: 2, pid: 2, uid: 1000, privileged: false, startTicks: null };
const BOB: Peer = { client: 3, pid: 3, uid: 1001, privileged: false, startTicks: null };

/** Requests about the jobs of a recorder; pids from 100 on are root's, 1000 Ann's, 2000 Bob's. */
class Asked extends JobRecorder {
  readonly users = new Users(() => "root:x:0:0::/:\nann:x:1000:1000::/:\n", () => 0);
  readonly requests = new JobRequests({
    jobs: this.jobs,
    users: this.users,
    now: () => 9 * S,
    find: (pid) => this.machine.get(pid),
    processes: () => this.machine.processes(),
    wallClock: Date.now,
    exists: () => false,
    rules: () => this.log.rules,
    keepRule: (rule) => {
      const { matches } = parseRule(JSON.parse(rule.filter), this.users);
      const { id, job, owner } = this.log.addRule(rule);
      const all = owner === 0;
      return { id, job, owner, all, skipped: 0, matches };
    },
    dropRule: (id) => this.log.removeRule(id),
    write: () => void this.flush(),
    failing: () => this.writer.failing !== null,
    ask: async (peer, question) => {
      this.flush();
      const store = storeOf(new History(this.path));
      try {
        return await question(new JobAnswers(store, this.users, peer));
      } finally {
        store.close();
      }
    },
  });

  constructor() {
    super();
    this.onEmpty = (job) => this.requests.onEmpty(job);
    this.tell(...scan(S, S, [SHELL, { ...SHELL, pid: 1000 }, { ...SHELL, pid: 2000 }]));
    this.tell(...user(2 * S, 1000, 1000), ...user(2 * S, 2000, 1001));
  }

  /** The answer, or the name of the error. */
  async ask(peer: Peer, op: string, params: Fields = {}): Promise<Fields | string> {
    try {
      return await this.begin(peer, op, params).fields;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      assert.match(error.message, /^[A-Z].*; /, "what failed; what to do");
      return error.error;
    }
  }

  begin(peer: Peer, op: string, params: Fields = {}): Done {
    const operation = this.requests.operations[op];
    assert.ok(operation, op);
    return operation(peer, { op, id: undefined, params });
  }

  /** Names of the jobs that a peer is told of. */
  async names(peer: Peer): Promise<unknown> {
    const { jobs } = await this.ask(peer, "job_list", { all: true }) as Fields;
    return (jobs as Fields[]).map(({ name }) => name);
  }
}

function user(time: number, pid: number, uid: number): SourceEvent[] {
  return [simple(EVENT.uid, time, pid, uid, uid)];
}

test("a user manages jobs of his own processes, root all", async () => {
  using asked = new Asked();
  for (const [peer, name, pid] of [[ROOT, "r", 100], [ANN, "a", 1000], [BOB, "b", 2000]] as const) {
    await asked.ask(peer, "job_create", { name });
    const { added } = await asked.ask(peer, "job_add", { job: name, pids: [pid] }) as Fields;
    assert.equal(added, 1);
  }
  assert.deepEqual(await asked.names(ROOT), ["b", "a", "r"]);
  assert.deepEqual(await asked.names(ANN), ["a"]);
  for (const pid of [100, 2000]) {
    assert.equal(await asked.ask(ANN, "job_add", { job: "a", pids: [pid] }), "EPERM");
  }
  // Whether another has such a job is not told.
  for (const op of ["job_show", "job_members", "job_wait", "job_end", "job_rename"]) {
    for (const job of ["b", "3", "none"]) {
      const params = op === "job_rename" ? { job, name: "c" } : { job };
      assert.equal(await asked.ask(ANN, op, params), "ESRCH", `${op} ${job}`);
    }
  }
  assert.equal(await asked.ask(ANN, "job_add", { job: "b", pids: [1000] }), "ESRCH");
  assert.equal(await asked.ask(ANN, "job_remove", { job: "b", pids: [2000] }), "ESRCH");
  const { added } = await asked.ask(ROOT, "job_add", { job: "1000/a", pids: [2000] }) as Fields;
  assert.equal(added, 1);
  // Ann sees Bob's process in her job, but not what it runs.
  const { members } = await asked.ask(ANN, "job_members", { job: "a" }) as Fields;
  const argvs = (members as Fields[]).map(({ pid, argv }) => [pid, argv]);
  assert.deepEqual(argvs, [[1000, ["/bin/sh"]], [2000, null]]);
  const running = await asked.ask(ANN, "job_members", { job: "a", running: true }) as Fields;
  assert.deepEqual(
    (running["members"] as Fields[]).map(({ pid, argv, start_ticks: start }) => [pid, argv, start]),
    [[1000, ["/bin/sh"], 50], [2000, null, 50]],
  );
});

test("a name alone is one of one's own; root names another's by its owner or number", async () => {
  using asked = new Asked();
  await asked.ask(ROOT, "job_create", { name: "build" });
  await asked.ask(ANN, "job_create", { name: "build" });
  assert.equal(await asked.ask(ANN, "job_create", { name: "build" }), "EEXIST");
  await asked.ask(BOB, "job_create", { name: "build" });
  await asked.ask(BOB, "job_create", { name: "bobs" });
  await asked.ask(ANN, "job_add", { job: "build", pids: [1000] });
  const id = async (peer: Peer, op: string, job: string) => {
    const answer = await asked.ask(peer, op, op === "job_rename" ? { job, name: "x" } : { job });
    return typeof answer === "string" ? answer : answer["job"];
  };
  assert.equal(await id(ROOT, "job_end", "build"), 1);
  // Root's own of that name has ended: what is open is another's, and was not meant.
  for (const op of ["job_end", "job_rename", "job_remove", "job_add"]) {
    const params = { job_end: {}, job_rename: { name: "x" } }[op] ?? { pids: [1000] };
    assert.equal(await asked.ask(ROOT, op, { job: "build", ...params }), "ESRCH", op);
    assert.equal(await asked.ask(ROOT, op, { job: "bobs", ...params }), "ESRCH", op);
  }
  assert.equal(
    await asked.ask(ROOT, "job_members", { job: "build", running: true }),
    "ESRCH",
    "these would be killed",
  );
  for (const op of ["job_show", "job_wait"]) assert.equal(await id(ROOT, op, "build"), 1, op);
  assert.equal(await id(ROOT, "job_show", "bobs"), "ESRCH");
  assert.equal(await id(ROOT, "job_show", "1000/build"), 2);
  assert.equal(await id(ROOT, "job_show", "2"), 2);
  assert.equal(await id(BOB, "job_show", "1000/build"), "ESRCH", "whether it is there is not told");
  assert.equal(await id(BOB, "job_show", `${BOB.uid}/build`), 3);
  assert.equal(await id(ROOT, "job_rename", `${BOB.uid}/bobs`), 4);
  assert.equal(await id(ROOT, "job_end", `${BOB.uid}/build`), 3);
  assert.equal(await id(BOB, "job_end", "build"), "ESRCH");
  assert.equal(await id(BOB, "job_show", "build"), 3);
});

test("who names another's job is told how to", () => {
  const users = new Users(() => "ann:x:1000:1000::/:\n", () => 0);
  const job = { id: 7, name: "build", owner: 1000 };
  const text = (others: typeof job[]) => noJob({ text: "build" }, others, users).message;
  assert.equal(text([]), "No such job: build; fh job list --all shows them");
  const other = { ...job, owner: 1001 };
  const named = "No such job of yours: build; give the number, or ann/build or 1001/build";
  assert.equal(text([job, job, other]), named);
});

test("add and remove take what descends along, unless it is to be only that one", async () => {
  using asked = new Asked();
  asked.tell(fork(3 * S, 101, 100), fork(3 * S, 102, 101), fork(3 * S, 103, 102));
  asked.tell(exit(4 * S, 102, 0));
  await asked.ask(ROOT, "job_create", { name: "j" });
  const run = async (op: string, pids: number[], only = false) => {
    const answer = await asked.ask(ROOT, op, { job: "j", pids, only });
    if (typeof answer === "string") return answer;
    return [answer["added"] ?? answer["removed"], answer["running"]];
  };
  assert.deepEqual(await run("job_add", [101], true), [1, 1]);
  assert.deepEqual(await run("job_add", [100]), [2, 3]);
  assert.deepEqual(await run("job_remove", [100], true), [1, 2]);
  assert.equal(await run("job_remove", [100]), "ESRCH");
  assert.deepEqual(await run("job_remove", [101]), [2, 0]);
  await asked.ask(ROOT, "job_create", { name: "j" });
  // Who asks is not meant, unless he says so.
  asked.tell(fork(5 * S, 104, 100));
  const peer = { ...ROOT, pid: 104, startTicks: 500 };
  const by = async (pids: number[]) => {
    const { added } = await asked.ask(peer, "job_add", { job: "j", pids }) as Fields;
    return added;
  };
  assert.deepEqual([await by([100]), await by([104])], [3, 1]);
  assert.equal(await run("job_add", [102]), "ESRCH");
  assert.equal(await run("job_add", [4_000_000]), "ESRCH");
});

test("wait is answered when the last member ends, and nobody waits for who has gone", async () => {
  using asked = new Asked();
  asked.tell(fork(3 * S, 101, 100));
  await asked.ask(ROOT, "job_create", { name: "j" });
  assert.equal(await asked.ask(ROOT, "job_wait", { job: "j" }), "EINVAL");
  await asked.ask(ROOT, "job_add", { job: "j", pids: [101] });
  assert.equal(asked.requests.operations["job_wait"]!.isSlow, true);
  const { fields } = asked.begin(ROOT, "job_wait", { job: "j" });
  let isGoneAnswered = false;
  const gone = asked.begin({ ...ROOT, client: 9 }, "job_wait", { job: "j" }).fields;
  void Promise.resolve(gone).then(() => isGoneAnswered = true);
  asked.requests.disconnected(9);
  asked.tell(exit(4 * S, 101, 0x700));
  const answer = { job: 1, name: "j", open: false, pid: 101, exit_code: 7, signal: null };
  assert.deepEqual(await fields, answer);
  assert.deepEqual(await asked.ask(ROOT, "job_wait", { job: "j" }), answer);
  assert.equal(isGoneAnswered, false);
});

test("show has the sums of a job, of its commands and its users", async () => {
  using asked = new Asked();
  await asked.ask(ROOT, "job_create", { name: "j" });
  await asked.ask(ROOT, "job_add", { job: "j", pids: [100] });
  asked.tell(
    fork(3 * S, 101, 100),
    exec(3 * S, 101, "/bin/cc"),
    account(4 * S, 101, { cpuNs: 8 * MS, userUs: 3, systemUs: 1, peakKib: 2 }),
    exit(4 * S, 101, 0x100),
    fork(4 * S, 102, 100),
    ...user(4 * S, 102, 1000),
    exit(6 * S, 102, 0),
  );
  const job = await asked.ask(ROOT, "job_show", { job: "j" }) as Fields;
  const { commands, users, ...sums } = job;
  assert.deepEqual(sums, {
    job: 1,
    name: "j",
    uid: 0,
    user: "root",
    started: "2026-11-24T00:00:09.000000000Z",
    ended: null,
    running: 1,
    members: 3,
    lost: 0,
    processes: 2,
    failed: 1,
    accounted: 1,
    elapsed_ns: 3 * S,
    user_ns: 6 * MS,
    system_ns: 2 * MS,
    minor_faults: 0,
    major_faults: 0,
    swaps: 0,
    peak_bytes: 2048,
    read_bytes: 0,
    write_bytes: 0,
    voluntary_switches: 0,
    involuntary_switches: 0,
    accounts: "taskstats",
  });
  const names = (commands as Fields[]).map(({ command, processes, user_ns: ns }) => {
    return [command, processes, ns];
  });
  assert.deepEqual(names, [["cc", 1, 6 * MS], ["sh", 1, null]]);
  assert.deepEqual((users as Fields[]).map(({ user, processes }) => [user, processes]), [
    ["root", 1],
    ["ann", 1],
  ]);
});

test("jobs come two hundred at a time, each once", async () => {
  using asked = new Asked();
  for (let n = 0; n < 450; n++) {
    const name = `j${n}`;
    await asked.ask(n % 3 === 0 ? ANN : BOB, "job_create", { name });
    await asked.ask(n % 3 === 0 ? ANN : BOB, "job_end", { job: name });
  }
  const pagesOf = async (peer: Peer) => {
    const pages: number[][] = [];
    for (let before: unknown = undefined; before !== null;) {
      const params = before === undefined ? { all: true } : { all: true, before };
      const { jobs, next } = await asked.ask(peer, "job_list", params) as Fields;
      pages.push((jobs as { job: number }[]).map(({ job }) => job));
      before = next;
    }
    return pages;
  };
  const all = await pagesOf(ROOT);
  assert.deepEqual(all.map(({ length }) => length), [200, 200, 50]);
  assert.deepEqual(all.flat(), Array.from({ length: 450 }, (_, n) => 450 - n));
  assert.deepEqual((await pagesOf(ANN)).flat(), all.flat().filter((id) => id % 3 === 1));
  for (const params of [{ before: -1 }, { limit: 0 }, { limit: 201 }]) {
    assert.equal(await asked.ask(ROOT, "job_list", params), "EFAULT");
  }
});

test("members come a thousand at a time", async () => {
  using asked = new Asked();
  await asked.ask(ROOT, "job_create", { name: "j" });
  await asked.ask(ROOT, "job_add", { job: "j", pids: [100] });
  for (let n = 0; n < 1500; n++) asked.tell(fork(3 * S + n, 3000 + n, 100));
  const page = async (after: unknown) => {
    const { members, next } = await asked.ask(ROOT, "job_members", { job: "j", after }) as Fields;
    return [(members as Fields[]).length, next] as const;
  };
  const [first, next] = await page(0);
  assert.equal(first, 1000);
  assert.deepEqual(await page(next), [501, null]);
});

test("a rule asks for what it is given, of what its owner may manage", async () => {
  using asked = new Asked();
  asked.tell(exec(3 * S, 1000, "/usr/bin/cc"), exec(3 * S, 2000, "/usr/bin/cc"));
  const add = async (peer: Peer, filter: Fields) => {
    const answer = await asked.ask(peer, "rule_add", { job: "cc", filter });
    return typeof answer === "string" ? answer : answer["added"];
  };
  assert.equal(await add(ANN, { exe: "cc" }), 1);
  assert.equal(await add(ROOT, { exe: "/usr/*/cc", user: "ann" }), 1);
  assert.equal(await add(ROOT, { exe: "c", user: "ann" }), 0);
  assert.equal(await add(ROOT, { match: "cc", unit: "a.service", cgroup: "/test.slice/*" }), 1);
  for (const filter of [{}, { pid: 1 }, { exe: [] }, { match: "(" }, { user: "eve" }, { no: 1 }]) {
    assert.equal(await add(ROOT, filter), "EFAULT", JSON.stringify(filter));
  }
  const ids = async (peer: Peer) => {
    const { rules } = await asked.ask(peer, "rule_list") as Fields;
    return (rules as Fields[]).map(({ rule }) => rule);
  };
  assert.deepEqual([await ids(ROOT), await ids(ANN), await ids(BOB)], [[1, 2, 3, 4], [1], []]);
  const tested = await asked.ask(ANN, "rule_test", { pid: 1000 }) as Fields;
  assert.deepEqual([tested["jobs"], tested["rules"]], [["cc"], [{ rule: 1, job: "cc" }]]);
  assert.equal(await asked.ask(ANN, "rule_test", { pid: 2000 }), "EPERM");
  assert.equal(await asked.ask(ANN, "rule_remove", { rule: 2 }), "ESRCH");
  for (const op of ["job_end", "job_rename"]) {
    assert.equal(
      await asked.ask(ANN, op, { job: "cc", name: "d" }),
      op === "job_end" ? "EFAULT" : "EBUSY",
    );
  }
  assert.equal(await asked.ask(ANN, "job_end", { job: "cc" }), "EBUSY");
  await asked.ask(ANN, "rule_remove", { rule: 1 });
  assert.equal(typeof await asked.ask(ANN, "job_end", { job: "cc" }), "object");
});

test("who is not privileged has a bounded number of jobs and rules", async () => {
  using asked = new Asked();
  const answers = new Set<string>();
  for (let n = 0; n < 65; n++) {
    const answer = await asked.ask(ANN, "rule_add", { job: `j${n}`, filter: { exe: "none" } });
    answers.add(typeof answer === "string" ? answer : "ok");
  }
  assert.deepEqual([...answers], ["ok", "EUSERS"]);
  for (let n = 0; n < 1000; n++) asked.begin(ANN, "job_create", { name: `k${n}` });
  assert.equal(await asked.ask(ANN, "job_create", { name: "last" }), "EUSERS");
  assert.equal(typeof await asked.ask(BOB, "job_create", { name: "first" }), "object");
});

test("while the disk is full no job is made, so that memory is bounded; they may end", async () => {
  using asked = new Asked();
  await asked.ask(ANN, "job_create", { name: "old" });
  asked.db.prepare("PRAGMA max_page_count = 1").get();
  let made = 0;
  for (let n = 0; n < 250; n++) {
    const answer = await asked.ask(ANN, "job_create", { name: `j${n}` });
    if (typeof answer !== "string") made++;
    else assert.equal(answer, "ENOSPC");
    await asked.ask(ANN, "job_end", { job: `j${n}` });
  }
  // There may have been room in the last pages.
  assert.ok(made < 200, `${made} made`);
  for (
    const [op, params] of [
      ["job_add", { job: "old", pids: [1000] }],
      ["job_rename", { job: "old", name: "new" }],
      ["rule_add", { job: "old", filter: { exe: "none" } }],
    ] as const
  ) {
    assert.equal(await asked.ask(ANN, op, params), "ENOSPC", op);
  }
  assert.equal(typeof await asked.ask(ANN, "job_end", { job: "old" }), "object");
  asked.db.prepare(`PRAGMA max_page_count = ${1 << 30}`).get();
  asked.flush();
  assert.equal(typeof await asked.ask(ANN, "job_create", { name: "next" }), "object");
  assert.equal((await asked.names(ANN) as unknown[])[0], "next");
});

test("bad requests are refused", async () => {
  using asked = new Asked();
  await asked.ask(ROOT, "job_create", { name: "j" });
  const cases: [string, Fields, string][] = [
    ["job_create", {}, "EFAULT"],
    ["job_create", { name: "12" }, "EFAULT"],
    ["job_create", { name: "a b" }, "EFAULT"],
    ["job_create", { name: "a\n" }, "EFAULT"],
    ["job_create", { name: "x".repeat(65) }, "EFAULT"],
    ["job_create", { name: "k", more: 1 }, "EFAULT"],
    ["job_add", { job: "j" }, "EFAULT"],
    ["job_add", { job: "j", pids: [] }, "EFAULT"],
    ["job_add", { job: "j", pids: [0] }, "EFAULT"],
    ["job_add", { job: "j", pids: ["1"] }, "EFAULT"],
    ["job_add", { job: "j", pids: new Array(1001).fill(1) }, "EFAULT"],
    ["job_add", { job: "j", pids: [1], only: 1 }, "EFAULT"],
    ["job_add", { job: 7, pids: [100] }, "ESRCH"],
    ["job_show", { job: {} }, "EFAULT"],
    ["job_show", { job: "__proto__" }, "ESRCH"],
    ["job_members", { job: "j", after: -1 }, "EFAULT"],
    ["job_members", { job: "j", limit: 1001 }, "EFAULT"],
    ["job_rename", { job: "j", name: "j" }, "EEXIST"],
    ["rule_add", { job: "a b", filter: { exe: "x" } }, "EFAULT"],
    ["rule_add", { job: "a", filter: [] }, "EFAULT"],
    ["rule_remove", { rule: 1 }, "ESRCH"],
    ["rule_remove", { rule: "1" }, "EFAULT"],
    ["rule_test", { pid: 0 }, "EFAULT"],
  ];
  for (const [op, params, error] of cases) {
    assert.equal(await asked.ask(ROOT, op, params), error, `${op} ${JSON.stringify(params)}`);
  }
});
