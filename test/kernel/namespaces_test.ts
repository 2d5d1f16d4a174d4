/** Places where the connector does not serve: the fallback is chosen, says why, and works. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { WatchEvent } from "../../src/library.ts";
import { parseTruth, type Task } from "../bench/support/truth.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { runProgram } from "../support/executable.ts";
import type { TaskEvent } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { AS_NOBODY, FH_SOURCE, Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { lxcfsMissing, NO_COUNTER, STILL_FILES, WITH_LXCFS } from "../support/virtual_proc.ts";

const SLEEPERS = 20;
const BRIEF = 300;
/** What the two shells and fh itself make meanwhile, threads included, is less. */
const OWN_TASKS = 60;
const PHASE = `spawn,count=${SLEEPERS},rate=200,life=120000`;

/** Runs fh, which is what follows five arguments; when told to, makes what is to be seen. */
const SCRIPT = `
folder=$1 load=$2 cases=$3 phase=$4 brief=$5
shift 5
"$@" & fh=$!
read -r go
"$load" --truth "$folder/truth" --phase "$phase" > "$folder/load"
"$cases" many-forks "$brief" > "$folder/brief"
kill -TERM $fh
wait $fh
`;

/** A shell as pid 1 takes all others with it. */
const PID = ["unshare", "--pid", "--fork", "--kill-child"];

const folder = temporaryFolder("fh-namespaces-");
chmodSync(folder, 0o777);
const ENV = { PATH: process.env["PATH"] ?? "", HOME: folder, DENO_DIR: folder };

/** Why the namespaces below cannot be made; null when they can. */
function obstacle(): string | null {
  if (programsMissing !== null) return programsMissing;
  if (process.getuid?.() !== 0) return "needs root";
  const made = runProgram("unshare", ["--pid", "--fork", "--mount-proc", "true"]);
  if (made.status !== 0) return `needs unshare(1): ${made.stderr.trim()}`;
  const [command = "", ...nobody] = [...AS_NOBODY, "test", "-r", FH_SOURCE.at(-1)!];
  return runProgram(command, nobody).status === 0 ? null : "nobody cannot read the checkout";
}

