/**
 * Goals 1 to 3: what watching the connector costs, what it catches, and how it slows the load.
 *
 * @module
 */
import { atLeast, atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { compare, type Comparison } from "./support/compare.ts";
import { runLoad } from "./support/load.ts";
import { type Usage, Watcher } from "./support/run.ts";
import { median } from "./support/stats.ts";
import { connectorSockets } from "./support/system.ts";
import { megabytes, number, seconds, share, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const LOAD = ["vfork,count=60000", "spawn,program=/bin/true,count=4000"] as const;
const QUICK_LOAD = ["vfork,count=6000", "spawn,program=/bin/true,count=400"] as const;

/** All runs of one tool. */
interface Result {
  readonly tool: Tool;
  readonly usages: Usage[];
  /** Seconds the load took. */
  readonly loads: number[];
  readonly caught: Caught[];
}

interface Caught {
  readonly comparison: Comparison;
  /** Messages the kernel dropped before the tool read them. */
  readonly drops: number;
}

/** Runs every tool on the same load in turn, several rounds. */
export async function connectorSection(bench: Bench): Promise<Section> {
  const load = bench.quick ? QUICK_LOAD : LOAD;
  const own = bench.fh === null
    ? []
    : [fhWatch(bench.fh, []), fhWatch(bench.fh, [], "without CAP_SYS_NICE")];
  const results = [...own, ...bench.peers].map((tool): Result => (
    { tool, usages: [], loads: [], caught: [] }
  ));
  const unobserved: number[] = [];
  for (let round = 1; round <= bench.rounds; round++) {
    const alone = await runLoad(bench, load);
    unobserved.push(alone.seconds);
    bench.say(`connector: round ${round}: unobserved ${number(alone.seconds)} s`);
    for (const result of results) {
      await cost(bench, result, load);
      await harvest(bench, result, load);
      const cpu = seconds(result.usages.at(-1)?.cpu ?? null);
      bench.say(`connector: round ${round}: ${result.tool.name} ${cpu} CPU`);
    }
  }
  const alone = median(unobserved);
  return {
    title: "Connector: cost, catch, slow-down",
    body: [
      `Load: \`${
        load.join("\`, then \`")
      }\`; CPU is user and system time of all threads from start ` +
      "to end, output to /dev/null; what was caught comes from runs of their own, with the " +
      "output to a file.",
      "",
      ...ratios(results, alone),
      "",
      ...catches(results),
      "",
      ...absolutes(results, alone),
    ],
    goals: goals(results, alone),
  };
}

async function cost(bench: Bench, result: Result, load: readonly string[]): Promise<void> {
  const watcher = await Watcher.start(bench, result.tool, "null");
  const { seconds } = await runLoad(bench, load);
  await watcher.drain();
  result.usages.push(await watcher.stop());
  result.loads.push(seconds);
}

async function harvest(bench: Bench, result: Result, load: readonly string[]): Promise<void> {
  const watcher = await Watcher.start(bench, result.tool, "file");
  const { tasks } = await runLoad(bench, load);
  await watcher.drain();
  const drops = Math.max(0, ...connectorSockets(watcher.pid).map((socket) => socket.drops));
  await watcher.stop();
  result.caught.push({ comparison: compare(tasks, await watcher.told()), drops });
}

function cpu(results: readonly Result[], name: string): number {
  const result = results.find((one) => one.tool.name === name);
  return median(result?.usages.map((usage) => usage.cpu) ?? []);
}

/** The round that caught least. */
function worst(result: Result): Caught | undefined {
  const value = ({ comparison: { total } }: Caught) => total.forks + total.argvs + total.exits;
  return [...result.caught].sort((a, b) => value(a) - value(b))[0];
}

function ratios(results: readonly Result[], alone: number): string[] {
  return table(
    ["tool", "its CPU / forkstat's", "fh's CPU / its", "speed of the load (1 = unobserved)"],
    results.map(({ tool, loads }) => [
      tool.name,
      number(cpu(results, tool.name) / cpu(results, "forkstat")),
      number(cpu(results, "fh") / cpu(results, tool.name)),
      number(alone / median(loads)),
    ]),
  );
}

function catches(results: readonly Result[]): string[] {
  return [
    "The round in which it caught least:",
    "",
    ...table(
      [
        "tool",
        "forks",
        "with right parent",
        "execs",
        "with right argv",
        "exits",
        "with right status",
        "doubles",
      ]
        .concat("losses reported", "dropped by the kernel"),
      results.flatMap((result) => {
        const caught = worst(result);
        if (caught === undefined) return [];
        const { total, lost } = caught.comparison;
        const told = (kind: "fork" | "exec" | "exit", part: number, whole: number) =>
          share(result.tool.tells.includes(kind) ? part : null, whole);
        return [[
          result.tool.name,
          told("fork", total.forks, total.tasks),
          told("fork", total.parents, total.tasks),
          told("exec", total.execs, total.programs),
          told("exec", total.argvs, total.programs),
          told("exit", total.exits, total.tasks),
          told("exit", total.statuses, total.tasks),
          number(total.doubles),
          number(Object.values(lost).reduce((sum, value) => sum + value, 0)),
          number(caught.drops),
        ]];
      }),
    ),
  ];
}

function absolutes(results: readonly Result[], alone: number): string[] {
  return table(["tool", "CPU", "peak memory", "load took"], [
    ["none", "–", "–", `${number(alone)} s`],
    ...results.map(({ tool, usages, loads }) => [
      tool.name,
      seconds(median(usages.map((usage) => usage.cpu))),
      megabytes(median(usages.map((usage) => usage.peak))),
      `${number(median(loads))} s`,
    ]),
  ]);
}

function goals(results: readonly Result[], alone: number): Goal[] {
  const find = (name: string) => results.find((result) => result.tool.name === name);
  const [fh, plain, forkstat] = ["fh", "fh without CAP_SYS_NICE", "forkstat"].map(find);
  const total = fh && worst(fh)?.comparison.total;
  const ratio = cpu(results, "fh") / cpu(results, "forkstat");
  const snoops = cpu(results, "fh") / (cpu(results, "execsnoop") + cpu(results, "exitsnoop"));
  const missing = total
    ? 2 * total.tasks + total.programs - total.parents - total.execs - total.exits
    : NaN;
  const argvs = (result: Result | undefined) =>
    (result && worst(result)?.comparison.total.argvs) ?? NaN;
  const speed = alone / median(fh?.loads ?? []);
  return [
    atMost(1, "short load: CPU at most 0.35 of forkstat's", ratio, 0.35, number(ratio)),
    atMost(
      1,
      "every event in the output, once",
      missing + (total?.doubles ?? NaN),
      0,
      `${number(missing)} missing, ${number(total?.doubles ?? NaN)} doubles`,
    ),
    atMost(1, "moonshot: CPU less than execsnoop plus exitsnoop", snoops, 1, `${number(snoops)}`),
    atLeast(
      2,
      "argv of every exec, with CAP_SYS_NICE",
      argvs(fh),
      total?.programs ?? NaN,
      share(argvs(fh), total?.programs ?? NaN),
    ),
    atLeast(
      2,
      "argv without it: not fewer than forkstat",
      argvs(plain),
      argvs(forkstat),
      `${number(argvs(plain))}, forkstat ${number(argvs(forkstat))}`,
    ),
    atLeast(3, "load runs at 0.9 of its unobserved speed", speed, 0.9, number(speed)),
  ];
}
