/** `fh job` on the real kernel: who is in a job, what it has cost, and what survives a restart. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { FH, runProgram } from "../support/executable.ts";
import { Family, JobHost, type Shown, sorted } from "../support/job_calls.ts";
import { connectorMissing } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import type { Source } from "../support/questions.ts";
import { Running, runs } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const TMPFS = 0x01021994;
const MIB = 1024 * 1024;
/** Of `times`: four figures of a millisecond. */
const RESOLUTION_US = 4000;
/** What the end of a process costs on a busy machine. */
const EXIT_US = 5000;

const isRoot = process.getuid?.() === 0;
const exactMissing = connectorMissing ?? (isRoot ? null : "needs root");
const bashMissing = runProgram("sh", ["-c", "command -v bash"]).status === 0 ? null : "needs bash";

/** Writes down who it is, and becomes what is to be run. */
const NOTED = `echo "$$ \${1##*/}" >> "$NOTES"; exec "$@"`;

/**
 * A build: every process but those of cost and forks writes its pid and its name down first, which
 * gcc lets each of its own do with -wrapper. At last `times`: of the shell, and of its children.
 */
const BUILD = `read -r go
noted() { (exec sh "$FOLDER/noted" "$@"); }
for ((i = 0; i < FILES; i++)); do
  noted cc -wrapper sh,"$FOLDER/noted" -O2 -c "$FOLDER/unit.c" -o "$OUT/$i.o" || exit 1
done
for ((i = 0; i < BAD; i++)); do noted false; done
noted sh -c 'kill -9 $$'
noted dd if=/dev/zero of="$OUT/data" bs=65536 count="$BLOCKS" conv=fsync status=none
"$COST" "$FILES" > "$OUT/cost"
"$FORKS" "$CHILDREN" -o "$OUT/forks"
times`;

/** A source that takes a compiler a while. */
const UNIT = Array.from({ length: 8 }, (_, i) => `
unsigned long f${i}(unsigned long *a, unsigned long n) { unsigned long s = ${i};
  for (unsigned long i = 0; i < n; i++) { s += a[i] * ${i} ^ (s >> 3); if (s % 7 == i) a[i] = s; }
  return s; }`).join("");

/** What a build is to do; each does something else. */
interface Plan {
  readonly name: string;
  readonly files: number;
  readonly bad: number;
  readonly blocks: number;
  readonly children: number;
}

const PLANS: readonly Plan[] = [
  { name: "kernel", files: 1, bad: 1, blocks: 32, children: 30 },
  { name: "shell", files: 2, bad: 2, blocks: 64, children: 70 },
  { name: "docs", files: 3, bad: 5, blocks: 128, children: 10 },
];

function startBuild(folder: string, { name, files, bad, blocks, children }: Plan): Running {
  const out = join(folder, name);
  mkdirSync(out);
  const env = {
    PATH: process.env["PATH"]!,
    LC_ALL: "C",
    TMPDIR: out,
    FOLDER: folder,
    OUT: out,
    NOTES: join(out, "notes"),
    FILES: String(files),
    BAD: String(bad),
    BLOCKS: String(blocks),
    CHILDREN: String(children),
    COST: program("cost")!,
    FORKS: program("forks")!,
  };
  return Running.start(["bash", "--norc", "-c", BUILD], { env });
}

/** What the kernel calls a program that was executed. */
function commOf(name: string): string {
  return basename(program(name)!).slice(0, 15);
}

/** How many there are of each. */
function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Programs that may have gone on a busy host before their names were read. */
const UNREAD_MAX = 2;

/** Compares counts by name; who has no name may be any of those that are missing. */
function assertNames(found: Record<string, number>, names: readonly string[]): void {
  const { null: unread = 0, "?": unnamed = 0, ...named } = found;
  const expected = countBy(names, (name) => name);
  const missing = names.length - Object.values(named).reduce((sum, count) => sum + count, 0);
  assert.equal(missing, unread + unnamed);
  if (missing === 0 || missing > UNREAD_MAX) assert.deepEqual(sortedKeys(named), expected);
  for (const [name, count] of Object.entries(named)) {
    assert.ok(count <= (expected[name] ?? 0), `${count} of ${name}`);
  }
}

