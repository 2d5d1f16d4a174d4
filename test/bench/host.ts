/**
 * What watching costs the whole machine, on a long load and at a usual pace.
 *
 * A BPF program runs on the account of whoever forks: the busy time of all CPUs, less that without
 * a watcher, is what tools of both kinds can be compared by.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { runPhases } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { median } from "./support/stats.ts";
import { busyTime } from "./support/system.ts";
import { number, seconds, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const LONG = ["vfork,count=600000", "spawn,program=/bin/true,count=40000"] as const;
const QUICK_LONG = ["vfork,count=6000", "spawn,program=/bin/true,count=400"] as const;
const PACE = ["spawn,program=/bin/true,count=3600,rate=60"] as const;
const QUICK_PACE = ["spawn,program=/bin/true,count=180,rate=60"] as const;
/** Before and after a load: what was begun before is over. */
const SETTLE_MS = 1000;

/** Tools that run together, and what they took in each round, microseconds. */
interface Result {
  readonly name: string;
  readonly tools: readonly Tool[];
  readonly cpu: number[];
  /** Busy time of all CPUs. */
  readonly busy: number[];
}

/** Both loads with every tool in turn, several rounds. */
export async function hostSection(bench: Bench): Promise<Section> {
  const long = await measure(bench, "long load", bench.quick ? QUICK_LONG : LONG);
  const pace = await measure(bench, "usual pace", bench.quick ? QUICK_PACE : PACE);
  return {
    title: "Host: a long load, a usual pace, and what they cost the machine",
    body: [
      "Cost to the machine is the busy time of all CPUs (/proc/stat: user, nice, system, irq, " +
      "softirq) from the start of a load until all of it is worked off, less that without a " +
      `watcher. Medians of ${bench.rounds} rounds in turn, output to /dev/null.`,
      "",
      `Long load: \`${(bench.quick ? QUICK_LONG : LONG).join("`, then `")}\`.`,
      "",
      ...rows(long),
      "",
      `Usual pace: \`${(bench.quick ? QUICK_PACE : PACE).join("`, then `")}\`.`,
      "",
      ...rows(pace),
    ],
    goals: [...goalsOf(long), ...paceGoals(pace)],
  };
}

async function measure(bench: Bench, what: string, load: readonly string[]): Promise<Result[]> {
  const peer = (name: string) => bench.peers.filter((tool) => tool.name === name);
  const snoops = [...peer("execsnoop"), ...peer("exitsnoop")];
  const own = bench.fh === null ? [] : [fhWatch(bench.fh, [])];
  const results: Result[] = [
    ["none", []] as const,
    ["fh", own] as const,
    ["forkstat", peer("forkstat")] as const,
    ["execsnoop + exitsnoop", snoops.length === 2 ? snoops : []] as const,
  ].filter(([name, tools]) => name === "none" || tools.length > 0)
    .map(([name, tools]) => ({ name, tools, cpu: [], busy: [] }));
  for (let round = 1; round <= bench.rounds; round++) {
    for (const result of results) {
      const watchers: Watcher[] = [];
      for (const tool of result.tools) watchers.push(await Watcher.start(bench, tool, "null"));
      await sleep(SETTLE_MS);
      const began = busyTime();
      await runPhases(load);
      // What a tool has put off is its cost, too; the wait is as long without one.
      for (const watcher of watchers) await watcher.drain();
      await sleep(SETTLE_MS);
      result.busy.push(busyTime() - began);
      let cpu = 0;
      for (const watcher of watchers) cpu += (await watcher.stop()).cpu;
      result.cpu.push(cpu);
      const busy = seconds(result.busy.at(-1)!);
      bench.say(`host: ${what}, round ${round}: ${result.name} ${seconds(cpu)} CPU, ${busy} busy`);
    }
  }
  return results;
}

function find(results: readonly Result[], name: string): Result | undefined {
  return results.find((result) => result.name === name);
}

/** Above that without a watcher, microseconds. */
function costOf(results: readonly Result[], name: string): number {
  const without = median(find(results, "none")?.busy ?? []);
  const cost = median(find(results, name)?.busy ?? []) - without;
  // Less than nothing is less than can be measured.
  return cost > 0 ? cost : NaN;
}

function cpuOf(results: readonly Result[], name: string): number {
  return median(find(results, name)?.cpu ?? []);
}

function rows(results: readonly Result[]): string[] {
  return table(
    ["tool", "its CPU", "busy time of the machine", "cost to the machine"],
    results.map(({ name, cpu, busy }) => [
      name,
      name === "none" ? "–" : seconds(median(cpu)),
      seconds(median(busy)),
      name === "none" ? "–" : seconds(costOf(results, name)),
    ]),
  );
}

function goalsOf(results: readonly Result[]): Goal[] {
  const ratio = cpuOf(results, "fh") / cpuOf(results, "forkstat");
  const cost = costOf(results, "fh") / costOf(results, "execsnoop + exitsnoop");
  return [
    atMost(1, "long load: CPU at most 0.25 of forkstat's", ratio, 0.25, number(ratio)),
    atMost(
      1,
      "long load: cost to the machine at most 0.45 of execsnoop's and exitsnoop's",
      cost,
      0.45,
      number(cost),
    ),
  ];
}

function paceGoals(results: readonly Result[]): Goal[] {
  const ratio = cpuOf(results, "fh") / cpuOf(results, "forkstat");
  return [atMost(1, "60 execs/s: CPU at most that of forkstat", ratio, 1, number(ratio))];
}
