/**
 * Goal 13: memory while a million processes come and go.
 *
 * @module
 */
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { memory } from "./support/system.ts";
import { megabytes, number, table } from "./support/table.ts";
import { fhWatch, type Tool } from "./support/tools.ts";

const COUNT = 1_000_000;
const QUICK_COUNT = 50_000;
const STEPS = 10;
const LIMIT = 100e6;
/** What counts as flat: the last tenth against the middle. */
const FLAT = 1.05;

/** Both sources. */
export async function memorySection(bench: Bench): Promise<Section> {
  const title = "Memory: a million processes come and go";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const count = bench.quick ? QUICK_COUNT : COUNT;
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const source of ["connector", "poll"]) {
    const { series, peak } = await measure(bench, fhWatch(bench.fh, ["--source", source]), count);
    rows.push([source, ...series.map(megabytes), megabytes(peak)]);
    const growth = (series.at(-1) ?? NaN) / (series[STEPS / 2] ?? NaN);
    goals.push(
      atMost(13, `memory, ${source}: below 100 MB`, peak, LIMIT, megabytes(peak)),
      atMost(
        13,
        `memory, ${source}: flat (last tenth at most ${FLAT} of the middle)`,
        growth,
        FLAT,
        number(growth),
      ),
    );
    bench.say(`memory: ${source}: peak ${megabytes(peak)}`);
  }
  const header = ["source", "start", ...series(count).map((n) => `${number(n / 1000)} k`), "peak"];
  return {
    title,
    body: [
      `Load: \`vfork,count=${
        count / STEPS
      }\` ${STEPS} times, output to /dev/null; resident memory after each.`,
      "",
      ...table(header, rows),
    ],
    goals,
  };
}

/** How many processes have come and gone after each step. */
function series(count: number): number[] {
  return Array.from({ length: STEPS }, (_, step) => count / STEPS * (step + 1));
}

async function measure(
  bench: Bench,
  tool: Tool,
  count: number,
): Promise<{ series: number[]; peak: number }> {
  const watcher = await Watcher.start(bench, tool, "null");
  const values = [memory(watcher.pid).now];
  for (let step = 0; step < STEPS; step++) {
    await runLoad(bench, [`vfork,count=${count / STEPS}`]);
    values.push(memory(watcher.pid).now);
  }
  await watcher.drain();
  const { peak } = memory(watcher.pid);
  await watcher.stop();
  return { series: values, peak };
}
