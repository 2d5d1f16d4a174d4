/**
 * Goals 6 and 11: what watching costs when nothing happens.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { startSleepers } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { contextSwitches, cpuTime, hostForks, hostTasks, memory } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const SECONDS = 60;
const QUICK_SECONDS = 5;
const SLEEPERS = 5000;
/** Bun looks after its heap each second until nothing changes for half a minute. */
const SETTLE_MS = 45_000;
const QUICK_SETTLE_MS = 3000;
/** One clock tick: less is not measurable by the usual tools. */
const TICK_MS = 10;

/** The quiet seconds are waited for up to this many times as long. */
const PATIENCE = 4;

/** What one watcher used. */
interface Use {
  cpuMs: number;
  switches: number;
}

/** One watcher over the idle time. */
interface Idle {
  readonly name: string;
  /** In the seconds in which no task of the host began or ended. */
  readonly quiet: Use;
  /** In all seconds. */
  readonly all: Use;
  readonly rss: number;
}

/** All watchers side by side. */
interface Measured {
  readonly runs: readonly Idle[];
  readonly quietSeconds: number;
  readonly seconds: number;
  /** Tasks the host started meanwhile. */
  readonly forks: number;
}

/** All watchers side by side on an idle machine, then the poller next to many processes. */
export async function idleSection(bench: Bench): Promise<Section> {
  const time = bench.quick ? QUICK_SECONDS : SECONDS;
  const own = bench.fh === null
    ? []
    : [fhWatch(bench.fh, []), fhWatch(bench.fh, ["--source", "poll"], "nobody")];
  const alone = await measure(bench, [...own, ...bench.peers], time);
  const sleepers = await startSleepers(SLEEPERS);
  const crowd = await measure(bench, own, time);
  await sleepers.end();
  const [fh, poller] = own.map((tool) => alone.runs.find((run) => run.name === tool.name));
  const many = crowd.runs.find((run) => run.name === own[1]?.name);
  const percent = (run: Idle | undefined, seconds: number) =>
    (run?.all.cpuMs ?? NaN) / seconds / 10;
  const cpuMs = (fh?.quiet.cpuMs ?? NaN) * SECONDS / alone.quietSeconds;
  const perSecond = (fh?.quiet.switches ?? NaN) / alone.quietSeconds;
  const few = percent(poller, alone.seconds);
  const crowded = percent(many, crowd.seconds);
  return {
    title: "Idle",
    body: [
      `Output to /dev/null, begun when all had run for ` +
      `${bench.quick ? QUICK_SETTLE_MS / 1000 : SETTLE_MS / 1000} s. Quiet are seconds in which ` +
      "the host neither began nor ended a task, nor in the second before: each is an event.",
      "",
      ...rows(alone),
      "",
      `With ${SLEEPERS} sleeping processes:`,
      "",
      ...rows(crowd),
    ],
    goals: [
      atMost(
        6,
        "idle, connector: CPU of a quiet minute below one clock tick",
        cpuMs,
        TICK_MS,
        `${number(cpuMs)} ms`,
      ),
      atMost(
        6,
        "idle, connector: no timer ticks (at most 1 context switch in a quiet second)",
        perSecond,
        1,
        `${number(perSecond)}/s`,
      ),
      atMost(8, "poller: CPU at most 0.7 % idle", few, 0.7, `${number(few)} %`),
      atMost(
        11,
        "poller: CPU at most 3 % idle with 5 000 living processes",
        crowded,
        3,
        `${number(crowded)} %`,
      ),
    ],
  };
}

/** Until `time` quiet seconds have passed, or PATIENCE times as many of any kind. */
async function measure(bench: Bench, tools: readonly Tool[], time: number): Promise<Measured> {
  const watchers: Watcher[] = [];
  for (const tool of tools) watchers.push(await Watcher.start(bench, tool, "null"));
  await sleep(bench.quick ? QUICK_SETTLE_MS : SETTLE_MS);
  const runs = watchers.map(({ tool }) => ({ name: tool.name, quiet: nothing(), all: nothing() }));
  const began = hostForks();
  let before = watchers.map(({ pid }) => useOf(pid));
  let [forks, tasks] = [began, hostTasks()];
  let calm = false;
  let quietSeconds = 0;
  let seconds = 0;
  while (quietSeconds < time && seconds < PATIENCE * time) {
    await sleep(1000);
    const now = watchers.map(({ pid }) => useOf(pid));
    const still = hostForks() === forks && hostTasks() === tasks;
    [forks, tasks] = [hostForks(), hostTasks()];
    runs.forEach(({ quiet, all }, at) => {
      if (still && calm) add(quiet, before[at]!, now[at]!);
      add(all, before[at]!, now[at]!);
    });
    if (still && calm) quietSeconds++;
    seconds++;
    calm = still;
    before = now;
  }
  const told = runs.map((run, at): Idle => ({ ...run, rss: memory(watchers[at]!.pid).now }));
  for (const watcher of watchers) await watcher.stop();
  for (const { name, quiet } of told) {
    bench.say(`idle: ${name}: ${number(quiet.cpuMs)} ms CPU in ${quietSeconds} quiet seconds`);
  }
  return { runs: told, quietSeconds, seconds, forks: forks - began };
}

function nothing(): Use {
  return { cpuMs: 0, switches: 0 };
}

function useOf(pid: number): Use {
  return { cpuMs: cpuTime(pid) / 1e6, switches: contextSwitches(pid) };
}

function add(to: Use, from: Use, until: Use): void {
  to.cpuMs += until.cpuMs - from.cpuMs;
  to.switches += until.switches - from.switches;
}

function rows({ runs, quietSeconds, seconds, forks }: Measured): string[] {
  const quiet = `${quietSeconds} quiet seconds`;
  const all = `all ${seconds} seconds, ${forks} tasks started`;
  return table(
    ["tool", `CPU in ${quiet}`, "context switches", `CPU in ${all}`, "context switches", "memory"],
    runs.map((run) => [
      run.name,
      `${number(run.quiet.cpuMs)} ms`,
      `${number(run.quiet.switches / quietSeconds)}/s`,
      `${number(run.all.cpuMs)} ms, ${number(run.all.cpuMs / seconds / 10)} %`,
      `${number(run.all.switches / seconds)}/s`,
      megabytes(run.rss),
    ]),
  );
}