/** Microseconds of `0m1.250s`. */
function timeUs(text: string): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text)!;
  return Math.round((Number(minutes) * 60 + Number(seconds)) * 1e6);
}

/** Holds the account of a job against what its build has written down. */
function checkBuild(host: JobHost, build: Running, plan: Plan): void {
  const { name, files, bad, blocks } = plan;
  const out = join(host.folder.path, name);
  const notes = readFileSync(join(out, "notes"), "utf8").trimEnd().split("\n")
    .map((line) => line.split(" ") as [string, string]);
  const cost = readFileSync(join(out, "cost"), "utf8").trimEnd().split("\n");
  const pairs = readFileSync(join(out, "forks"), "utf8").trimEnd().split("\n")
    .map((line) => line.split(" "));
  const names = [
    "bash",
    ...notes.map(([, comm]) => comm),
    commOf("cost"),
    ...cost.map((line) => line.split(" ")[0]!),
    commOf("forks"),
    ...pairs.map(() => commOf("forks")),
  ];
  assert.equal(notes.filter(([, comm]) => comm === "cc1").length, files);

  const members = host.members(name);
  assertNames(countBy(members, ({ comm }) => comm), names);
  const pids = new Set(members.map(({ pid }) => String(pid)));
  assert.equal(pids.size, names.length, "each has a pid of its own");
  for (const [pid] of [...notes, ...pairs, ...pairs.map(([, pid]) => [pid!])]) {
    assert.ok(pids.has(pid!), `${pid} is a member`);
  }
  assert.ok(members.every(({ running, left }) => running === false && left === null));

  const shown = host.show(name);
  const failed = bad + 1 + cost.filter((line) => !line.endsWith(" 0")).length;
  const { processes, accounted, lost, running } = shown;
  assert.deepEqual([shown.members, processes, accounted, shown.failed, running, lost], [
    names.length,
    names.length,
    names.length,
    failed,
    0,
    0,
  ]);
  const ofCommands = Object.fromEntries(
    shown.commands.map((row: Shown) => [row.command, row.processes]),
  );
  assertNames(ofCommands, names);

  checkCpu(shown, sum(build.stdout.trimEnd().split(/\s/).map(timeUs)));
  for (const line of cost) {
    const [comm, ...us] = line.split(" ");
    checkCpu(rowOf(shown, comm!), Number(us[0]) + Number(us[1]));
  }
  checkWritten(host.folder.path, rowOf(shown, "dd"), blocks);
}

const rowOf = ({ commands }: Shown, name: string): Shown =>
  commands.find(({ command }: Shown) => command === name);

/** CPU time against getrusage(2), which also has what exit(2) costs: that is in no record. */
function checkCpu({ user_ns: user, system_ns: system, processes }: Shown, toldUs: number): void {
  const missing = toldUs - (user + system) / 1000;
  const one = toldUs * 0.01 + RESOLUTION_US;
  assert.ok(missing >= -one, `${-missing} us too much of ${toldUs}`);
  assert.ok(missing <= one + processes * EXIT_US, `${missing} us of ${toldUs} are missing`);
}

function checkWritten(folder: string, { write_bytes: written }: Shown, blocks: number): void {
  if (statfsSync(folder).type === TMPFS) return;
  const bytes = blocks * 65_536;
  assert.ok(written >= bytes && written < bytes + MIB / 4, `${written}, not ${bytes} written`);
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

function sortedKeys<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}

