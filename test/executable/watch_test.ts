/** The executable watches: exactly, as anybody, into anything that can be written to. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ExitEvent, WatchEvent } from "../../src/library.ts";
import { parseTruth, type Task } from "../bench/support/truth.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { connectorMissing, run, type TaskEvent } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";

const VFORKS = 20_000;
const SPAWNS = 2_000;
const NOBODY = 65_534;

const folder = temporaryFolder("fh-watch-");
chmodSync(folder, 0o755);

const rootMissing = process.getuid?.() === 0 ? null : "needs root";
const exactMissing = programsMissing ?? connectorMissing ?? rootMissing;

/** Runs phases of load.c; the truth of them. */
async function load(...phases: string[]): Promise<Task[]> {
  const truth = join(folder, "truth");
  const args = ["--truth", truth, ...phases.flatMap((phase) => ["--phase", phase])];
  await run(program("load")!, args);
  return parseTruth(readFileSync(truth, "utf8"));
}

/** The events of the children of `ppid`, of one kind. */
function childrenOf(events: readonly WatchEvent[], ppid: number, kind: string): TaskEvent[] {
  return events.filter((event): event is TaskEvent =>
    event.event === kind && (event as TaskEvent).ppid === ppid
  );
}

/**
 * Every task of the load exactly once in each kind of event. Forks and execs come in the order in
 * which they were; a parent may hear of an exit, and fork again, before the kernel tells of it.
 */
function checkLoad(events: readonly WatchEvent[], tasks: readonly Task[]): void {
  const { ppid } = tasks[0]!;
  const told = (kind: string) => childrenOf(events, ppid, kind).map(({ pid }) => pid);
  assert.deepEqual(told("fork"), tasks.map(({ pid }) => pid));
  const rank = new Map(tasks.map(({ pid }, index) => [pid, index]));
  const exits = childrenOf(events, ppid, "exit") as ExitEvent[];
  assert.deepEqual(
    exits.toSorted((a, b) => rank.get(a.pid)! - rank.get(b.pid)!).map((
      { pid, exit_code, signal },
    ) => ({ pid, exit_code, signal })),
    tasks.map(({ pid, status }) => ({ pid, exit_code: status >> 8, signal: null })),
  );
  // On a busy machine a program may be gone before its command line is read: then it is null.
  const execs = childrenOf(events, ppid, "exec");
  const expected = tasks.filter(({ argv }) => argv !== null);
  assert.deepEqual(execs.map(({ pid }) => pid), expected.map(({ pid }) => pid));
  const wrong = execs.filter(({ argv }, at) =>
    argv !== null && argv.join(" ") !== expected[at]!.argv
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(events.filter(({ event }) => event === "gap"), []);
}

test(
  ...unless(exactMissing, "fh watch as root tells every event of a load exactly once"),
  async () => {
    await using fh = Running.start([FH, "watch", "--json", "--stats"]);
    await fh.wrote("\n");
    const tasks = await load(`vfork,count=${VFORKS}`, `spawn,count=${SPAWNS}`);
    assert.equal(tasks.length, VFORKS + SPAWNS);
    const { status, stderr } = await fh.end("SIGINT");
    assert.equal(status, 0);
    const { events } = fh;
    checkLoad(events, tasks);
    const times = events.map(({ time }) => time);
    // A task that the kernel preempts between stamp and send comes late: rare, but not ours.
    const late = times.filter((time, at) => at > 0 && time < times[at - 1]!);
    assert.ok(late.length <= 3, `${late.length} of ${times.length} lines out of order`);
    assert.match(stderr, /, lost events 0\n/);
    const forks = Number(/^watched .*\bfork (\d+)/m.exec(stderr)?.[1]);
    assert.equal(forks, events.filter(({ event }) => event === "fork").length);
  },
);

test(
  ...unless(rootMissing, "fh watch works as nobody, copied to a folder that is not nobody's"),
  () => {
    const place = join(folder, "copy");
    mkdirSync(place, { mode: 0o755 });
    const copy = join(place, "fh");
    copyFileSync(FH, copy);
    chmodSync(copy, 0o755);
    const args = ["watch", "--json", "--source", "poll", "--", "sh", "-c", "sleep 0.2; exit 5"];
    const { status, stdout, stderr } = runProgram(copy, args, {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      uid: NOBODY,
      gid: NOBODY,
    });
    assert.equal(status, 5, stderr);
    assert.equal(stderr, "fh: source poll: it was asked for; /proc is read instead\n");
    const events: TaskEvent[] = stdout.trim().split("\n").slice(1).map((line) => JSON.parse(line));
    const exit = events.find((event) => event.argv?.[0] === "sleep" && event.event === "exit");
    assert.deepEqual([exit?.user, (exit as ExitEvent)?.exit_code], ["nobody", 0]);
    rmSync(place, { recursive: true });
  },
);

/** Watches what a shell does and ends with its status: the command, its status. */
const COMMANDS: readonly (readonly [command: readonly string[], status: number])[] = [
  [["sh", "-c", "exit 3"], 3],
  [["sh", "-c", "kill -KILL $$"], 137],
  [["no-such-command"], 127],
  [[join(folder, "no-such-command")], 127],
  [[join(folder, "plain")], 126],
  [[folder], 126],
];
writeFileSync(join(folder, "plain"), "no program\n", { mode: 0o644 });

for (const [command, status] of COMMANDS) {
  const shown = command.join(" ").replaceAll(folder, "FOLDER");
  test(`fh watch -- ${shown} ends with ${status}`, () => {
    const outcome = runFh(["watch", "-q", "--", ...command]);
    assert.equal(outcome.status, status, outcome.stderr);
    if (status === 126 || status === 127) {
      assert.match(outcome.stderr, /^fh: Cannot run \S+: [^\n]+\n$/);
    } else assert.equal(outcome.stderr, "");
  });
}

for (const source of ["poll", "connector"] as const) {
  const missing = source === "connector" ? connectorMissing : null;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    const name = `${signal} ends fh watch through ${source} with everything written`;
    test(...unless(programsMissing ?? missing, name), async () => {
      const args = ["watch", "--json", "--snapshot", "--source", source];
      await using fh = Running.start([FH, ...args]);
      await fh.wrote('"event":"snapshot"');
      const tasks = await load("fork,count=5,life=50000");
      const { status, stdout } = await fh.end(signal);
      assert.equal(status, 0);
      assert.ok(stdout.endsWith("}\n"), "the last line is whole");
      const exits = childrenOf(fh.events, tasks[0]!.ppid, "exit");
      assert.deepEqual(exits.map(({ pid }) => pid), tasks.map(({ pid }) => pid));
    });
  }
}