/** A shell that mounts /proc with `options` in a mount namespace of its own. */
function withProcMounted(options: string): string[] {
  const script = `mount -t proc -o ${options} proc /proc && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh"];
}

/** What fh told in such a place, and the truth. */
interface Seen {
  readonly events: readonly WatchEvent[];
  readonly tasks: readonly Task[];
  /** The short-lived ones. */
  readonly brief: ReadonlySet<number>;
  readonly errors: string;
}

interface Place {
  readonly claim: string;
  /** What it lacks to be made; null when nothing. */
  readonly without?: string | null;
  /** Makes the place, and becomes the user who does everything there. */
  readonly prefix: readonly string[];
  /** Becomes the user who watches. */
  readonly user?: readonly string[];
  readonly args?: readonly string[];
  readonly source?: "connector";
  /** The reason that is given. */
  readonly why: RegExp;
  readonly checks: readonly ((seen: Seen) => void)[];
}

async function watchIn({ prefix, user = [], args = [] }: Place): Promise<Seen> {
  const files = mkdtempSync(join(folder, "place-"));
  chmodSync(files, 0o777);
  await using running = Running.start([
    ...[...prefix, "sh", "-c", SCRIPT, "sh", files, program("load")!, program("cases")!],
    ...[`${PHASE},program=${program("tiny")}`, `${BRIEF}`],
    ...[...user, ...FH_SOURCE, "watch", "--json", "--snapshot", ...args],
  ], { env: ENV });
  // The first look is over when what it found is told.
  await running.wrote('"event":"snapshot"');
  running.tell("go");
  const { status, stderr } = await running.end();
  assert.equal(status, 0, stderr);
  const read = (name: string) => readFileSync(join(files, name), "utf8");
  return {
    events: running.events,
    tasks: parseTruth(read("truth")),
    brief: new Set(/pids=(.*)/.exec(read("brief"))![1]!.split(",").map(Number)),
    errors: stderr,
  };
}

function tasksOf({ events }: Seen, pid: number): TaskEvent[] {
  return events.filter((event): event is TaskEvent => "pid" in event && event.pid === pid);
}

/** The load cuts its arguments to pieces, which may be an exec of the load once more. */
function isRewritten({ event, argv, inferred }: TaskEvent): boolean {
  return event === "exec" && argv?.[0] === program("load") && inferred === true;
}

/** Fork, exec and exit of one process, in that order and with everything that belongs to them. */
function checkLife(seen: Seen, pid: number, ppid: number, { argv, status }: Task): void {
  const told = tasksOf(seen, pid).filter((event) => !isRewritten(event));
  const label = JSON.stringify(told);
  assert.deepEqual(told.map(({ event }) => event), ["fork", "exec", "exit"], label);
  const [fork, exec, exit] = told;
  assert.equal(exec?.inferred, undefined, label);
  assert.deepEqual([fork?.ppid, exec?.argv?.join(" "), fork?.inferred], [ppid, argv, undefined]);
  assert.ok(exit?.event === "exit");
  assert.equal(exit.exit_code, status >> 8);
  assert.ok(exit.duration_ns! > 115e6 && exit.duration_ns! < 1e9, label);
}

function seesLives(seen: Seen): void {
  assert.equal(seen.tasks.length, SLEEPERS);
  for (const task of seen.tasks) checkLife(seen, task.pid, task.ppid, task);
}

/** /proc of another pid namespace: its pids are others, no pidfd can be had for them. */
function seesLivesByOtherPids(seen: Seen): void {
  const execs = seen.events.filter((event): event is TaskEvent => event.event === "exec");
  for (const { argv } of seen.tasks) {
    const exec = execs.find((event) => event.argv?.join(" ") === argv);
    assert.ok(exec !== undefined, `${argv} is told: ${JSON.stringify(execs)}`);
    const told = tasksOf(seen, exec.pid);
    assert.deepEqual(
      told.map(({ event }) => event),
      ["fork", "exec", "exit"],
      JSON.stringify(told),
    );
    const exit = told[2]!;
    assert.ok(exit.event === "exit");
    assert.deepEqual([exit.exit_code, exit.signal], [null, null]);
  }
}

/** hidepid shows nothing of processes of others: their pidfds tell of their lives all the same. */
function seesLivesWithoutNames(seen: Seen): void {
  for (const { pid, ppid, status } of seen.tasks) {
    const told = tasksOf(seen, pid).filter(({ event }) => event !== "exec");
    assert.deepEqual(told.map(({ event }) => event), ["fork", "exit"]);
    for (const { argv, exe, cwd } of told) assert.deepEqual([argv, exe, cwd], [null, null, null]);
    const [fork, exit] = told;
    assert.equal(fork?.ppid, ppid);
    assert.ok(exit?.event === "exit");
    assert.equal(exit.exit_code, status >> 8);
  }
}

/** Forks that were told, and those counted as missed, are at least as many as there were. */
function countsMissed(seen: Seen): void {
  countsMissedBut(seen, 0);
}

/** An old task of somebody else whose pid was skipped cannot be told from a new one. */
function countsMissedButHidden(seen: Seen): void {
  const ours = [...seen.tasks.map(({ pid }) => pid), ...seen.brief];
  const strangers = Math.max(...ours) - Math.min(...ours) + 1 - ours.length;
  countsMissedBut(seen, strangers);
}

function countsMissedBut({ events, tasks, brief }: Seen, strangers: number): void {
  assert.equal(brief.size, BRIEF);
  const told = events.filter(({ event }) => event === "fork").length;
  let lost = 0;
  for (const event of events) {
    if (event.event !== "gap") continue;
    assert.equal(event.reason, "missed");
    lost += event.lost;
  }
  // The two programs that made them are forks too.
  const truth = tasks.length + brief.size + 2 - strangers;
  assert.ok(told + lost >= truth, `${told} told, ${lost} counted as missed, of ${truth}`);
}

/** In a namespace of our own nobody else forks: fh itself makes some threads. */
function countsNoStrangers({ events, tasks, brief }: Seen): void {
  let tasksCounted = 0;
  for (const event of events) {
    if (event.event === "gap") tasksCounted += event.lost;
    if (event.event === "fork") tasksCounted++;
  }
  const truth = tasks.length + brief.size + 2;
  assert.ok(tasksCounted <= truth + OWN_TASKS, `${tasksCounted} counted, of ${truth}`);
}

const PLACES: readonly Place[] = [
  {
    claim: "in another net namespace",
    prefix: ["unshare", "--net"],
    why: /^this is another network namespace, .*; \/proc is read instead$/,
    checks: [seesLives, countsMissed],
  },
  {
    claim: "in another pid namespace",
    prefix: [...PID, "--mount-proc"],
    why: /^this is another pid namespace, .*; \/proc is read instead$/,
    checks: [seesLives, countsMissed],
  },
  {
    claim: "in another user namespace",
    prefix: ["unshare", "--user"],
    why: /^this is another user namespace, .*; \/proc is read instead$/,
    checks: [seesLives, countsMissed],
  },
  {
    claim: "as an ordinary user in other pid and net namespaces",
    prefix: [...PID, "--net", "--mount-proc", ...AS_NOBODY],
    why: /^this is another pid namespace, .*; \/proc is read instead$/,
    checks: [seesLives, countsMissed],
  },
  {
    claim: "in another pid namespace with the host's /proc",
    prefix: PID,
    why: /^this is another pid namespace, .*; \/proc is read instead \(exit codes are not known/,
    checks: [seesLivesByOtherPids],
  },
  {
    claim: "with subset=pid, by listing",
    prefix: withProcMounted("subset=pid"),
    args: ["--source", "poll"],
    why: /^it was asked for; \/proc is read instead \(\/proc\/loadavg is hidden/,
    checks: [seesLives],
  },
  {
    claim: "where /proc/loadavg and /proc/stat stand still",
    prefix: STILL_FILES,
    why: /; \/proc is read instead$/,
    checks: [seesLives, countsMissed],
  },
  {
    claim: "where no counter counts our pids, by listing",
    prefix: NO_COUNTER,
    why: /\/proc\/loadavg does not follow the forks of this pid namespace, so looks are rare\)$/,
    checks: [seesLives],
  },
  {
    claim: "below lxcfs",
    without: lxcfsMissing,
    prefix: WITH_LXCFS,
    why: /; \/proc is read instead$/,
    checks: [seesLives, countsMissed, countsNoStrangers],
  },
  {
    claim: "as nobody with hidepid=2",
    prefix: withProcMounted("hidepid=2"),
    user: AS_NOBODY,
    args: ["--source", "poll"],
    why: /^it was asked for; \/proc is read instead/,
    checks: [seesLivesWithoutNames, countsMissedButHidden],
  },
];

/** What programs of other tests that still run may bring about. */
const OF_OTHERS = /^fh: cut short the command lines of /;

const missing = obstacle();

for (const place of PLACES) {
  const name = `fh watch works through poll ${place.claim}`;
  const lacks = missing ?? place.without ?? null;
  test(...unless(lacks, name), async () => {
    const seen = await watchIn(place);
    const [first] = seen.events;
    assert.ok(first?.event === "source");
    assert.equal(first.source, "poll");
    assert.match(first.why, place.why);
    const lines = seen.errors.split("\n").filter((line) => line !== "");
    const others = lines.filter((line) => !OF_OTHERS.test(line));
    assert.deepEqual(others, [`fh: source poll: ${first.why}`]);
    for (const check of place.checks) check(seen);
  });
}
