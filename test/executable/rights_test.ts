/**
 * Who may what over the socket (docs/protocol.md), by what each user is shown: a process of root,
 * and one of each of two users below it, have a mark in their command lines.
 */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { runProgram } from "../support/executable.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running } from "../support/running.ts";
import { ask, ServerFolder } from "../support/server.ts";
import { unless } from "../support/unless.ts";

// deno-lint-ignore no-explicit-any
type Line = any;

/** Nobody else on the host is one of them. */
const ANN = 65_532;
const BOB = 65_533;
const GROUP = 65_534;
const MARKS = { root: "mark-of-root", ann: "mark-of-ann", bob: "mark-of-bob" } as const;
type Name = keyof typeof MARKS;
const NAMES = Object.keys(MARKS) as Name[];
const UIDS: Readonly<Record<Name, number>> = { root: 0, ann: ANN, bob: BOB };
const missing = programsMissing ??
  (process.geteuid?.() === 0 ? null : "needs root to become others");

const as = (name: Name): string[] => [
  ...["setpriv", `--reuid=${UIDS[name]}`, `--regid=${GROUP}`, "--clear-groups"],
];

/** A shell that has a mark, runs what it finds in its environment, and stays. */
const marked = (name: Name): string[] => [
  ...["sh", "-c", `echo ${name} $$; it=$CHILD CHILD=; eval "$it"; read -r line`, MARKS[name]],
];
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");

/** A connection of a user. */
class Client {
  readonly running: Running;
  #asked = 0;

  constructor(name: Name, socket: string) {
    this.running = Running.start([...as(name), program("ask")!, socket]);
  }

