/**
 * Goals 16 to 18: what it costs to keep the history, and that nothing is missing in it.
 *
 * @module
 */
import { statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { compareRows, readGaps, readRows, readRuns } from "../support/recorded.ts";
import { atMost, type Bench, type Goal, type Section } from "./support/bench.ts";
import { type Load, runLoad } from "./support/load.ts";
import { Watcher } from "./support/run.ts";
import { sum } from "./support/stats.ts";
import { cpuTime, hostForks, memory, read } from "./support/system.ts";
import { megabytes, number, seconds, share, table } from "./support/table.ts";
import { fhRecord } from "./support/tools.ts";

const PER_SECOND = 20_000;
const SECONDS = 60;
const QUICK_SECONDS = 5;
const PROGRAMS = 20_000;
const QUICK_PROGRAMS = 2000;
const MEMORY_LIMIT = 130e6;
/** Of one core, while PER_SECOND processes begin and end in each second. */
const CPU_LIMIT_PERCENT = 22;
const BYTES_LIMIT = 100;
/** Until the recorder's heap has come to rest, as in the section `idle`. */
const SETTLE_MS = 45_000;
const QUICK_SETTLE_MS = 3000;
/** Idle time is looked at in windows: those in which the host started something do not count. */
const WINDOW_MS = 5000;
/** What has happened is in the file by then. */
const FLUSHED_MS = 1000;
/** Processes that the host of the example starts. */
const AVERAGE_PER_SECOND = 10;
const DAY_SECONDS = 86_400;

/** A load, and what is in the file of it. */
interface Recorded {
  readonly tasks: number;
  /** Seconds that the load took. */
  readonly seconds: number;
  readonly missing: number;
  readonly wrong: number;
  /** Events that the recorder counted as lost, and gaps that it told. */
  readonly lost: number;
  readonly gaps: number;
  /** Command lines that are in the file, of those that the load executed. */
  readonly argv: number;
  readonly executed: number;
  /** Bytes of the log when the load was over, and of the file when all was. */
  readonly log: number;
  readonly finalSize: number;
  /** Bytes sent to the disk. */
  readonly written: number;
  /** CPU time while the load ran, microseconds. */
  readonly cpu: number;
  readonly peak: number;
}

/** A storm, many programs, and nothing at all. */
export async function recordSection(bench: Bench): Promise<Section> {
  const title = "Record: the history of all processes";
  if (bench.fh === null) return { title, body: ["fh is not built."], goals: [] };
  const time = bench.quick ? QUICK_SECONDS : SECONDS;
  const count = PER_SECOND * time;
  const forks = `vfork,cpus=${cpus().length},pace=${PER_SECOND},count=${count}`;
  const programs = `spawn,count=${bench.quick ? QUICK_PROGRAMS : PROGRAMS}`;
  const storm = await measure(bench, "storm", forks);
  const busy = await measure(bench, "programs", programs);
  const idle = await measureIdle(bench);
  const header = ["load", "processes", "per second", "right rows", "wrong rows", "command lines"];
  const costs = ["load", "CPU of one core", "peak memory", "bytes for each process"];
  return {
    title,
    body: [
      `Loads: \`${forks}\`, and \`${programs}\`, each of which executes /bin/true with a command ` +
      "line of its own. Every row is compared with what the load knows: pid, parent, status.",
      "",
      ...table([...header, "events lost", "gaps"], [rowOf("forks", storm), rowOf("execs", busy)]),
      "",
      ...table(
        [...costs, "file", "log", "sent to the disk for each"],
        [costOf("forks", storm), costOf("execs", busy)],
      ),
      "",
      `A day of ${AVERAGE_PER_SECOND} processes a second (${
        number(AVERAGE_PER_SECOND * DAY_SECONDS)
      }) takes ${megabytes(dayOf(storm))} where none has a command line of its own, ` +
      `${megabytes(dayOf(busy))} where each has.`,
      "",
      idle.text,
    ],
    goals: [...goalsOf(storm), ...idle.goals],
  };
}

function goalsOf(storm: Recorded): Goal[] {
  const { missing, wrong, lost, gaps, peak } = storm;
  const rate = storm.tasks / storm.seconds;
  const bytes = storm.finalSize / storm.tasks;
  // A host that is too slow for that pace makes fewer.
  const percent = storm.cpu / storm.seconds / 1e4;
  const short = `${number(missing)} missing, ${number(wrong)} wrong, ${number(lost)} lost`;
  return [
    atMost(
      16,
      `record: ${number(PER_SECOND)} processes a second for 60 s, every row there and right`,
      missing + wrong + lost + gaps,
      0,
      `${short}, ${number(gaps)} gaps at ${number(rate)}/s`,
    ),
    atMost(17, "record: memory below 130 MB", peak, MEMORY_LIMIT, megabytes(peak)),
    atMost(
      17,
      `record: CPU of one core at ${number(PER_SECOND)} processes a second within 22 %`,
      percent,
      CPU_LIMIT_PERCENT,
      `${number(percent)} % at ${number(rate)}/s`,
    ),
    atMost(17, "record: 100 bytes for each short process", bytes, BYTES_LIMIT, number(bytes)),
  ];
}

function rowOf(name: string, one: Recorded): string[] {
  const right = share(one.tasks - one.missing - one.wrong, one.tasks);
  const counts = [one.wrong, one.lost, one.gaps].map((n) => number(n));
  const argv = one.executed === 0 ? "–" : share(one.argv, one.executed);
  const [wrong = "", ...lost] = counts;
  return [name, number(one.tasks), number(one.tasks / one.seconds), right, wrong, argv, ...lost];
}

function costOf(name: string, one: Recorded): string[] {
  return [
    name,
    `${number(one.cpu / one.seconds / 1e4)} %`,
    megabytes(one.peak),
    number(one.finalSize / one.tasks),
    megabytes(one.finalSize),
    megabytes(one.log),
    `${number(one.written / one.tasks)} bytes`,
  ];
}

function dayOf(one: Recorded): number {
  return one.finalSize / one.tasks * AVERAGE_PER_SECOND * DAY_SECONDS;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Bytes that a process had the kernel send to a disk (proc(5), /proc/PID/io). */
function writtenBy(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(read(`/proc/${pid}/io`))?.[1] ?? NaN);
}

async function measure(bench: Bench, name: string, phase: string): Promise<Recorded> {
  const db = join(bench.folder, `record-${name}.db`);
  const watcher = await Watcher.start(bench, fhRecord(bench.fh!, db), "null");
  const before = { cpu: cpuTime(watcher.pid), written: writtenBy(watcher.pid) };
  const load = await runLoad(bench, [phase]);
  await watcher.drain();
  await sleep(FLUSHED_MS);
  const cpu = (cpuTime(watcher.pid) - before.cpu) / 1000;
  const written = writtenBy(watcher.pid) - before.written;
  const log = sizeOf(`${db}-wal`);
  const { peak } = memory(watcher.pid);
  await watcher.stop();
  const recorded = {
    ...compare(db, load),
    tasks: load.tasks.length,
    seconds: load.seconds,
    log,
    finalSize: sizeOf(db),
    written,
    cpu,
    peak,
  };
  bench.say(
    `record: ${name}: ${number(recorded.tasks / recorded.seconds)}/s, ` +
      `${recorded.missing} missing, ${recorded.wrong} wrong, ${recorded.lost} lost, ` +
      `${megabytes(peak)}, CPU ${seconds(cpu)}`,
  );
  return recorded;
}

function compare(
  db: string,
  { tasks }: Load,
): Pick<Recorded, "missing" | "wrong" | "argv" | "executed" | "lost" | "gaps"> {
  const file = new DatabaseSync(db, { readOnly: true });
  try {
    const { missing, wrong } = compareRows(readRows(file), tasks);
    const told = new Set(
      file.prepare("SELECT value FROM text WHERE id IN (SELECT argv FROM image)").all()
        .map((row) => JSON.parse(String(row["value"])).join(" ")),
    );
    const executed = tasks.filter(({ argv }) => argv !== null);
    return {
      missing: missing.length,
      wrong: wrong.length,
      argv: executed.filter(({ argv }) => told.has(argv)).length,
      executed: executed.length,
      lost: sum(readRuns(file).map((run) => Number(run["lost"]))),
      gaps: readGaps(file).length,
    };
  } finally {
    file.close();
  }
}

/** A recorder of which nothing is asked: CPU of a minute, and bytes where nothing happened. */
async function measureIdle(bench: Bench): Promise<{ text: string; goals: Goal[] }> {
  const db = join(bench.folder, "record-idle.db");
  const watcher = await Watcher.start(bench, fhRecord(bench.fh!, db), "null");
  await sleep(bench.quick ? QUICK_SETTLE_MS : SETTLE_MS);
  const time = bench.quick ? QUICK_SECONDS : SECONDS;
  const began = { cpu: cpuTime(watcher.pid), forks: hostForks(), written: writtenBy(watcher.pid) };
  let [quiet, bytes] = [0, 0];
  for (let window = 0; window * WINDOW_MS < time * 1000; window++) {
    const forks = hostForks();
    await sleep(FLUSHED_MS);
    const before = writtenBy(watcher.pid);
    await sleep(WINDOW_MS - FLUSHED_MS);
    const now = writtenBy(watcher.pid);
    if (hostForks() !== forks) continue;
    quiet++;
    bytes += now - before;
  }
  const cpuMs = (cpuTime(watcher.pid) - began.cpu) / 1e6;
  const written = writtenBy(watcher.pid) - began.written;
  const others = hostForks() - began.forks;
  const rss = memory(watcher.pid).now;
  await watcher.stop();
  const percent = cpuMs / time / 10;
  bench.say(`record: idle: ${number(cpuMs)} ms CPU in ${time} s, ${written} bytes written`);
  const windows = `${quiet} windows of ${(WINDOW_MS - FLUSHED_MS) / 1000} s`;
  return {
    text: `Idle for ${time} s: CPU ${number(cpuMs)} ms (${number(percent)} % of one core), ` +
      `memory ${megabytes(rss)}, ${number(written)} bytes sent to the disk while the host ` +
      `started ${others} tasks; ${number(bytes)} bytes in the ${windows} in which it started none.`,
    goals: [
      atMost(
        18,
        "record: nothing written while nothing happens",
        quiet === 0 ? NaN : bytes,
        0,
        `${number(bytes)} bytes in ${windows}`,
      ),
    ],
  };
}
