/**
 * Goal 7: how long after an exec its line is there.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { quantile } from "./support/stats.ts";
import { number, share, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const COUNT = 500;
const QUICK_COUNT = 100;

/** Programs start at random moments on an idle machine. */
export async function latencySection(bench: Bench): Promise<Section> {
  const count = bench.quick ? QUICK_COUNT : COUNT;
  const phase = `spawn,program=/bin/true,count=${count},gap=5000-50000`;
  const own = bench.fh === null
    ? []
    : [fhWatch(bench.fh, []), fhWatch(bench.fh, ["--source", "poll"], "nobody")];
  const peers = bench.peers.filter((peer) => peer.tells.includes("exec"));
  const rows: string[][] = [];
  let [middle, high] = [NaN, NaN];
  for (const tool of [...own, ...peers]) {
    const delays = await measure(bench, tool, phase);
    const [half, most, all] = [0.5, 0.99, 1].map((at) => quantile(delays, at));
    if (tool === own[0]) [middle, high] = [half ?? NaN, most ?? NaN];
    const figures = [half, most, all].map((ms) => `${number(ms ?? null)} ms`);
    rows.push([tool.name, ...figures, share(delays.length, count)]);
    bench.say(`latency: ${tool.name}: median ${figures[0]}, 99 % ${figures[1]}`);
  }
  return {
    title: "Latency: from exec to the line",
    body: [
      `Load: \`${phase}\`. From just before posix_spawn(3), so the fork and the exec are counted ` +
      "in, until the line has been read from a pipe; execsnoop holds its output back " +
      "when it is no terminal.",
      "",
      ...table(["tool", "median", "99th percentile", "longest", "lines"], rows),
    ],
    goals: [
      atMost(7, "from exec to the line: median below 5 ms", middle, 5, `${number(middle)} ms`),
      atMost(7, "99th percentile below 20 ms", high, 20, `${number(high)} ms`),
    ],
  };
}

/** Milliseconds for each exec whose line came. */
async function measure(bench: Bench, tool: Tool, phase: string): Promise<number[]> {
  const path = join(bench.folder, `stamps-${performance.now()}`);
  const watcher = await Watcher.start(bench, tool, [program("stamp") ?? "", path, ""]);
  const { tasks } = await runLoad(bench, [phase]);
  await watcher.drain();
  await watcher.stop();
  const parse = tool.parser();
  const arrivals = new Map<number, number>();
  for (const stamped of readFileSync(path, "utf8").split("\n")) {
    const [time, ...line] = stamped.split("\t");
    const seen = parse(line.join("\t"));
    if (seen?.kind === "exec" && !arrivals.has(seen.pid)) arrivals.set(seen.pid, Number(time));
  }
  return tasks.flatMap((task) => {
    const arrival = arrivals.get(task.pid);
    return arrival === undefined ? [] : [(arrival - task.start) / 1e6];
  });
}