  get lines(): Line[] {
    return this.running.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** The answer. */
  async ask(op: string, params: object = {}): Promise<Line> {
    const id = ++this.#asked;
    this.running.tell(JSON.stringify({ op, id, ...params }));
    const answer = () => this.lines.find((line) => line.id === id);
    await this.running.until(`an answer to ${op}`, () => answer() !== undefined);
    return answer();
  }
}

const folder = new ServerFolder();
const clients = {} as Record<Name, Client>;
const pids = {} as Record<Name, number>;
/** Numbers of the jobs that each makes: others can count, too. */
const jobs = {} as Record<Name, number>;
const running: Running[] = [];

/** A job of a user by its name, as anybody may write it. */
const named = (name: Name, job: string = MARKS[name]) => `${UIDS[name]}/${job}`;

/** Whose marks an answer has, or the name of the error. */
function seen(answer: Line): string {
  if (!answer.ok) return answer.error;
  const text = JSON.stringify(answer);
  return NAMES.filter((name) => text.includes(MARKS[name])).join(" ");
}

/** What each user is shown, or refused with. */
async function assertSeen(
  op: string,
  params: (name: Name) => object,
  expected: Readonly<Record<Name, string>>,
): Promise<void> {
  for (const name of NAMES) {
    const answer = await clients[name].ask(op, params(name));
    assert.equal(seen(answer), expected[name], `${op} of ${name}: ${JSON.stringify(answer)}`);
  }
}

const none = () => ({});
const own = { root: "root ann bob", ann: "ann", bob: "bob" } as const;

before(async () => {
  if (missing !== null) return;
  chmodSync(folder.path, 0o755);
  running.push(await folder.record(["--source", "auto", "--socket-group", String(GROUP)]));
  for (const name of ["ann", "bob"] as const) {
    const env = { PATH: process.env["PATH"]!, CHILD: quoted([...as(name), ...marked(name)]) };
    const shell = Running.start(marked("root"), { env });
    running.push(shell);
    await shell.until("two shells", () => shell.stdout.split("\n").length === 3);
    for (const [, name, pid] of shell.stdout.matchAll(/^(\w+) (\d+)$/gm)) {
      pids[name as Name] = Number(pid);
    }
  }
  for (const name of NAMES) clients[name] = new Client(name, folder.socket);
  for (let known = 0; known < 3;) {
    const { tree } = await ask(folder.socket, "tree");
    const text = JSON.stringify(tree);
    known = NAMES.filter((name) => text.includes(MARKS[name])).length;
  }
});

after(async () => {
  for (const { running } of Object.values(clients)) await running[Symbol.asyncDispose]();
  for (const one of running.reverse()) await one[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What each operation shows; the test below compares the names with those the server knows. */
const TABLE: Readonly<Record<string, () => Promise<void>>> = {
  async hello() {
    for (const name of NAMES) {
      const { uid, privileged } = await clients[name].ask("hello");
      assert.deepEqual([uid, privileged], [UIDS[name], name === "root"]);
    }
  },

  async metrics() {
    for (const name of NAMES) {
      const { families } = await clients[name].ask("metrics");
      const of = (wanted: string) => families.find((one: Line) => one.name === wanted)?.samples;
      assert.ok(of("fh_forks_total")[0].value > 0);
      assert.equal(of("fh_unit_started_processes_total") === undefined, name !== "root");
      const users = of("fh_user_started_processes_total").map(({ labels }: Line) => labels.user);
      assert.deepEqual(users.includes("root"), name === "root");
    }
  },

  async tree() {
    await assertSeen("tree", none, own);
    // The ancestors of the process come along, as far as they may be seen.
    const anns = { root: "root ann", ann: "ann", bob: "ESRCH" };
    await assertSeen("tree", () => ({ target: String(pids.ann) }), anns);
    await assertSeen("tree", () => ({ target: "1" }), { ...own, ann: "ESRCH", bob: "ESRCH" });
  },

  async why() {
    await assertSeen("why", () => ({ target: String(pids.ann) }), {
      root: "root ann",
      ann: "ann",
      bob: "ESRCH",
    });
    await assertSeen("why", () => ({ target: String(pids.root) }), {
      root: "root",
      ann: "ESRCH",
      bob: "ESRCH",
    });
    const { chain } = await clients.ann.ask("why", { target: String(pids.ann) });
    assert.deepEqual(chain.map(({ uid }: Line) => uid), chain.map(() => ANN), "no foreign link");
    // By a name, too: that of root's shell is everybody's.
    for (const [name, expected] of [["ann", "ann"], ["bob", "bob"]] as const) {
      assert.equal(seen(await clients[name].ask("why", { target: "sh" })), expected);
    }
  },

  async log() {
    await assertSeen("log", () => ({ filter: { event: "exec" }, limit: 10_000 }), own);
    const { events } = await clients.ann.ask("log", { limit: 10_000 });
    const uids = new Set(events.map(({ uid }: Line) => uid).filter((uid: Line) => uid != null));
    assert.ok([...uids].every((uid) => uid === ANN));
  },

  async account() {
    for (const name of NAMES) {
      assert.equal(runProgram(as(name)[0]!, [...as(name).slice(1), "true"]).status, 0);
    }
    const usersOf = async (name: Name): Promise<string[]> => {
      const { rows } = await clients[name].ask("account", { by: "user" });
      return rows.map(({ user }: Line) => user);
    };
    let [ann, bob, all]: string[][] = [[], [], []];
    // Others on the host may be among all of them.
    while (![ann![0], bob![0]].every((user) => user !== undefined && all!.includes(user))) {
      [ann, bob, all] = [await usersOf("ann"), await usersOf("bob"), await usersOf("root")];
    }
    assert.deepEqual([ann!.length, bob!.length], [1, 1]);
    assert.notDeepEqual(ann, bob);
  },

  async trouble() {
    const loop = 'for i in 1 2 3 4 5 6; do sh "$0"; sleep 0.2; done';
    for (const name of NAMES) {
      const path = join(folder.path, MARKS[name]);
      writeFileSync(path, "ulimit -c 0\nsleep 0.2\nkill -ABRT $$\n");
      running.push(Running.start([...as(name), "sh", "-c", loop, path]));
    }
    const crashes = async (name: Name): Promise<Line> => {
      const { ok, findings } = await clients[name].ask("trouble");
      return { ok, found: findings.filter(({ kind }: Line) => kind === "crash-loop") };
    };
    while (seen(await crashes("root")) !== own.root);
    for (const name of NAMES) assert.equal(seen(await crashes(name)), own[name], name);
  },

  async subscribe() {
    for (const name of NAMES) {
      const past = new Client(name, folder.socket);
      running.push(past.running);
      const answer = await past.ask("subscribe", { from: "1h ago", snapshot: true });
      assert.equal(answer.ok, true);
      const kinds = (of: Name) =>
        new Set(
          past.lines.filter((line) => JSON.stringify(line).includes(MARKS[of]))
            .map(({ event }) => event),
        );
      await past.running.until("its own", () => kinds(name).size >= 2);
      // What happens now comes last: then all that was before has come.
      const shell = Running.start([...as(name), ...marked(name)]);
      running.push(shell);
      await shell.until("a pid", () => shell.stdout.includes("\n"));
      const pid = Number(shell.stdout.split(" ")[1]);
      await past.running.until("the present", () => past.lines.some((line) => line.pid === pid));
      for (const other of NAMES) {
        const expected = name === "root" || other === name;
        assert.equal(kinds(other).size > 0, expected, `${name} and what is ${other}'s`);
      }
      const uids = new Set(past.lines.map(({ uid }) => uid).filter((uid) => uid !== undefined));
      if (name !== "root") assert.deepEqual([...uids], [UIDS[name]]);
    }
  },

  async register() {
    const register = (name: Name, pid: number, more: object = {}) =>
      clients[name].ask("register", { pid, sig: 40, ...more });
    // The clients themselves: they do not fork, and their users' forks are not theirs to hear of.
    const pidOf = (name: Name) => clients[name].running.pid;
    for (const name of ["ann", "bob"] as const) {
      assert.equal((await register(name, pidOf("root"))).error, "EPERM");
      assert.equal((await register(name, pids[name], { exclusive: true })).error, "EPERM");
      const scope = { descendants_of: pids.root };
      assert.equal((await register(name, pids[name], { scope })).error, "EPERM");
    }
    assert.equal((await register("ann", pids.bob)).error, "EPERM");
    assert.equal((await register("bob", pids.ann)).error, "EPERM");
    const scope = (pid: number) => ({ scope: { descendants_of: pid } });
    assert.equal((await register("ann", pids.ann, scope(pids.ann))).ok, true);
    assert.equal((await register("root", pids.bob, scope(pids.bob))).ok, true);
  },

  async listeners() {
    const shown = async (name: Name) => {
      const { listeners } = await clients[name].ask("listeners");
      return listeners.map(({ pid }: Line) => NAMES.find((one) => pids[one] === pid)).join(" ");
    };
    // Bob's process is his, though root has registered it.
    assert.deepEqual(await shown("root"), "ann bob");
    assert.deepEqual(await shown("ann"), "ann");
    assert.deepEqual(await shown("bob"), "bob");
    const subscribers = async (name: Name) => {
      const { subscribers } = await clients[name].ask("listeners");
      return new Set(subscribers.map(({ uid }: Line) => uid));
    };
    assert.deepEqual(await subscribers("root"), new Set([0, ANN, BOB]));
    assert.deepEqual(await subscribers("ann"), new Set([ANN]));
  },

  async unregister() {
    for (const name of ["ann", "bob"] as const) {
      const other = name === "ann" ? "bob" : "ann";
      assert.equal((await clients[name].ask("unregister", { pid: pids[other] })).error, "EPERM");
    }
    assert.equal((await clients.bob.ask("unregister", { pid: pids.bob })).error, "EPERM");
    assert.equal((await clients.root.ask("listeners")).listeners.length, 2, "all are there");
    assert.equal((await clients.ann.ask("unregister", { pid: pids.ann })).removed, 1);
    assert.equal((await clients.root.ask("unregister", { pid: pids.bob })).removed, 1);
  },

  async status() {
    for (const name of NAMES) {
      const answer = await clients[name].ask("status");
      const secret = ["db", "events", "lost", "clients", "subscribers", "listeners"];
      const shown = secret.filter((field) => field in answer);
      assert.deepEqual(shown, name === "root" ? secret : []);
    }
  },

  async job_create() {
    for (const name of NAMES) {
      const answer = await clients[name].ask("job_create", { name: MARKS[name] });
      assert.deepEqual([answer.name, answer.uid], [MARKS[name], UIDS[name]]);
      jobs[name] = answer.job;
    }
  },

  async job_add() {
    const add = async (name: Name, job: Name, pid: number) => {
      const answer = await clients[name].ask("job_add", { job: named(job), pids: [pid] });
      return answer.error ?? answer.added;
    };
    assert.equal(await add("ann", "ann", pids.ann), 1);
    assert.equal(await add("bob", "bob", pids.bob), 1);
    for (const other of [pids.root, pids.bob]) {
      assert.equal(await add("ann", "ann", other), "EPERM");
    }
    assert.equal(await add("bob", "ann", pids.bob), "ESRCH");
    const byNumber = { job: jobs.ann, pids: [pids.bob] };
    assert.equal((await clients.bob.ask("job_add", byNumber)).error, "ESRCH");
    assert.equal(await add("ann", "root", pids.ann), "ESRCH");
    // Root may put anybody into any; Ann then knows of Bob's process in hers, not what it runs.
    assert.equal(await add("root", "ann", pids.bob), 1);
  },

  async job_list() {
    await assertSeen("job_list", none, own);
    await assertSeen("job_list", () => ({ all: true }), own);
  },

  async job_show() {
    await assertSeen("job_show", () => ({ job: named("ann") }), {
      root: "ann",
      ann: "ann",
      bob: "ESRCH",
    });
    // A name alone is one's own.
    await assertSeen("job_show", () => ({ job: MARKS.ann }), {
      root: "ESRCH",
      ann: "ann",
      bob: "ESRCH",
    });
  },

  async job_members() {
    const anns = { root: "ann bob", ann: "ann", bob: "ESRCH" };
    for (const job of [named("ann"), jobs.ann]) {
      await assertSeen("job_members", () => ({ job, running: false }), anns);
      await assertSeen("job_members", () => ({ job, running: true }), anns);
    }
    const { members } = await clients.ann.ask("job_members", { job: MARKS.ann });
    assert.deepEqual(members.map(({ uid }: Line) => uid), [ANN, BOB]);
  },

  async job_wait() {
    for (const job of [MARKS.ann, named("ann"), jobs.ann, named("root"), jobs.root]) {
      assert.equal((await clients.bob.ask("job_wait", { job })).error, "ESRCH");
    }
  },

  async job_rename() {
    for (const name of ["ann", "bob"] as const) {
      const other = name === "ann" ? "bob" : "ann";
      for (const job of [MARKS[other], named(other), jobs[other]]) {
        assert.equal((await clients[name].ask("job_rename", { job, name: "x" })).error, "ESRCH");
      }
    }
    const { name } = await clients.root.ask("job_rename", { job: named("bob"), name: "bobs" });
    assert.equal(name, "bobs");
    await clients.bob.ask("job_rename", { job: "bobs", name: MARKS.bob });
  },

  async job_remove() {
    const remove = async (name: Name, job: Name, pid: number) => {
      const answer = await clients[name].ask("job_remove", { job: named(job), pids: [pid] });
      return answer.error ?? answer.removed;
    };
    assert.equal(await remove("bob", "ann", pids.bob), "ESRCH");
    assert.equal(await remove("ann", "bob", pids.bob), "ESRCH");
    // It is Ann's job: whoever is in it, she may take him out.
    assert.equal(await remove("ann", "ann", pids.bob), 1);
    assert.equal(await remove("root", "bob", pids.bob), 1);
  },

  async job_end() {
    for (const job of [MARKS.ann, named("ann"), jobs.ann, named("root"), jobs.root]) {
      assert.equal((await clients.bob.ask("job_end", { job })).error, "ESRCH");
    }
    assert.equal((await clients.ann.ask("job_end", { job: MARKS.ann })).ok, true);
    assert.equal((await clients.root.ask("job_end", { job: MARKS.root })).ok, true);
  },

  async rule_add() {
    // All three shells pass; an ordinary user's rule takes his own alone.
    for (const name of NAMES) {
      const filter = { match: "mark-of-" };
      const { ok } = await clients[name].ask("rule_add", { job: `by-${MARKS[name]}`, filter });
      assert.equal(ok, true);
    }
    const uidsIn = async (name: Name) => {
      const job = named(name, `by-${MARKS[name]}`);
      const { members } = await clients.root.ask("job_members", { job, running: true });
      return [...new Set(members.map(({ uid }: Line) => uid))].sort();
    };
    assert.deepEqual(await uidsIn("ann"), [ANN]);
    assert.deepEqual(await uidsIn("bob"), [BOB]);
    assert.deepEqual(await uidsIn("root"), [0, ANN, BOB].sort());
  },

  async rule_list() {
    await assertSeen("rule_list", none, own);
  },

  async rule_test() {
    await assertSeen("rule_test", () => ({ pid: pids.ann }), {
      root: "root ann",
      ann: "ann",
      bob: "EPERM",
    });
  },

  async rule_remove() {
    const { rules } = await clients.root.ask("rule_list");
    const of = (name: Name) => rules.find(({ uid }: Line) => uid === UIDS[name]).rule;
    for (const [name, other] of [["ann", "bob"], ["bob", "ann"], ["ann", "root"]] as const) {
      const answer = await clients[name].ask("rule_remove", { rule: of(other) });
      assert.equal(answer.error, "ESRCH");
    }
    assert.equal((await clients.root.ask("rule_list")).rules.length, 3, "all are there");
    assert.equal((await clients.ann.ask("rule_remove", { rule: of("ann") })).ok, true);
    assert.equal((await clients.root.ask("rule_remove", { rule: of("bob") })).ok, true);
  },
};

for (const [op, check] of Object.entries(TABLE)) {
  const name = `${op}: each user is shown his own, root all`;
  test(...unless(missing, name), check);
}

test(...unless(missing, "no operation is missing here"), async () => {
  const { message } = await clients.root.ask("dance");
  const known = /know (.*)$/.exec(message)![1]!.split(", ");
  assert.deepEqual(Object.keys(TABLE).toSorted(), known.toSorted());
});