test(
  ...unless(
    programsMissing ?? exactMissing ?? bashMissing,
    "three builds at once are three right accounts",
  ),
  async () => {
    await using host = await JobHost.start();
    const { path } = host.folder;
    writeFileSync(join(path, "noted"), NOTED);
    writeFileSync(join(path, "unit.c"), UNIT);
    await using builds = new AsyncDisposableStack();
    const running = PLANS.map((plan) => {
      const build = builds.use(startBuild(path, plan));
      host.create(plan.name, build.pid);
      return build;
    });
    for (const build of running) build.tell("go");
    for (const build of running) assert.equal((await build.end()).status, 0, build.stderr);
    PLANS.forEach((plan, at) => {
      host.done("wait", plan.name);
      checkBuild(host, running[at]!, plan);
    });
  },
);

const sources: readonly Source[] = exactMissing === null ? ["connector", "poll"] : ["poll"];

async function manage(source: Source): Promise<void> {
  await using host = await JobHost.start("--source", source);
  await using family = new Family();
  const [first, second] = [await family.child(), await family.child()];
  host.done("create", "all");
  assert.match(host.done("add", "all", `${family.pid}`).stderr, /^fh: added 3 to all, which has 3/);
  host.done("create", "one");
  host.done("add", "one", `${family.pid}`, "--only");
  const later = await family.child();
  const all = [family.pid, first, second, later];
  await host.untilLiving("all", all);
  await host.untilLiving("one", [family.pid, later]);
  const shown = host.show("one");
  assert.deepEqual([shown.name, shown.user, shown.uid], [
    "one",
    runProgram("id", ["-un"]).stdout.trim(),
    process.getuid!(),
  ]);
  assert.deepEqual([shown.members, shown.running, shown.ended], [2, 2, null]);
  assert.deepEqual(shown.running_members.map(({ pid }: Shown) => pid), [family.pid, later]);
  assert.deepEqual(shown.running_members[1].argv, ["sleep", "60"]);

  // Out of one job, still in the other; what descends from it stays with --only.
  host.done("remove", "all", `${family.pid}`, "--only");
  const outside = await family.child();
  await host.untilLiving("one", [family.pid, later, outside]);
  await host.untilLiving("all", [first, second, later]);
  host.done("add", "all", `${family.pid}`, "--only");
  assert.match(host.done("remove", "one", `${family.pid}`).stderr, /^fh: removed 3 from one/);
  // That was the last of it.
  assert.notEqual(host.show("one").ended, null);
  assert.deepEqual(host.json("list").map(({ name }) => name), ["all"]);
  assert.deepEqual(host.json("list", "--all").map(({ name }) => name), ["one", "all"]);

  assert.equal(host.job("create", "all").status, 1);
  host.done("rename", "all", "each");
  assert.equal(host.job("show", "all").status, 3);
  host.create("all", second);
  assert.equal(host.job("rename", "all", "each").status, 1);
  await host.untilLiving("each", [family.pid, first, second, later]);
  host.done("end", "each");
  assert.deepEqual([host.show("each").running, host.show("each").members], [0, 5]);
  for (const pid of [...all, outside]) assert.ok(runs(pid), `${pid} lives on`);
  const [row] = host.json("list", "--all").filter(({ name }) => name === "each");
  assert.deepEqual(
    Object.keys(row).slice(0, 9),
    ["job", "name", "uid", "user", "started", "ended", "running", "members", "lost"],
  );
  assert.match(host.done("list", "--all").stdout, /^JOB +USER +SINCE .*NAME\n(.*\n){3}$/);
}

