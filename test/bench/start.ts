/**
 * Goal 14: how long short commands take.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { kill, undoAtEnd } from "./support/cleanup.ts";
import { startSleepers } from "./support/load.ts";
import { exited } from "./support/run.ts";
import { median, quantile } from "./support/stats.ts";
import { processCount } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { installed } from "./support/tools.ts";

const SIZES = [100, 5000] as const;
const ROUNDS = 5;
const REPEATS = 10;
/** Of the time that pstree takes, by processes. */
const LIMITS: Readonly<Record<number, number>> = { 100: 1.4, 5000: 0.3 };
const HELLO_LIMIT = 1.4;
const FIRST_RUNS = 20;
const FIRST_LIMIT_MS = 60;

/** One command at one number of processes; times in microseconds. */
interface Timing {
  readonly walls: number[];
  readonly peaks: number[];
}

/** `fh --version` and `fh tree` next to `pstree`, at few and at many processes. */
export async function startSection(bench: Bench): Promise<Section> {
  const title = "Start: short commands";
  if (!installed("pstree")) bench.say("start: pstree is missing: apt-get install psmisc");
  const hello = compileHello(bench);
  const commands = [
    ...(installed("pstree") ? [["pstree"]] : []),
    ...(hello === null ? [] : [[hello]]),
    ...(bench.fh === null ? [] : [[bench.fh, "--version"], [bench.fh, "tree"]]),
  ];
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const size of SIZES) {
    const sleepers = await startSleepers(Math.max(1, size - processCount()));
    const timings = commands.map((command) => ({ command, timing: { walls: [], peaks: [] } }));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { command, timing } of timings) time(bench, command, timing);
    }
    await sleepers.end();
    const base = timings.find(({ command }) => command[0] === "pstree")?.timing;
    const bare = median(timings.find(({ command }) => command[0] === hello)?.timing.walls ?? []);
    for (const { command, timing } of timings) {
      const name = command[0] === "pstree"
        ? "pstree"
        : command[0] === hello
        ? "a compiled hello world"
        : ["fh", ...command.slice(1)].join(" ");
      const wall = median(timing.walls);
      const ratio = wall / median(base?.walls ?? []);
      const peak = megabytes(median(timing.peaks));
      rows.push([name, `${size}`, number(ratio), `${number(wall / 1000)} ms`, peak]);
      bench.say(`start: ${name} at ${size} processes: ${number(wall / 1000)} ms`);
      if (command[0] === "pstree" || command[0] === hello) continue;
      if (command[1] === "--version") {
        const what = `fh --version at ${size} processes: within 1.4 times a compiled hello world`;
        goals.push(atMost(14, what, wall / bare, HELLO_LIMIT, number(wall / bare)));
        continue;
      }
      const limit = LIMITS[size] ?? NaN;
      const text = `${name} at ${size} processes: within ${limit} times pstree's wall time`;
      goals.push(atMost(14, text, ratio, limit, number(ratio)));
    }
  }
  const first = bench.fh === null ? [] : await firstEvents(bench.fh);
  const [half, most] = [0.5, 1].map((at) => quantile(first, at));
  bench.say(`start: fh watch to its first event: ${number(half!)} ms, longest ${number(most!)} ms`);
  const text = "fh watch from its start to the first event: median within 60 ms";
  goals.push(atMost(14, text, half!, FIRST_LIMIT_MS, `${number(half!)} ms`));
  return {
    title,
    body: [
      `Median of ${ROUNDS * REPEATS} runs, in turn, output to /dev/null, caches warm.`,
      "",
      ...table(["command", "processes", "wall time / pstree's", "wall time", "memory"], rows),
      "",
      "`fh watch --json` beside a program that starts others all the time, " +
      `${FIRST_RUNS} runs: from its start until a line of the first event was read from a pipe.`,
      "",
      ...table(["median", "longest"], [[`${number(half!)} ms`, `${number(most!)} ms`]]),
    ],
    goals,
  };
}

/** The least that a program takes that Bun has compiled; null where it cannot be compiled. */
function compileHello(bench: Bench): string | null {
  const [source, path] = ["hello.js", "hello"].map((name) => join(bench.folder, name));
  writeFileSync(source!, 'console.log("hello world");\n');
  const args = ["build", "--compile", "--minify", "--bytecode", source!, "--outfile", path!];
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  return status === 0 ? path! : null;
}

/** Milliseconds from the start of a watch to its first event, in each run. */
async function firstEvents(fh: string): Promise<number[]> {
  const script = "while :; do /bin/true; done";
  const busy = spawn("sh", ["-c", script], { stdio: "ignore" });
  const done = undoAtEnd(() => kill(busy.pid ?? 0, "SIGKILL"));
  const found: number[] = [];
  for (let run = 0; run < FIRST_RUNS; run++) {
    const began = performance.now();
    const watch = spawn(fh, ["watch", "--json", "-q"], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    for await (const chunk of watch.stdout.setEncoding("utf8")) {
      text += chunk;
      // The first line tells the source.
      if (text.split("\n").length > 2) break;
    }
    found.push(performance.now() - began);
    watch.kill("SIGINT");
    await exited(watch);
  }
  busy.kill("SIGKILL");
  await exited(busy);
  done();
  return found;
}

function time(bench: Bench, command: readonly string[], timing: Timing): void {
  const path = join(bench.folder, "start.json");
  const args = ["--repeat", `${REPEATS}`, "--null", path, ...command];
  spawnSync(program("measure") ?? "", args, { stdio: ["ignore", "ignore", "inherit"] });
  const { runs } = JSON.parse(readFileSync(path, "utf8"));
  for (const run of runs) {
    if (run.status !== 0) throw new Error(`${command.join(" ")} ended with status ${run.status}`);
    timing.walls.push(run.wall_us);
    timing.peaks.push(run.max_rss);
  }
}
