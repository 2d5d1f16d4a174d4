/** Capture goes on whatever its reader does, and nothing is dropped without a count. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { WatchEvent } from "../../src/library.ts";
import { childrenOf, connectorSockets, memory } from "../bench/support/system.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { connectorMissing, run } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { Running } from "../support/running.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

/** So long fh tells what it has held back when it is to end; src/session.ts. */
const END_MS = 3000;
const [CTRL_C, CTRL_Q, CTRL_S] = ["\x03", "\x11", "\x13"];

const folder = temporaryFolder("fh-reader-");

const exactMissing = programsMissing ?? connectorMissing;
const terminalMissing = runProgram("sh", ["-c", "command -v script"]).status === 0
  ? null
  : "needs script(1): apt-get install bsdutils";

/** A shell that becomes the load when it is told a line: its pid is known beforehand. */
function loadToBe(phase: string): Running {
  return Running.start(["sh", "-c", 'read go; exec "$0" --phase "$1"', program("load")!, phase]);
}

/** `fh watch` with its output in a pipe, and the end that nobody reads yet. */
async function watchIntoPipe(pid: number): Promise<{ fh: ChildProcess; reader: number }> {
  const path = join(folder, `pipe-${pid}`);
  spawnSync("mkfifo", [path]);
  // Opened for both directions first: neither of the other two opens blocks then.
  const both = openSync(path, "r+");
  const [reader, writer] = [openSync(path, "r"), openSync(path, "w")];
  const args = ["watch", "-q", "--json", "--source", "connector", "-p", `${pid}`];
  const fh = spawn(FH, args, { stdio: ["ignore", writer, "inherit"] });
  closeSync(both);
  closeSync(writer);
  await until(() => connectorSockets(fh.pid!).length > 0);
  await delay(200);
  return { fh, reader };
}

/** Reads all that is left in the pipe while fh ends. */
async function readToEnd(fh: ChildProcess, reader: number): Promise<WatchEvent[]> {
  const path = join(folder, `out-${fh.pid}`);
  const out = openSync(path, "w");
  const cat = spawn("cat", [], { stdio: [reader, out, "inherit"] });
  for (const fd of [reader, out]) closeSync(fd);
  const ended = [once(fh, "exit"), once(cat, "exit")];
  fh.kill("SIGTERM");
  await Promise.all(ended);
  assert.equal(fh.exitCode, 0);
  return readFileSync(path, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

function lostTo(events: readonly WatchEvent[], reason: string): number {
  return events.reduce(
    (sum, event) => sum + (event.event === "gap" && event.reason === reason ? event.lost : 0),
    0,
  );
}

test(
  ...unless(
    exactMissing,
    "a reader that stands still costs bounded memory and is told what it missed",
  ),
  async () => {
    const count = 320_000;
    await using load = loadToBe(`vfork,count=${count}`);
    const { fh, reader } = await watchIntoPipe(load.pid);
    load.tell("go");
    await load.end();
    const [{ waiting, drops } = { waiting: NaN, drops: NaN }] = connectorSockets(fh.pid!);
    const { peak } = memory(fh.pid!);
    const began = performance.now();
    const events = await readToEnd(fh, reader);
    const isHurried = performance.now() - began > END_MS;
    assert.equal(drops, 0, "the kernel dropped nothing");
    assert.ok(waiting < 1 << 20, `capture is not behind: ${waiting} bytes wait`);
    assert.ok(peak < 200e6, `${peak} bytes`);
    const lost = lostTo(events, "slow reader");
    assert.ok(lost > 0, "so many events do not fit");
    const told = events.filter(({ event }) => event !== "gap" && event !== "source").length;
    // Forks and exits, and the exec and the exit of the load itself.
    const all = 2 * count + 2;
    // What is not told in time at the end is counted before anybody asks whose it was.
    if (isHurried) assert.ok(told + lost >= all, `${told} told, ${lost} lost`);
    else assert.equal(told + lost, all);
  },
);

test(...unless(exactMissing, "a reader that is late gets all that fits"), async () => {
  const count = 20_000;
  await using load = loadToBe(`vfork,count=${count}`);
  const { fh, reader } = await watchIntoPipe(load.pid);
  load.tell("go");
  await load.end();
  const events = await readToEnd(fh, reader);
  const of = (kind: string) => events.filter(({ event }) => event === kind).length;
  assert.deepEqual([of("fork"), of("exec"), of("exit"), of("gap")], [count, 1, count + 1, 0]);
});

test(
  ...unless(exactMissing, "what happens while fh is stopped is told when it goes on"),
  async () => {
    const count = 3000;
    await using load = loadToBe(`vfork,count=${count}`);
    const args = ["watch", "-q", "--json", "--source", "connector", "-p", `${load.pid}`];
    await using fh = Running.start([FH, ...args]);
    await fh.wrote('"event":"source"');
    fh.kill("SIGSTOP");
    load.tell("go");
    await load.end();
    fh.kill("SIGCONT");
    const { status } = await fh.end("SIGTERM");
    assert.equal(status, 0);
    const of = (kind: string) => fh.events.filter(({ event }) => event === kind).length;
    assert.deepEqual([of("fork"), of("exit"), of("gap")], [count, count + 1, 0]);
  },
);

test(
  ...unless(terminalMissing, "a terminal that is stopped with Ctrl-S gets everything after Ctrl-Q"),
  async () => {
    const mark = `fh-mark-${performance.now()}`;
    // script(1) runs it with $SHELL, which need not replace itself by the last command.
    const watch = `stty cols 200; exec ${FH} watch -q --color never -e exec -m ${mark}`;
    const script = spawn("script", ["-qec", watch, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let shown = "";
    script.stdout.setEncoding("utf8").on("data", (text: string) => shown += text);
    const marks = () =>
      [...shown.matchAll(new RegExp(`${mark}-(\\d+)`, "g"))].map(([, n]) => Number(n));
    // Each sleeps a little, so that the poller sees it too.
    const start = (from: number, to: number) =>
      run("sh", ["-c", `for i in $(seq ${from} ${to}); do sh -c 'sleep 0.01; :' ${mark}-$i; done`]);
    await until(
      () => (spawnSync("sh", ["-c", "sleep 0.02; :", `${mark}-0`]), marks().length > 0),
    );
    script.stdin.write(CTRL_S);
    await delay(300);
    const before = marks().length;
    await start(1, 40);
    await delay(300);
    assert.equal(marks().length, before, "the terminal is stopped");
    const [pid = 0] = childrenOf(script.pid!);
    assert.equal(connectorSockets(pid).reduce((sum, { waiting }) => sum + waiting, 0), 0);
    script.stdin.write(CTRL_Q);
    await until(() => marks().includes(40));
    const later = marks().filter((n) => n > 0);
    assert.deepEqual([...new Set(later)], Array.from({ length: 40 }, (_, i) => i + 1));
    const ended = once(script, "exit");
    script.stdin.write(CTRL_C);
    await ended;
    assert.equal(script.exitCode, 0);
  },
);
