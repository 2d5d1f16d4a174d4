/** `fh top` in a pipe, as JSON, and on a terminal by keys and screens. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";
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

for (const [columns, rows] of [[80, 24], [160, 50]] as const) {
  const missing = TMUX === undefined ? "tmux" : null;
  test(...unless(missing, `keys and screens of ${columns}x${rows}`), async () => {
    const victim = spawn("sleep", ["54321"]);
    const ended = once(victim, "exit");
    const size = ["-x", String(columns), "-y", String(rows)];
    tmux("new-session", "-d", "-s", "top", ...size, "env PS1='ready> ' sh");
    await shows(/ready>/);
    keys(`${FH} top`, "Enter");
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
    await shows(/ready> *\n*$/);
    keys("stty -a | grep -o -- '-*icanon'; echo 'status' $?", "Enter");
    await shows(/\nicanon\nstatus 0/);
    assert.equal(tmux("display", "-p", "-t", "top", "#{alternate_on} #{mouse_any_flag}"), "0 0\n");
    tmux("kill-session", "-t", "top");
  });
}
