/**
 * Goal 14: how long short commands take.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { startSleepers } from "./support/load.ts";
import { median } from "./support/stats.ts";
import { processCount } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { installed } from "./support/tools.ts";

const SIZES = [100, 5000] as const;
const ROUNDS = 5;
const REPEATS = 10;
const LIMIT = 1.5;

/** One command at one number of processes; times in microseconds. */
interface Timing {
  readonly walls: number[];
  readonly peaks: number[];
}

/** `fh --version` and `fh tree` next to `pstree`, at few and at many processes. */
export async function startSection(bench: Bench): Promise<Section> {
  const title = "Start: short commands";
  if (!installed("pstree")) bench.say("start: pstree is missing: apt-get install psmisc");
  const commands = [
    ...(installed("pstree") ? [["pstree"]] : []),
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
    for (const { command, timing } of timings) {
      const name = command[0] === "pstree" ? "pstree" : ["fh", ...command.slice(1)].join(" ");
      const wall = median(timing.walls);
      const ratio = wall / median(base?.walls ?? []);
      const peak = megabytes(median(timing.peaks));
      rows.push([name, `${size}`, number(ratio), `${number(wall / 1000)} ms`, peak]);
      bench.say(`start: ${name} at ${size} processes: ${number(wall / 1000)} ms`);
      if (command[0] === "pstree") continue;
      const text = `${name} at ${size} processes: within 1.5 times pstree's wall time`;
      goals.push(atMost(14, text, ratio, LIMIT, number(ratio)));
    }
  }
  return {
    title,
    body: [
      `Median of ${ROUNDS * REPEATS} runs, in turn, output to /dev/null, caches warm.`,
      "",
      ...table(["command", "processes", "wall time / pstree's", "wall time", "memory"], rows),
    ],
    goals,
  };
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
