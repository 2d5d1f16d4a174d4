/**
 * Goals 6 and 11: what watching costs when nothing happens.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { startSleepers } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { contextSwitches, cpuTime, hostForks, memory } from "./support/system.ts";
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

/** One watcher over the idle time. */
interface Idle {
  readonly name: string;
  readonly cpuMs: number;
  readonly switches: number;
  readonly rss: number;
}

/** All watchers side by side on an idle machine, then the poller next to many processes. */
export async function idleSection(bench: Bench): Promise<Section> {
  const time = bench.quick ? QUICK_SECONDS : SECONDS;
  const own = bench.fh === null
    ? []
    : [fhWatch(bench.fh, []), fhWatch(bench.fh, ["--source", "poll"], "nobody")];
  const quiet = await measure(bench, [...own, ...bench.peers], time);
  const sleepers = await startSleepers(SLEEPERS);
  const crowd = await measure(bench, own, time);
  await sleepers.end();
  const [fh, poller] = own.map((tool) => quiet.runs.find((run) => run.name === tool.name));
  const many = crowd.runs.find((run) => run.name === own[1]?.name);
  const percent = (run: Idle | undefined) => (run?.cpuMs ?? NaN) / time / 10;
  const cpuMs = (fh?.cpuMs ?? NaN) * SECONDS / time;
  const perSecond = (fh?.switches ?? NaN) / time;
  return {
    title: "Idle",
    body: [
      `${time} s, output to /dev/null, begun when all had run for ` +
      `${bench.quick ? QUICK_SETTLE_MS / 1000 : SETTLE_MS / 1000} s; the host started ` +
      `${quiet.forks} tasks meanwhile.`,
      "",
      ...rows(quiet.runs, time),
      "",
      `With ${SLEEPERS} sleeping processes; the host started ${crowd.forks} tasks meanwhile.`,
      "",
      ...rows(crowd.runs, time),
    ],
    goals: [
      atMost(
        6,
        "idle, connector: CPU of a minute below one clock tick",
        cpuMs,
        TICK_MS,
        `${number(cpuMs)} ms`,
      ),
      atMost(
        6,
        "idle, connector: no timer ticks (at most 1 context switch a second)",
        perSecond,
        1,
        `${number(perSecond)}/s`,
      ),
      atMost(8, "poller: CPU at most 1 % idle", percent(poller), 1, `${number(percent(poller))} %`),
      atMost(
        11,
        "poller: CPU at most 3 % idle with 5 000 living processes",
        percent(many),
        3,
        `${number(percent(many))} %`,
      ),
    ],
  };
}

async function measure(
  bench: Bench,
  tools: readonly Tool[],
  time: number,
): Promise<{ runs: Idle[]; forks: number }> {
  const watchers: Watcher[] = [];
  for (const tool of tools) watchers.push(await Watcher.start(bench, tool, "null"));
  await sleep(bench.quick ? QUICK_SETTLE_MS : SETTLE_MS);
  const forks = hostForks();
  const before = watchers.map(({ pid }) => ({ cpu: cpuTime(pid), switches: contextSwitches(pid) }));
  await sleep(time * 1000);
  const runs = watchers.map(({ pid, tool }, at): Idle => ({
    name: tool.name,
    cpuMs: (cpuTime(pid) - (before[at]?.cpu ?? NaN)) / 1e6,
    switches: contextSwitches(pid) - (before[at]?.switches ?? NaN),
    rss: memory(pid).now,
  }));
  const started = hostForks() - forks;
  for (const watcher of watchers) await watcher.stop();
  for (const run of runs) bench.say(`idle: ${run.name}: ${number(run.cpuMs)} ms CPU in ${time} s`);
  return { runs, forks: started };
}

function rows(runs: readonly Idle[], time: number): string[] {
  return table(
    ["tool", "CPU of one core", "CPU", "context switches", "memory"],
    runs.map((run) => [
      run.name,
      `${number(run.cpuMs / time / 10)} %`,
      `${number(run.cpuMs)} ms`,
      `${number(run.switches / time)}/s`,
      megabytes(run.rss),
    ]),
  );
}