async function watch(source: Source): Promise<void> {
  await using host = await JobHost.start("--source", source);
  await using family = new Family();
  host.create("job", family.pid);
  const args = ["show", "job", "--watch", "--json", "--socket", host.folder.socket];
  await using shows = Running.start([FH, "job", ...args]);
  await shows.until("two of them", () => shows.stdout.split("\n").length > 2);
  await family.end(1);
  const { status, stdout } = await shows.end();
  assert.equal(status, 0);
  const lines: Shown[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const last = lines.pop();
  assert.deepEqual(lines.map(({ running }) => running), lines.map(() => 1));
  assert.deepEqual([last.running, last.failed, last.ended !== null], [0, 1, true]);
}

async function wait(source: Source): Promise<void> {
  await using host = await JobHost.start("--source", source);
  const outcomes: (number | null)[] = [];
  for (const how of ["exit", "SIGTERM"] as const) {
    await using family = new Family();
    host.create(how, family.pid);
    await using waiting = await host.wait(how);
    if (how === "exit") await family.end(7);
    else await family.shell.end(how);
    outcomes.push((await waiting.end()).status);
    // Asked once more, the history has it.
    outcomes.push(host.job("wait", how).status);
  }
  assert.deepEqual(outcomes, [7, 7, 143, 143]);
  host.create("empty");
  assert.equal(host.job("wait", "empty").status, 1);
}

async function waitAgain(source: Source): Promise<void> {
  await using host = await JobHost.start("--source", source);
  await using family = new Family();
  host.create("job", family.pid);
  await using waiting = await host.wait("job");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await host.recorder.end(signal);
    await host.begin();
    await host.accepted(waiting);
  }
  await family.end(7);
  const { status, stderr } = await waiting.end();
  assert.deepEqual([status, stderr], [7, `fh: job: ${family.pid} ended last, with exit 7\n`]);
}

async function restart(source: Source, signal: NodeJS.Signals): Promise<void> {
  await using host = await JobHost.start("--source", source);
  await using family = new Family();
  await using other = new Family();
  const [ends, stays] = [await family.child(), await family.child()];
  host.create("two", stays);
  host.create("job", family.pid, other.pid);
  host.done("remove", "job", `${other.pid}`);
  await family.run("sleep 0.05; exit 3");
  await host.untilLiving("job", [family.pid, ends, stays]);
  assert.equal(host.show("two").members, 1);
  // What is shown is written: nothing of it is lost by a kill.
  const isExact = exactMissing === null && source === "connector";
  const accounted = isExact ? 2 : 0;
  await host.until("job", (job) => job.processes === 2 && job.accounted >= accounted);
  await host.recorder.end(signal);
  await family.reap(ends);
  const born = await family.child();
  const stranger = await other.child();
  await host.begin();
  assert.deepEqual(await host.living("job"), sorted([family.pid, stays, born]));
  assert.deepEqual(await host.living("two"), [stays]);
  const late = await family.child();
  await other.child();
  await host.untilLiving("job", [family.pid, stays, born, late]);
  assert.ok(runs(stranger));
  const { members, processes, failed } = host.show("job");
  assert.deepEqual([members, processes, failed], [8, 3, 1]);
  if (isExact) {
    assert.equal(host.show("job").accounted, 2, "of who ended unseen nothing is known");
  }
  for (const pid of [stays, born, late]) await family.reap(pid);
  await family.end(5);
  assert.equal(host.job("wait", "job").status, 5);
  const ended = host.show("job");
  assert.deepEqual([ended.members, ended.processes, ended.running], [8, 7, 0]);
}

/** The poller tells of ends by itself; all else is the same for it. */
const CASES: readonly [string, (source: Source) => Promise<void>, onlyOnce?: true][] = [
  ["a process is in two jobs; add, remove, rename, end and list", manage, true],
  ["show is repeated until the job ends", watch, true],
  ["wait ends as the last member did", wait],
  ["wait waits for the next recorder, too", waitAgain, true],
  ["jobs outlive a recorder that ends", (source) => restart(source, "SIGTERM")],
  ["jobs outlive a recorder that is killed", (source) => restart(source, "SIGKILL"), true],
];

for (const [name, check, onlyOnce] of CASES) {
  for (const source of onlyOnce ? sources.slice(0, 1) : sources) {
    test(...unless(null, `${source}: ${name}`), () => check(source));
  }
}
