/**
 * The account of a job for people: whole for a file, on a terminal what fits it.
 *
 * @module
 */
import type { PathStep } from "../jobs/job_times.ts";
import type { CommandTotal, EndedProcess, Job } from "../jobs/run_job.ts";
import { GAP_REASON } from "../model/event.ts";
import { exitStatus } from "../model/process.ts";
import { escapeText } from "../text/escape.ts";
import { fitMiddle } from "../text/middle.ts";
import { type Column, table, type TableStyle } from "../text/table.ts";
import {
  accountWords,
  durationWords,
  exitWords,
  lossNoun,
  signalName,
  sizeWords,
} from "../text/words.ts";
import { cpuOf, type JobFacts, totalsOf } from "./job_facts.ts";
import { commandText } from "./line.ts";

export type { JobFacts } from "./job_facts.ts";

/** Rows of each table: of all that is known, and on a terminal, where it is to be seen at once. */
const ROWS = {
  whole: { commands: Infinity, failures: Infinity, slowest: Infinity, path: 100 },
  brief: { commands: 4, failures: 0, slowest: 3, path: 3 },
} as const;
/** On a terminal, what made the command fail takes so many lines at most. */
const CAUSE_LINES = 2;
/** Steps of the critical path are indented by so much at most. */
const INDENT_MAX = 20;

/**
 * The account as text, its lines ended: what broke it first, sums, commands, what else failed, the
 * slowest, the critical path. On a terminal some 20 lines of it, each as wide as that is.
 */
export function jobReport(facts: JobFacts, style: TableStyle): string {
  const { name, job, wallNs } = facts;
  const isBrief = style.width !== Infinity;
  const path = isBrief ? waitsOf(job) : stretchesOf(job);
  const rows = isBrief ? ROWS.brief : ROWS.whole;
  const others = [
    failureLines(job, rows.failures, style),
    slowestLines(job, rows.slowest, style),
    pathLines(wallNs, path, rows.path, style),
  ];
  // Of a single process all has been said.
  const brief = job.started > 1 ? [others.flat()] : [];
  const tables = [commandLines(facts, rows.commands, style), ...isBrief ? brief : others];
  const lines = [
    style.head(`job ${escapeText(name)}: ${statusWords(facts)}`),
    ...causeLines(job, style),
    ...isBrief ? briefSums(facts) : sumLines(facts),
    ...tables.filter((each) => each.length > 0).flatMap((each) => ["", ...each]),
  ];
  if (isBrief && isCut(job, path.length)) lines.push("for all of it: fh run --report FILE");
  return lines.map((line) => `${line}\n`).join("");
}

/** The highest signal: SIGRTMAX of signal(7). */
const SIGNAL_MAX = 64;

/** An exit status stays one, though a shell ends with it where a signal has ended its child. */
function statusWords({ status, signal }: JobFacts): string {
  if (signal !== null) return signalName(signal);
  const meant = status - 128;
  const isMeant = meant > 0 && meant <= SIGNAL_MAX;
  return isMeant ? `exit ${status} (of a shell: ${signalName(meant)})` : `exit ${status}`;
}

/** What broke it, and when. */
function causeLines({ cause, causePassedBy, start }: Job, { head, width }: TableStyle): string[] {
  if (cause === null) return [];
  const { pid, image, status, durationNs } = cause;
  const after = Math.max(0, cause.start + durationNs - (start ?? cause.start));
  const words = exitWords(exitStatus(status));
  const how = `${words} after ${durationWords(durationNs)}`;
  const names = [image, ...causePassedBy].reverse().map(({ comm }) => escapeText(comm ?? "?"));
  const who = `${names.join(" > ")} (${pid})`;
  const line = causePassedBy.length === 0
    ? `failed itself: ${who}, ${how}`
    : `failed first: ${who}, ${how}, ${durationWords(after)} into the run`;
  const room = width * CAUSE_LINES - "  ".length;
  return [head(fitMiddle(line, width)), `  ${fitMiddle(commandText(image), room)}`];
}

