/** `fh top` in a pipe, as JSON, and on a terminal by keys and screens. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
import { JobHost } from "../support/job_calls.ts";
import { connectorMissing } from "../support/observe.ts";
import { Running } from "../support/running.ts";
import { Tmux, tmuxMissing } from "../support/tmux.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const isRoot = process.geteuid!() === 0;
const folder = temporaryFolder("fh-top-");

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

/** A terminal in which fh was started. */
async function startTop(
  [columns, rows]: readonly [number, number],
  ...args: readonly string[]
): Promise<Tmux> {
  const tmux = await Tmux.start(columns, rows);
  tmux.keys(`${FH} top ${args.join(" ")}`, "Enter");
  await tmux.shows(/CPU%/);
  return tmux;
}

/** The terminal is the shell's again, as it was before. */
async function hasEnded(tmux: Tmux): Promise<void> {
  await tmux.shows(/ready> *\n*$/);
  tmux.keys("echo status $?; stty -a | grep -o -- '-*icanon'", "Enter");
  await tmux.shows(/\nstatus 0\nicanon\n/);
  assert.equal(tmux.value("#{alternate_on} #{mouse_any_flag}"), "0 0");
}

for (const [columns, rows] of [[80, 24], [160, 50]] as const) {
  test(...unless(tmuxMissing, `keys and screens of ${columns}x${rows}`), async () => {
    const victim = spawn("sleep", ["54321"]);
    const ended = once(victim, "exit");
    using tmux = await startTop([columns, rows]);
    await tmux.shows(/\[2 command\][^]*CPU%/);
    tmux.keys("Tab");
    await tmux.shows(/\[3 user\]/);
    tmux.keys("1");
    await tmux.shows(/\[1 subtree\]/);
    tmux.keys("/");
    tmux.type("sleep 54321");
    tmux.keys("Enter");
    await tmux.shows(new RegExp(`${victim.pid} > sleep 54321`));
    tmux.keys("f");
    await tmux.shows(/frozen/);
    tmux.keys("f", ">");
    await tmux.shows(/vMEMORY/);
    tmux.resize(100, 30);
    await tmux.shows(/> sleep 54321/);
    tmux.keys("Enter");
    await tmux.shows(/started by[^]*Escape goes back/);
    tmux.keys("Escape");
    await tmux.shows(/> sleep 54321/);
    tmux.keys("k", "Enter");
    await tmux.shows(/Send SIGTERM to sleep \(\d+\)\? y or n/);
    tmux.keys("y");
    assert.deepEqual((await ended)[1], "SIGTERM");
    tmux.keys("q");
    await hasEnded(tmux);
  });
}

/** A shell with two children, of which one is busy, in a group of their own. */
const FAMILY = "sleep 54322 & busy() { while :; do :; done; }; busy & wait";

test(...unless(tmuxMissing, "a subtree is opened and shut, by keys and by mouse"), async () => {
  await using family = Running.start(["setsid", "sh", "-c", FAMILY]);
  using _children = { [Symbol.dispose]: () => void process.kill(-family.pid, "SIGKILL") };
  using tmux = await startTop([80, 24], "--by", "subtree", "-p", String(family.pid));
  await tmux.shows(/\+ sh -c[^]*\n.* {2}sleep 54322/);
  tmux.keys("Left");
  await until(() => !/sleep 54322\n/.test(tmux.screen()));
  tmux.keys("Right");
  await tmux.shows(/ {2}sleep 54322/);
  tmux.click(10, 2);
  await tmux.shows(/vMEMORY/);
  tmux.click(10, 2);
  await tmux.shows(/\^MEMORY/);
  // A click selects the row on which it is.
  const at = tmux.screen().split("\n").findIndex((line) => / {2}sleep 54322/.test(line));
  tmux.click(70, at + 1);
  await tmux.shows(/> .*sleep 54322/);
  tmux.keys("?");
  await tmux.shows(/Tab, 1 to 6[^]*Escape goes back/);
  tmux.keys("q", "q");
  await hasEnded(tmux);
});

test(...unless(tmuxMissing, "Ctrl-Z gives the terminal back, and fg takes it again"), async () => {
  using tmux = await startTop([80, 24]);
  tmux.keys("C-z");
  await tmux.shows(/ready> *\n*$/);
  assert.equal(tmux.value("#{alternate_on} #{mouse_any_flag}"), "0 0");
  tmux.keys("fg", "Enter");
  await tmux.shows(/\[2 command\][^]*CPU%/);
  assert.equal(tmux.value("#{alternate_on}"), "1");
  tmux.keys("q");
  await hasEnded(tmux);
});

for (const signal of ["TERM", "HUP"]) {
  test(...unless(tmuxMissing, `SIG${signal} ends it with the terminal as it was`), async () => {
    using tmux = await startTop([80, 24]);
    process.kill(tmux.child(), `SIG${signal}`);
    await hasEnded(tmux);
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
