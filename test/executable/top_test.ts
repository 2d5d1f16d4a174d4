/** `fh top` in a pipe, as JSON, and on a terminal by keys and screens. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
import { JobHost } from "../support/job_calls.ts";
import { connectorMissing } from "../support/observe.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const isRoot = process.geteuid!() === 0;
const folder = temporaryFolder("fh-top-");
const socket = join(folder, "tmux");
const TMUX = ["/usr/bin/tmux", "/bin/tmux"].find((path) => existsSync(path));

function tmux(...args: string[]): string {
  const result = spawnSync(TMUX!, ["-S", socket, "-f", "/dev/null", ...args], { encoding: "utf8" });
  return result.stdout;
}

atEnd(() => {
  if (TMUX !== undefined) tmux("kill-server");
});

test("a table and an object of one look, whoever asks", () => {
  for (const uid of isRoot ? [0, 65_534] : [process.getuid!()]) {
    const { status, stdout, stderr } = runFh(["top", "--json", "-n", "1"], { uid, gid: uid });
    assert.equal(status, 0, stderr);
    const { rows, by, notes } = JSON.parse(stdout);
    assert.equal(by, "command");
    assert.ok(Array.isArray(notes));
    assert.ok(rows.some((row: { name: string; living: number }) => row.living > 0));
    const table = runFh(["top", "--by", "user"], { uid, gid: uid });
    assert.equal(table.status, 0, table.stderr);
    assert.match(table.stdout, /^ *CPU% +MEMORY +LIVE .* PID {2}USER\n/);
  }
});

test("wrong keys, columns and intervals are refused", () => {
  for (const words of [["--by", "x"], ["--sort", "x"], ["--interval", "1ms"]]) {
    assert.equal(runFh(["top", ...words]).status, 2);
  }
});

const screen = () => tmux("capture-pane", "-p", "-t", "top");
const keys = (...words: string[]) => tmux("send-keys", "-t", "top", ...words);
const shows = (what: RegExp) => until(() => what.test(screen()));

/** Starts a shell in a terminal of that size, and fh in it. */
async function startTop(size: readonly [number, number], ...args: readonly string[]) {
  const [columns, rows] = size.map(String);
  const command = "env PS1='ready> ' sh";
  tmux("new-session", "-d", "-s", "top", "-x", columns!, "-y", rows!, command);
  await shows(/ready>/);
  keys(`${FH} top ${args.join(" ")}`, "Enter");
  await shows(/CPU%/);
}

/** The terminal is the shell's again, as it was before. */
async function endsWith(status: number): Promise<void> {
  await shows(/ready> *\n*$/);
  keys("echo status $?; stty -a | grep -o -- '-*icanon'", "Enter");
  await shows(new RegExp(`\nstatus ${status}\nicanon\n`));
  assert.equal(tmux("display", "-p", "-t", "top", "#{alternate_on} #{mouse_any_flag}"), "0 0\n");
  tmux("kill-session", "-t", "top");
}

/** A click as terminals tell it (SGR); cells are counted from 1. */
function click(x: number, y: number): void {
  keys("-l", `\x1b[<0;${x};${y}M\x1b[<0;${x};${y}m`);
}

const missing = TMUX === undefined ? "tmux" : null;

for (const [columns, rows] of [[80, 24], [160, 50]] as const) {
  test(...unless(missing, `keys and screens of ${columns}x${rows}`), async () => {
    const victim = spawn("sleep", ["54321"]);
    const ended = once(victim, "exit");
    await startTop([columns, rows]);
    await shows(/\[2 command\][^]*CPU%/);
    keys("Tab");
    await shows(/\[3 user\]/);
    keys("1");
    await shows(/\[1 subtree\]/);
    keys("/");
    keys("-l", "sleep 54321");
    keys("Enter");
    await shows(new RegExp(`${victim.pid} > sleep 54321`));
    keys("f");
    await shows(/frozen/);
    keys("f", ">");
    await shows(/vMEMORY/);
    tmux("resize-window", "-t", "top", "-x", "100", "-y", "30");
    await shows(/> sleep 54321/);
    keys("Enter");
    await shows(/started by[^]*Escape goes back/);
    keys("Escape");
    await shows(/> sleep 54321/);
    keys("k", "Enter");
    await shows(/Send SIGTERM to sleep \(\d+\)\? y or n/);
    keys("y");
    assert.deepEqual((await ended)[1], "SIGTERM");
    keys("q");
    await endsWith(0);
  });
}

/** A shell with two children, of which one is busy, in a group of their own. */
const FAMILY = "sleep 54322 & busy() { while :; do :; done; }; busy & wait";

