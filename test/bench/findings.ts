/**
 * Goals 23 and 24: what it costs to look for trouble, and to look at who costs what.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Detector } from "../../src/detect/detector.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { Machine } from "../../src/model/machine.ts";
import { exit, fork, scan } from "../support/events.ts";
import { atMost, type Bench, type Section } from "./support/bench.ts";
import { runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { childrenOf, cpuTime } from "./support/system.ts";
import { number, table } from "./support/table.ts";
import { fhRecord } from "./support/tools.ts";

const PER_SECOND = 20_000;
const SECONDS = 20;
const QUICK_SECONDS = 3;
/** Processes that are told to a detector, and how often: the fastest of these counts. */
const TOLD = 400_000;
const TIMES = 5;
const SHARE_PERCENT = 3;
const LIVING = 500;
const TOP_SECONDS = 30;
const TOP_PERCENT = 2;
const SHELL = 50;
const S = 1e9;

/** Nanoseconds of CPU for each process, without a detector and with one. */
interface Told {
  readonly without: number;
  readonly with: number;
}

/** The detector by itself, recorders with and without it, and `fh top`. */
export async function findingsSection(bench: Bench): Promise<Section> {
  const title = "Findings: the cost of looking for trouble";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const good = tell(() => 0);
  const bad = tell((i) => i % 2 === 0 ? 256 : 0);
  const recorders: (readonly [on: number, off: number])[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const off = await record(bench, `off-${round}`, ["--no-findings"]);
    const on = await record(bench, `on-${round}`, []);
    recorders.push([on, off]);
    bench.say(`findings: ${number(on)} us of CPU a process, ${number(off)} without`);
  }
  const top = await measureTop(bench);
  bench.say(`findings: fh top: ${number(top)} %`);
  const whole = Math.min(...recorders.map(([, off]) => off)) * 1000;
  const percent = (bad.with - bad.without) / whole * 100;
  return {
    title,
    body: [
      `The detector by itself: ${number(TOLD)} processes forked and ended, told to a machine ` +
      `without a detector and with one; the fastest of ${TIMES}.`,
      "",
      ...table(["ends", "machine alone", "with the detector", "difference"], [
        ["all good", ns(good.without), ns(good.with), ns(good.with - good.without)],
        ["every other bad", ns(bad.without), ns(bad.with), ns(bad.with - bad.without)],
      ]),
      "",
      `Recorders at ${
        number(PER_SECOND)
      } forks a second, one after the other, CPU for each process:`,
      "",
      ...table(
        ["round", "`fh record`", "`--no-findings`"],
        recorders.map(([on, off], i) => [String(i + 1), `${number(on)} us`, `${number(off)} us`]),
      ),
      "",
      `\`fh top\` on a terminal, ${LIVING} living processes, a look a second, nothing else ` +
      `happens: ${number(top)} % of a core.`,
    ],
    goals: [
      atMost(
        23,
        "record: the detector below 3 % of the recorder's CPU at 20 000 forks a second",
        percent,
        SHARE_PERCENT,
        `${number(percent)} %`,
      ),
      atMost(24, "top: below 2 % of a core with 500 living", top, TOP_PERCENT, `${number(top)} %`),
    ],
  };
}

function ns(value: number): string {
  return `${number(value)} ns`;
}

function tell(statusOf: (i: number) => number): Told {
  const runs = Array.from({ length: TIMES }, () => {
    return [cpuOf(null, statusOf), cpuOf(new Detector({ limits: INITIAL_LIMITS }), statusOf)];
  });
  const fastest = (at: number) => Math.min(...runs.map((run) => run[at]!));
  return { without: fastest(0), with: fastest(1) };
}

/** Nanoseconds of CPU for each process. */
function cpuOf(detector: Detector | null, statusOf: (i: number) => number): number {
  const machine = new Machine({ onChange: (change) => detector?.note(change) });
  const shell = { pid: SHELL, ppid: 1, start: S, argv: ["/bin/sh", "/srv/run.sh"] };
  const init = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
  for (const event of scan(2 * S, 2 * S, [init, shell])) machine.step(event);
  const before = process.cpuUsage();
  for (let i = 0; i < TOLD; i++) {
    const [time, pid] = [3 * S + i * S / PER_SECOND, 1000 + i % 30_000];
    machine.step(fork(time, pid, SHELL));
    machine.step(exit(time + 20_000, pid, statusOf(i)));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000 / TOLD;
}

/** Microseconds of CPU that a recorder takes for each process of a load. */
async function record(bench: Bench, name: string, options: readonly string[]): Promise<number> {
  const tool = fhRecord(bench.fh!, join(bench.folder, `findings-${name}.db`));
  const watcher = await Watcher.start(
    bench,
    { ...tool, command: [...tool.command, ...options] },
    "null",
  );
  const count = PER_SECOND * (bench.quick ? QUICK_SECONDS : SECONDS);
  const before = cpuTime(watcher.pid);
  const load = await runLoad(bench, [`vfork,pace=${PER_SECOND},count=${count}`]);
  await watcher.drain();
  const cpuNs = cpuTime(watcher.pid) - before;
  await watcher.stop();
  return cpuNs / 1000 / load.tasks.length;
}

/** Percent of a core. */
async function measureTop(bench: Bench): Promise<number> {
  const sleepers = Array.from({ length: LIVING }, () => spawn("sleep", ["600"]));
  // A terminal of its own (util-linux).
  const command = `stty rows 40 cols 120; exec ${bench.fh} top`;
  const terminal = spawn("script", ["-qc", command, "/dev/null"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  try {
    await sleep(5000);
    const [pid = 0] = childrenOf(terminal.pid ?? 0);
    const before = cpuTime(pid);
    const seconds = bench.quick ? QUICK_SECONDS : TOP_SECONDS;
    await sleep(seconds * 1000);
    return (cpuTime(pid) - before) / 1e7 / seconds;
  } finally {
    for (const pid of childrenOf(terminal.pid ?? 0)) process.kill(pid, "SIGTERM");
    for (const one of sleepers) one.kill();
  }
}
