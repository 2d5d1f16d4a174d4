import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { INIT_NS_INO } from "../../src/proc/namespaces.ts";
import { gatherFacts } from "../../src/source/probe/probe.ts";
import { judge } from "../../src/source/probe/probe_judge.ts";
import type { RowState } from "../../src/source/probe/probe_row.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { type Outcome, runProgram } from "../support/executable.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";
import { lxcfsMissing, STILL_FILES, WITH_LXCFS } from "../support/virtual_proc.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/fh.ts", import.meta.url));
const RUN = process.versions["deno"] === undefined ? [PROGRAM] : ["run", "-A", PROGRAM];
const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Where the runtime may keep what it makes of sources, whoever runs it. */
const cache = temporaryFolder("fh-doctor-");
chmodSync(cache, 0o777);

/** Runs fh doctor behind `prefix`, a program that starts another. */
function doctor(prefix: readonly string[], args: readonly string[] = ["--json"]): Outcome {
  const [command = "", ...rest] = [...prefix, process.execPath, ...RUN, "doctor", ...args];
  const env = { PATH: process.env["PATH"] ?? "", HOME: cache, DENO_DIR: cache };
  return runProgram(command, rest, { env });
}

/** A shell that mounts /proc with `options` in a mount namespace of its own. */
function withProcMounted(options: string): string[] {
  const script = `mount -t proc -o ${options} proc /proc && exec "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, "sh"];
}

function inInitial(name: "pid" | "user" | "net"): boolean {
  const link = readlinkSync(`/proc/self/ns/${name}`);
  // The number of the first net namespace is fixed from Linux 6.18 on only.
  return link === `${name}:[${INIT_NS_INO[name]}]`;
}

/** Why the namespaces below cannot be made, or say nothing; null when they can. */
function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  if (!inInitial("pid") || !inInitial("user") || !inInitial("net")) {
    return "needs the initial namespaces, and Linux 6.18 to know the first net namespace";
  }
  const made = runProgram("unshare", ["--pid", "--fork", "--mount-proc", "true"]);
  return made.status === 0 ? null : `needs unshare(1): ${made.stderr.trim()}`;
}

const missing = obstacle();
/** The files must be readable for nobody too. */
const nobodyMissing = missing ??
  (runProgram(NOBODY[0]!, [...NOBODY.slice(1), "test", "-r", PROGRAM]).status === 0
    ? null
    : "nobody cannot read the checkout");

interface Report {
  readonly source: string;
  readonly why: string;
  readonly complete: boolean;
  readonly rows: readonly { name: string; state: RowState; found: string; advice: string | null }[];
}

function reportOf({ stdout, stderr }: Outcome): Report {
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

/** Where fh doctor runs; which source it finds there; and what it says of some rows. */
const PLACES: readonly (readonly [
  place: string,
  prefix: readonly string[],
  source: "connector" | "poll",
  rows: Readonly<Record<string, readonly [RowState, RegExp]>>,
])[] = [
  ["as nobody", NOBODY, "connector", {
    "capabilities": ["missing", /^None of/],
    "connector": ["ok", /every event/],
    "real-time": ["limited", /EPERM/],
    "/proc": ["ok", /^Shows every process$/],
    "other users": ["limited", /own processes only/],
    "exit codes": ["ok", /any process/],
    "taskstats": ["missing", /EPERM/],
  }],
  ["in another pid namespace", ["unshare", "--pid", "--mount-proc", "--fork"], "poll", {
    "pid namespace": ["limited", /^Another one/],
    "net namespace": ["ok", /^The initial one/],
    "connector": ["missing", /another pid namespace/],
    "buffer": ["missing", /without the connector/],
    "/proc": ["ok", /^Shows every process$/],
    "exit codes": ["ok", /any process/],
  }],
  ["in another pid namespace with the host's /proc", ["unshare", "--pid", "--fork"], "poll", {
    "pid namespace": ["limited", /^Another one/],
    "/proc": ["missing", /another pid namespace/],
    "pid counter": ["missing", /another pid namespace/],
    "exit codes": ["missing", /cannot be watched/],
  }],
  ["in another net namespace", ["unshare", "--net"], "poll", {
    "pid namespace": ["ok", /^The initial one/],
    "net namespace": ["limited", /^Another one/],
    "connector": ["missing", /another network namespace/],
    "/proc": ["ok", /^Shows every process$/],
  }],
  ["in another user namespace", ["unshare", "--user"], "poll", {
    "user namespace": ["limited", /^Another one/],
    "capabilities": ["missing", /^None of/],
    "connector": ["missing", /another user namespace/],
    "real-time": ["limited", /EPERM/],
    "other users": ["limited", /own processes only/],
    "taskstats": ["missing", /EPERM/],
  }],
  ["as root of another user namespace", ["unshare", "--user", "--map-root-user"], "poll", {
    "user namespace": ["limited", /^Another one/],
    "capabilities": ["limited", /inside this user namespace only/],
    "real-time": ["limited", /EPERM/],
    "other users": ["limited", /own processes only/],
  }],
  ["where files of /proc stand still", STILL_FILES, "poll", {
    "pid counter": ["limited", /stat does not follow the forks/],
  }],
  ["as nobody with hidepid=2", [...withProcMounted("hidepid=2"), ...NOBODY], "connector", {
    "/proc": ["limited", /hidepid=invisible/],
    "pid counter": ["ok", /can be read/],
  }],
  [
    "as nobody in a container that hides all",
    [
      ...["unshare", "--pid", "--fork", "--mount", "sh", "-c"],
      'mount -t proc -o hidepid=2,subset=pid proc /proc && "$@"',
      ...["sh", ...NOBODY],
    ],
    "poll",
    {
      "pid namespace": ["limited", /^Another one/],
      "/proc": ["limited", /hidepid=invisible.*subset=pid/],
      "pid counter": ["missing", /hidden/],
    },
  ],
];

for (const [place, prefix, source, rows] of PLACES) {
  const without = prefix.includes(NOBODY[0]!) ? nobodyMissing : missing;
  test(...unless(without, `fh doctor says what is so ${place}`), () => {
    const outcome = doctor(prefix);
    const report = reportOf(outcome);
    assert.deepEqual([outcome.status, report.complete, report.source], [1, false, source]);
    for (const [name, [state, found]] of Object.entries(rows)) {
      const row = report.rows.find((row) => row.name === name)!;
      assert.equal(row.state, state, JSON.stringify(row));
      assert.match(row.found, found);
    }
  });
}

test(...unless(missing ?? lxcfsMissing, "fh doctor says what lxcfs lies over"), () => {
  const { rows, source } = reportOf(doctor(WITH_LXCFS));
  const found = (wanted: string) => rows.find(({ name }) => name === wanted)!;
  assert.equal(source, "poll");
  assert.match(
    found("/proc").found,
    /^\/proc\/loadavg, \/proc\/stat and \/proc\/uptime are virtual \(fuse\.lxcfs\)/,
  );
  assert.deepEqual(found("pid counter").state, "ok");
  assert.match(found("pid counter").found, /ns_last_pid instead of \/proc\/loadavg/);
});

test(...unless(missing, "fh doctor ends with 0 as root on the host"), () => {
  const outcome = doctor([]);
  const { complete, source, rows } = reportOf(outcome);
  const unsound = rows.filter(({ name, state }) => state !== "ok" && name !== "other users");
  assert.deepEqual(unsound, []);
  assert.deepEqual([outcome.status, complete, source], [0, true, "connector"]);
});

test(...unless(missing, "fh doctor ends with 0 as root, whom hidepid does not concern"), () => {
  const outcome = doctor(withProcMounted("hidepid=2"));
  const { rows } = reportOf(outcome);
  assert.match(rows.find(({ name }) => name === "/proc")!.found, /does not concern this user/);
  assert.equal(outcome.status, 0);
});

test(...unless(missing, "fh doctor sees everything as root with subset=pid, and says so"), () => {
  const outcome = doctor(withProcMounted("subset=pid"));
  const { rows, source } = reportOf(outcome);
  const state = (wanted: string) => rows.find(({ name }) => name === wanted)!.state;
  assert.deepEqual([state("/proc"), state("pid counter")], ["limited", "missing"]);
  assert.deepEqual([outcome.status, source], [0, "connector"]);
});

test(...unless(missing, "fh doctor for people ends with the verdict, and what to run next"), () => {
  const { status, stdout, stderr } = doctor([], []);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(
    stdout,
    /\nsource connector: [^]*\nfh watch sees everything\n\nNext: fh .+\n {6}.+\n$/,
  );
  assert.match(doctor(["unshare", "--net"], []).stdout, /\nfh watch is limited: [^]*\n$/);
});

/** Scheduling policy of this thread: field 41 of its stat, proc_pid_stat(5). */
function policy(): number {
  const stat = readFileSync("/proc/thread-self/stat", "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
}

const openFiles = () => readdirSync("/proc/self/fd").length;

test("gatherFacts() leaves no descriptor open and the thread as it was", async () => {
  // The first run opens what the runtime keeps for child processes.
  await gatherFacts("/proc");
  const [files, scheduling] = [openFiles(), policy()];
  await gatherFacts("/proc");
  await until(() => openFiles() === files);
  assert.equal(policy(), scheduling);
});

test("gatherFacts() finds a folder that is no procfs, and the verdict says so", async () => {
  const facts = await gatherFacts(cache);
  assert.equal(facts.proc.processes, 0);
  const { rows, limits } = judge(facts);
  assert.equal(rows.find(({ name }) => name === "/proc")!.state, "missing");
  assert.ok(limits.some((limit) => /nothing is known of processes/.test(limit)), limits.join("; "));
});

test("gatherFacts() says what came of a source that was asked for", async () => {
  const { choice } = await gatherFacts("/proc", "poll");
  assert.equal(choice.source, "poll");
  assert.match(choice.why, /^it was asked for; \/proc is read instead/);
});