test(...unless(missing, "a subtree is opened and shut, by keys and by mouse"), async () => {
  await using family = Running.start(["setsid", "sh", "-c", FAMILY]);
  using _children = { [Symbol.dispose]: () => void process.kill(-family.pid, "SIGKILL") };
  await startTop([80, 24], "--by", "subtree", "-p", String(family.pid));
  await shows(/\+ sh -c[^]*\n.* {2}sleep 54322/);
  keys("Left");
  await until(() => !/sleep 54322\n/.test(screen()));
  keys("Right");
  await shows(/ {2}sleep 54322/);
  click(10, 2);
  await shows(/vMEMORY/);
  click(10, 2);
  await shows(/\^MEMORY/);
  // A click selects the row on which it is.
  const at = screen().split("\n").findIndex((line) => / {2}sleep 54322/.test(line));
  click(70, at + 1);
  await shows(/> .*sleep 54322/);
  keys("?");
  await shows(/Tab, 1 to 6[^]*Escape goes back/);
  keys("q", "q");
  await endsWith(0);
});

test(...unless(missing, "Ctrl-Z gives the terminal back, and fg takes it again"), async () => {
  await startTop([80, 24]);
  keys("C-z");
  await shows(/ready> *\n*$/);
  assert.equal(tmux("display", "-p", "-t", "top", "#{alternate_on} #{mouse_any_flag}"), "0 0\n");
  keys("fg", "Enter");
  await shows(/\[2 command\][^]*CPU%/);
  assert.equal(tmux("display", "-p", "-t", "top", "#{alternate_on}"), "1\n");
  keys("q");
  await endsWith(0);
});

for (const signal of ["TERM", "HUP"]) {
  test(...unless(missing, `SIG${signal} ends it with the terminal as it was`), async () => {
    await startTop([80, 24]);
    const shell = tmux("display", "-p", "-t", "top", "#{pane_pid}").trim();
    const fh = readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim();
    process.kill(Number(fh), `SIG${signal}`);
    await endsWith(0);
  });
}

test("what a process uses of a CPU is told", async () => {
  await using busy = Running.start(["sh", "-c", "while :; do :; done"]);
  const ticks = () => {
    const stat = readFileSync(`/proc/${busy.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return Number(stat[11]) + Number(stat[12]);
  };
  const [began, before] = [performance.now(), ticks()];
  const args = ["--json", "-n", "1", "--interval", "1500ms", "-p", String(busy.pid)];
  const { stdout, stderr } = runFh(["top", ...args]);
  const [row] = JSON.parse(stdout).rows;
  const [used, passedMs] = [(ticks() - before) * 10, performance.now() - began];
  assert.ok(row !== undefined, stderr);
  const toldMs = row.cpu_percent / 100 * 1500;
  // On a busy host it does not get its CPU evenly.
  assert.ok(toldMs > 0.3 * used * 1500 / passedMs, `${toldMs} of ${used} in ${passedMs}`);
  assert.ok(toldMs <= used + 50, `${toldMs} of ${used}`);
  assert.equal(row.pid, busy.pid);
});

test(...unless(connectorMissing, "rows by job, as a recorder knows them"), async () => {
  await using host = await JobHost.start();
  await using family = Running.start(["sh", "-c", "while :; do sleep 0.05; done"]);
  host.create("nightly", family.pid);
  const { socket } = host.folder;
  const env = { ...process.env as Record<string, string>, FH_SOCKET: socket };
  const { rows, notes } = JSON.parse(
    runFh(["top", "--json", "--by", "job", "-n", "2"], { env })
      .stdout.split("\n")[1]!,
  );
  const row = rows.find(({ name }: { name: string }) => name === "nightly");
  assert.ok(row !== undefined, JSON.stringify({ rows, notes }));
  // What was born since belongs to it, too.
  assert.ok(row.living >= 1 && row.started_per_second > 0, JSON.stringify(row));
  const alone = runFh(["top", "--by", "job"], { env: { ...env, FH_SOCKET: join(folder, "none") } });
  assert.match(alone.stderr, /^fh: jobs are not known: No server/m);
});

test("rows are of those that are asked for", () => {
  const { status, stdout } = runFh(["top", "--json", "-n", "1", "-c", "fh", "--by", "user"]);
  assert.equal(status, 0);
  const { rows } = JSON.parse(stdout);
  assert.ok(rows.length > 0 && rows.length < 4, stdout);
  assert.equal(runFh(["top", "-u", "nobody-of-that-name"]).status, 2);
});
