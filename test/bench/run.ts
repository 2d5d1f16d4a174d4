/**
 * Goal 22: what `fh run` adds to a build.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { median } from "./support/stats.ts";
import { number, seconds, table } from "./support/table.ts";

/** Compilations; each is three processes: cc, cc1, as. */
const FILES = 1667;
const QUICK_FILES = 50;
const LIMIT_PERCENT = 3;
const SOURCE = '#include <stdio.h>\nint main(void)\n{\n\tputs("hello");\n\treturn 0;\n}\n';

/** A way to run the build. */
interface Way {
  readonly name: string;
  /** What stands before the command. */
  readonly before: readonly string[];
}

/** One build. */
interface Build {
  /** Microseconds. */
  readonly wall: number;
  /** CPU time of the build and of fh, microseconds. */
  readonly cpu: number;
  /** CPU time of fh alone; null without it. */
  readonly own: number | null;
  readonly started: number | null;
  readonly accounted: number | null;
}

/** The build alone and under `fh run` in turn, so that a slow minute of the machine hits all. */
export async function runSection(bench: Bench): Promise<Section> {
  await Promise.resolve();
  if (bench.fh === null) throw new Error("there is no fh to measure");
  if (spawnSync("cc", ["--version"]).status !== 0) throw new Error("there is no C compiler (cc)");
  const sources = bench.isRoot ? ["connector", "poll"] : ["poll"];
  const report = join(bench.folder, "run.json");
  const ways: Way[] = [
    { name: "alone", before: [] },
    ...sources.map((source) => ({
      name: `fh run, ${source}`,
      before: [bench.fh!, "run", "--source", source, "--json", "--report", report, "--"],
    })),
  ];
  const builds = new Map<string, Build[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < bench.rounds; round++) {
    for (const way of ways) {
      const build = measureBuild(bench, way, report);
      builds.get(way.name)!.push(build);
      bench.say(
        `run: ${way.name}: ${seconds(build.wall)} wall, ${seconds(build.cpu)} CPU, ` +
          `fh ${seconds(build.own)}`,
      );
    }
  }
  return section(bench, ways, builds);
}

function measureBuild(bench: Bench, { before }: Way, report: string): Build {
  const folder = join(bench.folder, "build");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "x.c"), SOURCE);
  const usage = join(bench.folder, "usage.json");
  const files = bench.quick ? QUICK_FILES : FILES;
  const build = `cd ${folder} && seq ${files} | xargs -P 2 -I{} cc -c -o {}.o x.c`;
  const command = [...before, "sh", "-c", build];
  const { status, stderr } = spawnSync(program("measure")!, [usage, ...command], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the build failed: ${stderr.slice(0, 500)}`);
  const [run] = JSON.parse(readFileSync(usage, "utf8")).runs;
  const [wall, cpu] = [run.wall_us, run.user_us + run.system_us];
  if (before.length === 0) return { wall, cpu, own: null, started: null, accounted: null };
  const { totals, processes } = JSON.parse(readFileSync(report, "utf8"));
  const load = (totals.user_ns + totals.system_ns) / 1000;
  const { started, accounted } = processes;
  return { wall, cpu, own: cpu - load, started, accounted };
}

function section(
  { quick, rounds }: Bench,
  ways: readonly Way[],
  builds: ReadonlyMap<string, readonly Build[]>,
): Section {
  const of = (name: string, what: (build: Build) => number | null) =>
    median(builds.get(name)!.map((build) => what(build) ?? NaN));
  const percent = (value: number) => `${number(value, 2)} %`;
  /** Of the build's own CPU time in the same run. */
  const ownPercent = (name: string) =>
    of(name, ({ own, cpu }) => own === null ? null : own / (cpu - own) * 100);
  const wallPercent = (name: string) => {
    const alone = builds.get("alone")!;
    return median(builds.get(name)!.map(({ wall }, at) => (wall / alone[at]!.wall - 1) * 100));
  };
  const goal = ways.find(({ name }) => name.endsWith("connector"))?.name;
  const files = quick ? QUICK_FILES : FILES;
  return {
    title: "What fh run adds to a build",
    body: [
      `${files} C files, two at a time on both CPUs; medians of ${rounds} rounds, in turn alone ` +
      "and under `fh run`. fh's own CPU is held against that of the build in the same run.",
      "",
      ...table(
        ["", "wall", "against alone", "CPU of all", "CPU of fh", "of the build's", "accounted"],
        ways.map(({ name }) => [
          name,
          seconds(of(name, ({ wall }) => wall)),
          name === "alone" ? "" : percent(wallPercent(name)),
          seconds(of(name, ({ cpu }) => cpu)),
          seconds(of(name, ({ own }) => own)),
          name === "alone" ? "" : percent(ownPercent(name)),
          name === "alone" ? "" : accountedOf(builds.get(name)!),
        ]),
      ),
    ],
    goals: goal === undefined ? [] : [
      atMost(
        22,
        "`fh run`, connector: at most 3 % of a build's CPU",
        ownPercent(goal),
        LIMIT_PERCENT,
        percent(ownPercent(goal)),
      ),
    ],
  };
}

/** Of the last round. */
function accountedOf(builds: readonly Build[]): string {
  const last = builds.at(-1)!;
  return `${number(last.accounted, 1)} of ${number(last.started, 1)}`;
}
