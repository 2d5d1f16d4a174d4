/**
 * Goals 8, 9, 10 and 12: what an ordinary user sees without the connector.
 *
 * @module
 */
import { chmodSync, copyFileSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "../support/programs.ts";
import { atLeast, atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { type Catch, compare, type Comparison } from "./support/compare.ts";
import { runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { contextSwitches, cpuTime, hostForks } from "./support/system.ts";
import { number, share, table } from "./support/table.ts";
import { fhWatch } from "./support/tools.ts";

const COUNT = 300;
const QUICK_COUNT = 60;
const RATE = 60;
/** Programs that are started before anything is measured: a watcher on a server runs for long. */
const WARM_COUNT = 100;
const IDLE_MS = 5000;
/** Names of the phases, in their order, after one that shows the folder and warms the code up. */
const KINDS = [
  "exec, exits at once",
  "exec, 1 ms",
  "exec, 5 ms",
  "exec, /bin/true",
  "fork, exits at once",
  "fork, 1 ms",
  "fork, 5 ms",
] as const;

/** One run. */
interface Run {
  readonly comparison: Comparison;
  /** Share of one core during the load, percent. */
  readonly busy: number;
  readonly idle: number;
  /** Context switches a second, during the load and idle. */
  readonly busySwitches: number;
  readonly idleSwitches: number;
  /** Tasks the host started that were not of the load. */
  readonly others: number;
}

/** `fh watch --source poll` as nobody. */
export async function pollerSection(bench: Bench): Promise<Section> {
  const title = "Poller: an ordinary user";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const runs: Run[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    runs.push(await watch(bench, bench.fh, ["-e", "fork,exec,exit"], round));
    const missed = runs.at(-1)?.comparison.lost["missed"] ?? 0;
    bench.say(
      `poller: round ${round}: ${number(runs.at(-1)?.busy ?? NaN)} % CPU, ${missed} missed`,
    );
  }
  const slow = await watch(bench, bench.fh, ["-e", "fork,exec,exit", "--interval", "50ms"], 1);
  return {
    title,
    body: [
      `Load: seven kinds of ${
        bench.quick ? QUICK_COUNT : COUNT
      } processes, Poisson ${RATE}/s; the ` +
      `static program lies in a folder made for the run, and ${WARM_COUNT} of it came first, not ` +
      "counted; fh runs as nobody. The round that caught least:",
      "",
      ...caughtTable(worst(runs)),
      "",
      ...roundTable([...runs, slow]),
      "",
      "The last round has `--interval 50ms`. For comparison, pspy 1.2.1 on another day: 174, " +
      "299, 300 and 291 of 300 of the four exec kinds at 15 % of one core; no forks, exits or " +
      "exit codes.",
    ],
    goals: goals(runs, slow),
  };
}

async function watch(
  bench: Bench,
  fh: string,
  options: readonly string[],
  seed: number,
): Promise<Run> {
  const tiny = copyOfTiny(bench);
  const tool = fhWatch(fh, ["--source", "poll", ...options], "nobody");
  const forks = hostForks();
  const watcher = await Watcher.start(bench, tool, "file");
  await sleep(2000);
  const idle = await during(watcher.pid, () => sleep(IDLE_MS));
  const count = bench.quick ? QUICK_COUNT : COUNT;
  const arrivals = `count=${count},rate=${RATE}`;
  const load: { tasks: Parameters<typeof compare>[0] } = { tasks: [] };
  const busy = await during(watcher.pid, async () => {
    const { tasks } = await runLoad(bench, [
      `spawn,program=${tiny},count=${WARM_COUNT},rate=${RATE},life=5000`,
      ...["", ",life=1000", ",life=5000"].map((life) => `spawn,program=${tiny},${arrivals}${life}`),
      `spawn,program=/bin/true,${arrivals}`,
      ...["", ",life=1000", ",life=5000"].map((life) => `fork,${arrivals}${life}`),
    ], seed);
    load.tasks = tasks;
  });
  await watcher.drain();
  const others = hostForks() - forks - load.tasks.length;
  await watcher.stop();
  return {
    comparison: compare(load.tasks, await watcher.told()),
    busy: busy.percent,
    idle: idle.percent,
    busySwitches: busy.switches,
    idleSwitches: idle.switches,
    others,
  };
}

/** A folder no watcher can know beforehand. */
function copyOfTiny(bench: Bench): string {
  const folder = mkdtempSync(join(bench.folder, "new-"));
  chmodSync(folder, 0o755);
  const path = join(folder, "tiny");
  copyFileSync(program("tiny") ?? "", path);
  chmodSync(path, 0o755);
  return path;
}

async function during(
  pid: number,
  act: () => Promise<unknown>,
): Promise<{ percent: number; switches: number }> {
  const [cpu, switches, start] = [cpuTime(pid), contextSwitches(pid), performance.now()];
  await act();
  const ms = performance.now() - start;
  return {
    percent: (cpuTime(pid) - cpu) / 1e6 / ms * 100,
    switches: (contextSwitches(pid) - switches) / ms * 1000,
  };
}

function worst(runs: readonly Run[]): Run | undefined {
  const value = ({ comparison: { total } }: Run) => total.forks + total.argvs + total.exits;
  return [...runs].sort((a, b) => value(a) - value(b))[0];
}

function caughtTable(run: Run | undefined): string[] {
  return table(
    [
      "kind",
      "forks",
      "with right parent",
      "execs",
      "with right argv",
      "exits",
      "with right status",
      "wrong",
      "doubles",
    ],
    KINDS.flatMap((kind, at) => {
      const phase = run?.comparison.phases[at + 1];
      if (phase === undefined) return [];
      return [[
        kind,
        share(phase.forks, phase.tasks),
        share(phase.parents, phase.tasks),
        share(phase.programs > 0 ? phase.execs : null, phase.programs),
        share(phase.programs > 0 ? phase.argvs : null, phase.programs),
        share(phase.exits, phase.tasks),
        share(phase.statuses, phase.tasks),
        number(phase.wrongStatuses),
        number(phase.doubles),
      ]];
    }),
  );
}

function missing(run: Run): { truth: number; reported: number } {
  const { total, lost } = run.comparison;
  return { truth: total.tasks - total.forks, reported: lost["missed"] ?? 0 };
}

function roundTable(runs: readonly Run[]): string[] {
  return table(
    ["CPU under load", "idle", "wake-ups/s under load", "idle", "reported missed", "truly missed"]
      .concat("other tasks of the host"),
    runs.map((run) => [
      `${number(run.busy)} %`,
      `${number(run.idle)} %`,
      number(run.busySwitches),
      number(run.idleSwitches),
      number(missing(run).reported),
      number(missing(run).truth),
      number(run.others),
    ]),
  );
}

function goals(runs: readonly Run[], slow: Run): Goal[] {
  const least = (phases: readonly number[], value: (caught: Catch) => number) =>
    Math.min(...runs.flatMap((run) =>
      phases.map((at) => {
        const phase = run.comparison.phases[at + 1];
        return phase === undefined ? NaN : value(phase) / phase.tasks * 300;
      })
    ));
  const most = (value: (run: Run) => number) => Math.max(...runs.map(value));
  const [execs, forks] = [least([0, 1, 2, 3], (c) => c.execs), least([5, 6], (c) => c.forks)];
  const codes = least([2, 6], (c) => c.statuses) / 3;
  const short = least([0, 1, 3, 4, 5], (c) => c.statuses) / 3;
  const apart = most((run) => Math.abs(missing(run).truth - missing(run).reported));
  const busy = most((run) => run.busy);
  const [idle, loaded] = [most((run) => run.idleSwitches), most((run) => run.busySwitches)];
  return [
    atLeast(8, "poller, execs: at least 297 of 300 of each kind", execs, 297, number(execs)),
    atLeast(
      8,
      "poller, forks that live 1 ms or longer: at least 297 of 300",
      forks,
      297,
      number(forks),
    ),
    atMost(8, "poller: CPU at most 6 % of one core under load", busy, 6, `${number(busy)} %`),
    atLeast(
      9,
      "poller, exit status of those that lived 5 ms or longer: 99 %",
      codes,
      99,
      `${number(codes)} %, the shorter ones at least ${number(short)} %`,
    ),
    atMost(
      10,
      "poller: the missed count equals truth minus seen",
      apart,
      0,
      `at most ${number(apart)} apart, ${
        number(most((run) => run.others))
      } other tasks on the host`,
    ),
    {
      number: 12,
      text: "poller: slower when idle, and --interval sets the floor",
      measured: `${number(idle)} wake-ups/s idle, ${number(loaded)} under load, ` +
        `${number(slow.busySwitches)} with --interval 50ms`,
      reached: idle < loaded && slow.busySwitches < loaded,
      short: "no adaptation seen",
    },
  ];
}
