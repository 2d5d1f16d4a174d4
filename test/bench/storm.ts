/**
 * Goal 4: nothing is lost at the highest fork rate the machine can do.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { type Load, runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { sum } from "./support/stats.ts";
import { connectorSockets } from "./support/system.ts";
import { number, seconds, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const SECONDS = 60;
const QUICK_SECONDS = 5;

/** What test/programs/tally.c counted. */
interface Tally {
  readonly overflow: number;
  readonly other: number;
  /** Forks and exits by pid of the parent. */
  readonly parents: Readonly<Record<string, readonly [number, number]>>;
}

/** All CPUs fork as fast as they can. */
export async function stormSection(bench: Bench): Promise<Section> {
  const phase = `vfork,cpus=${cpus().length},for=${bench.quick ? QUICK_SECONDS : SECONDS}`;
  const alone = await runLoad(bench, [phase]);
  bench.say(`storm: unobserved ${number(rate(alone))} forks/s`);
  const rows = [["none", "1", number(alone.phases[0]?.tasks ?? NaN), "–", "–", "–", "–"]];
  let lost = NaN;
  let short = "not built";
  if (bench.fh !== null) {
    const { row, missing, reported } = await watchFh(bench, fhWatch(bench.fh, []), phase, alone);
    rows.push(row);
    lost = missing + reported;
    short = `${number(missing)} missing, ${number(reported)} reported lost`;
  }
  for (const peer of bench.peers.filter((one) => one.ready === "connector socket")) {
    rows.push(await watchPeer(bench, peer, phase, alone));
  }
  const header = ["tool", "speed of the load", "processes", "events missing", "losses reported"];
  return {
    title: "Storm: the highest fork rate",
    body: [
      `Load: \`${phase}\`; the output of fh goes through a pipe to a program that counts it, ` +
      "that of the peers to /dev/null.",
      "",
      ...table([...header, "dropped by the kernel", "CPU"], rows),
    ],
    goals: [
      atMost(4, "loss 0 for 60 s at the highest fork rate, all CPUs forking", lost, 0, short),
    ],
  };
}

function rate(load: Load): number {
  return (load.phases[0]?.tasks ?? NaN) / load.seconds;
}

function drops(watcher: Watcher): number {
  return sum(connectorSockets(watcher.pid).map((socket) => socket.drops));
}

async function watchFh(
  bench: Bench,
  tool: Tool,
  phase: string,
  alone: Load,
): Promise<{ row: string[]; missing: number; reported: number }> {
  const path = join(bench.folder, "storm.json");
  const watcher = await Watcher.start(bench, tool, [program("tally") ?? "", path]);
  const load = await runLoad(bench, [phase]);
  await watcher.drain();
  const dropped = drops(watcher);
  const usage = await watcher.stop();
  const tally: Tally = JSON.parse(readFileSync(path, "utf8"));
  const missing = sum([...load.workers].map(([pid, tasks]) => {
    const [forks, exits] = tally.parents[pid] ?? [0, 0];
    return Math.abs(tasks - forks) + Math.abs(tasks - exits);
  }));
  const reported = tally.overflow + tally.other;
  bench.say(`storm: fh ${number(rate(load))} forks/s, ${missing} events missing`);
  const counts = [load.phases[0]?.tasks ?? NaN, missing, reported, dropped].map((n) => number(n));
  const row = ["fh", number(rate(load) / rate(alone)), ...counts, seconds(usage.cpu)];
  return { row, missing, reported };
}

async function watchPeer(
  bench: Bench,
  tool: Tool,
  phase: string,
  alone: Load,
): Promise<string[]> {
  const watcher = await Watcher.start(bench, tool, "null");
  const load = await runLoad(bench, [phase]);
  await watcher.drain();
  const dropped = number(drops(watcher));
  const usage = await watcher.stop();
  bench.say(`storm: ${tool.name} ${number(rate(load))} forks/s, ${dropped} dropped`);
  const tasks = number(load.phases[0]?.tasks ?? NaN);
  const speed = number(rate(load) / rate(alone));
  return [tool.name, speed, tasks, "–", "–", dropped, seconds(usage.cpu)];
}