/** Whether a terminal shows less than there is. */
function isCut(job: Job, waits: number): boolean {
  const rows = ROWS.brief;
  return job.failed > 1 || job.slowest.length > rows.slowest || waits > rows.path ||
    job.commands().length > rows.commands;
}

/** A line of the sums: what, and how much. */
type Sum = readonly [what: string, text: string];

function sumsOf(facts: JobFacts): Readonly<Record<"processes" | "time" | "memory", Sum>> {
  const { job, wallNs } = facts;
  const { usage } = totalsOf(facts);
  const { userNs, systemNs, peakBytes } = usage;
  const cpu = Math.round((userNs + systemNs) / Math.max(wallNs, 1) * 100);
  const running = job.living.size > 0 ? `, ${number(job.living.size)} still run` : "";
  const peak = peakBytes === null ? "not known" : `${sizeWords(peakBytes)} in the largest process`;
  const times = `${durationWords(userNs)} user, ${durationWords(systemNs)} system`;
  return {
    processes: [
      "processes",
      `${number(job.started)} started, ${number(job.failed)} failed${running}`,
    ],
    time: ["time", `${durationWords(wallNs)} wall, ${times}; CPU ${cpu} %`],
    memory: ["memory", peak],
  };
}

function sumLines(facts: JobFacts): string[] {
  const { usage } = totalsOf(facts);
  const { processes, time, memory } = sumsOf(facts);
  const { voluntarySwitches, involuntarySwitches } = usage;
  return sumTexts([
    processes,
    time,
    memory,
    ["faults", `${number(usage.minorFaults)} minor, ${number(usage.majorFaults)} major`],
    ["storage", storageWords(facts)],
    ["switches", `${number(voluntarySwitches)} voluntary, ${number(involuntarySwitches)} not`],
    ["known", knownWords(facts)],
  ]);
}

/** The sums that people look at; what is not known is said, what is known not. */
function briefSums(facts: JobFacts): string[] {
  const { job, accounts } = facts;
  const { processes: [name, processes], time, memory: [, memory] } = sumsOf(facts);
  const isKnown = accounts !== null && job.accounted === job.ended && job.lost === 0;
  const both: Sum = [name, `${processes}; memory ${memory}`];
  return sumTexts([both, time, ...isKnown ? [] : [["known", knownWords(facts)] as Sum]]);
}

function sumTexts(sums: readonly Sum[]): string[] {
  return sums.map(([what, text]) => `${what.padEnd(10)} ${text}`);
}

function storageWords(facts: JobFacts): string {
  const { readBytes, writeBytes } = totalsOf(facts).usage;
  return `${sizeWords(readBytes)} read, ${sizeWords(writeBytes)} written`;
}

function knownWords(facts: JobFacts): string {
  const { job, accounts, source } = facts;
  const { from } = totalsOf(facts);
  const reason = source === "poll" ? GAP_REASON.missed : GAP_REASON.overflow;
  const lost = job.lost > 0 ? `; ${number(job.lost)} ${lossNoun(job.lost, reason)} lost` : "";
  const known = accounts === null
    ? "single processes are not accounted: that takes CAP_NET_ADMIN (taskstats)"
    : `${number(job.accounted)} of ${number(job.ended)} by ${accountWords(accounts)}`;
  return `${known}; sums by ${from}; source ${source}${lost}`;
}

function commandLines({ job, accounts }: JobFacts, rows: number, style: TableStyle): string[] {
  const all = job.commands();
  const whole = Math.max(all.reduce((sum, total) => sum + cpuOf(total), 0), 1);
  const columns: Column<CommandTotal>[] = [
    ["COUNT", ({ count }) => number(count), true],
    ["FAILED", ({ failed }) => number(failed), true],
    ["ELAPSED", ({ elapsedNs }) => durationWords(elapsedNs), true],
    ["MEAN", ({ elapsedNs, count }) => durationWords(elapsedNs / count), true],
    ...accounts === null ? [] : accountColumns(whole),
    [ofWords("COMMAND", rows, all.length), ({ name }) => name],
  ];
  return table(all.slice(0, rows), columns, style);
}