test("fh watch | head ends quietly with 0", async () => {
  const script = '{ "$0" watch -q --json; echo "status $?" >&2; } | head -n 1';
  const shell = spawn("sh", ["-c", script, FH], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  shell.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout += chunk);
  shell.stderr.setEncoding("utf8").on("data", (chunk: string) => stderr += chunk);
  const over = new Promise((resolve) => shell.once("close", resolve));
  // Something to write is what tells that the reader is gone.
  for (let ended = false; !ended;) {
    await run("true", []);
    ended = await Promise.race([over.then(() => true), run("true", []).then(() => false)]);
  }
  assert.equal(stderr, "status 0\n");
  assert.equal(JSON.parse(stdout).event, "source");
});

/** Runs fh behind a redirection. */
function redirected(redirection: string, ...args: string[]) {
  return runProgram("sh", ["-c", `"$0" "$@" ${redirection}`, FH, ...args]);
}

test("fh ends with 1 and one line when standard output is full", () => {
  const command = ["sh", "-c", "sleep 0.05"];
  for (const args of [["watch", "-q", "--json", "--", ...command], ["tree"], ["--version"]]) {
    assert.deepEqual(redirected("> /dev/full", ...args), {
      status: 1,
      stdout: "",
      stderr: "fh: Cannot write standard output: ENOSPC\n",
    }, args.join(" "));
  }
});

test("fh takes a closed standard output for one that nobody reads", () => {
  const watch = ["watch", "-q", "--json", "--", "sh", "-c", "exit 3"];
  assert.deepEqual(redirected(">&-", ...watch), { status: 3, stdout: "", stderr: "" });
  assert.deepEqual(redirected(">&-", "tree", "-q", "1"), { status: 0, stdout: "", stderr: "" });
});

test("fh watch runs from / with an empty environment, and says which source and why", () => {
  const args = ["watch", "-v", "--json", "--duration", "50ms"];
  const { status, stdout, stderr } = runFh(args, { cwd: "/", env: {} });
  const first: WatchEvent = JSON.parse(stdout.split("\n")[0]!);
  assert.ok(first.event === "source");
  assert.deepEqual({ status, stderr }, {
    status: 0,
    stderr: `fh: source ${first.source}: ${first.why}\n`,
  });
});

/** What fh writes to a terminal, which script(1) gives it; escapes are shown as `~`. */
function inTerminal(env: Readonly<Record<string, string>>): string[] {
  const watch = `${FH} watch --source poll -- sh -c 'sleep 0.1; exit 3' 2> /dev/null`;
  const { status, stdout } = runProgram("script", ["-qec", watch, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", SHELL: "/bin/sh", ...env },
  });
  assert.equal(status, 3, stdout);
  return stdout.replaceAll("\x1b", "~").trimEnd().split("\r\n");
}

/** Lines about exits; what the poller missed may be told after the last. */
const isExit = (line: string) => line.includes(" exit ");

const terminalMissing = runProgram("sh", ["-c", "command -v script"]).status === 0
  ? null
  : "needs script(1): apt-get install bsdutils";

test(...unless(terminalMissing, "fh watch has a header and colours in a terminal"), () => {
  const lines = inTerminal({});
  assert.match(lines[0]!, /^~\[1mTIME +EVENT +PID +PPID +USER +COMMAND~\[0m$/);
  assert.match(
    lines.findLast(isExit)!,
    /^~\[31m\S+ exit [^~]*~\[0msh -c 'sleep 0.1…?.* # exit 3, \S+$/,
  );
});

test(...unless(terminalMissing, "fh watch respects NO_COLOR in a terminal"), () => {
  const lines = inTerminal({ NO_COLOR: "1" });
  assert.match(lines[0]!, /^TIME +EVENT +PID +PPID +USER +COMMAND$/);
  assert.match(lines.findLast(isExit)!, /^\S+ exit .* sh -c 'sleep 0.1.* # exit 3, \S+$/);
  assert.ok(!lines.join("").includes("~"));
});