/** How many of a command's processes are accounted, and what those have cost of `whole`. */
function accountColumns(whole: number): Column<CommandTotal>[] {
  const known = (cell: (total: CommandTotal) => string) => (total: CommandTotal) => {
    return total.accounted > 0 ? cell(total) : "?";
  };
  const peak = ({ account: { peakBytes } }: CommandTotal) => {
    return peakBytes > 0 ? sizeWords(peakBytes) : "?";
  };
  return [
    ["KNOWN", ({ accounted }) => number(accounted), true, 1],
    ["CPU", known((total) => durationWords(cpuOf(total))), true],
    ["CPU %", known((total) => percent(cpuOf(total) / whole)), true, 2],
    ["PEAK", peak, true, 3],
  ];
}

/** What failed beside the cause, the last first. */
function failureLines(job: Job, rows: number, style: TableStyle): string[] {
  const last = job.failures.filter((one) => one !== job.cause).reverse().slice(0, rows);
  if (last.length === 0) return [];
  const all = job.failed - (job.cause === null ? 0 : 1);
  return table(last, endedColumns(ofWords("FAILED", last.length, all, "the last ")), style);
}

function slowestLines({ slowest, ended }: Job, rows: number, style: TableStyle): string[] {
  const shown = slowest.slice(0, rows);
  return table(shown, endedColumns(ofWords("SLOWEST", shown.length, ended)), style);
}

function endedColumns(name: string): Column<EndedProcess>[] {
  return [
    ["LASTED", ({ durationNs }) => durationWords(durationNs), true],
    ["STATUS", ({ status }) => exitWords(exitStatus(status))],
    ["PID", ({ pid }) => pid, true],
    [name, ({ image }) => commandText(image)],
  ];
}

/** One or more stretches of a process on the critical path. */
interface Waited {
  readonly step: PathStep;
  ns: number;
}

/** The longest, in the order of time. */
function pathLines(
  wallNs: number,
  path: readonly Waited[],
  rows: number,
  style: TableStyle,
): string[] {
  const shown = new Set([...path].sort((a, b) => b.ns - a.ns).slice(0, rows));
  const columns: Column<Waited>[] = [
    ["WAITED", ({ ns }) => durationWords(ns), true],
    ["SHARE", ({ ns }) => percent(ns / Math.max(wallNs, 1)), true],
    ["PID", ({ step }) => step.pid, true],
    [
      ofWords("CRITICAL PATH", rows, path.length),
      ({ step: { depth, image } }) => " ".repeat(Math.min(depth, INDENT_MAX)) + commandText(image),
    ],
  ];
  return table(path.filter((one) => shown.has(one)), columns, style);
}

/** The stretches of the path one by one. */
function stretchesOf(job: Job): Waited[] {
  return job.criticalPath().map((step) => ({ step, ns: step.to - step.from }));
}

/** The same with those of each process as one, where it comes first. */
function waitsOf(job: Job): Waited[] {
  const found = new Map<string, Waited>();
  for (const { step, ns } of stretchesOf(job)) {
    const key = `${step.pid} ${step.depth}`;
    const before = found.get(key);
    if (before?.step.image === step.image) before.ns += ns;
    else found.set(before === undefined ? key : `${key} ${step.from}`, { step, ns });
  }
  return [...found.values()];
}

/** The name of a column, and how many of how many rows there are. */
function ofWords(name: string, rows: number, all: number, which = ""): string {
  return all > rows ? `${name} (${which}${rows} of ${number(all)})` : name;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");
}
