/**
 * The account of a job, for people and as JSON.
 *
 * @module
 */
import type { PathStep } from "../jobs/job_times.ts";
import type { CommandTotal, EndedProcess, Job } from "../jobs/run_job.ts";
import { type Account, type Figure, FIGURES } from "../model/account.ts";
import { GAP_REASON } from "../model/event.ts";
import type { Image } from "../model/image.ts";
import { exitStatus } from "../model/process.ts";
import { argvFields } from "../text/argv_fields.ts";
import { escapeText, fitWidth } from "../text/escape.ts";
import { type Column, table, type TableStyle } from "../text/table.ts";
import {
  accountWords,
  durationWords,
  exitWords,
  lossNoun,
  signalName,
  sizeWords,
} from "../text/words.ts";
import { commandText } from "./line.ts";

/** Rows of each table for people; JSON has all that is known. */
const ROWS = 10;

/** What all of a job's processes have used, as far as their parents have waited for them. */
export interface JobUsage extends Omit<Account, "cpuNs" | "peakBytes" | "addTask" | "add"> {
  /** Null where it is not known. */
  readonly peakBytes: number | null;
}

/** What a report is made of. */
export interface JobFacts {
  readonly name: string;
  readonly argv: readonly string[];
  /** Exit status of the command; 128 + signal when it was killed. */
  readonly status: number;
  readonly wallNs: number;
  readonly job: Job;
  /** getrusage(2) of the children. */
  readonly usage: JobUsage;
  readonly source: string;
  /** Where the accounts of single processes come from; null when there are none. */
  readonly accounts: "taskstats" | "zombie" | null;
}

/** Sums, and where they come from. */
interface Totals {
  readonly from: "taskstats, wait4" | "zombie, wait4" | "wait4";
  readonly usage: JobUsage;
}

/**
 * Records know of all that exited, but not what the exit itself cost; zombies were not all seen;
 * wait4(2) knows only of those whose parents waited for them. None counts anything that was not:
 * the larger one is nearer to what was.
 */
function totalsOf({ accounts, job, usage }: JobFacts): Totals {
  if (accounts === null) return { from: "wait4", usage };
  const { account } = job;
  const cpu = usage.userNs + usage.systemNs > account.userNs + account.systemNs ? usage : account;
  const larger = FIGURES.map(({ name }) => [name, Math.max(usage[name] ?? 0, account[name])]);
  return {
    from: `${accounts}, wait4`,
    usage: {
      ...Object.fromEntries(larger) as Record<Figure["name"], number>,
      userNs: cpu.userNs,
      systemNs: cpu.systemNs,
      // What wait4(2) calls so may be what a process had before its exec.
      peakBytes: account.peakBytes > 0 ? account.peakBytes : usage.peakBytes,
    },
  };
}

/** The account as an object. */
export function jobJson(facts: JobFacts): unknown {
  const { name, argv, status, wallNs, job, source, accounts } = facts;
  const totals = totalsOf(facts);
  return {
    name,
    argv,
    status,
    source,
    wall_ns: Math.round(wallNs),
    processes: {
      started: job.started,
      ended: job.ended,
      running: job.living.size,
      failed: job.failed,
      accounted: job.accounted,
      lost: job.lost,
    },
    accounts,
    totals: { from: totals.from, ...usageJson(totals.usage) },
    commands: job.commands().map((total) => ({
      command: total.name,
      count: total.count,
      failed: total.failed,
      elapsed_ns: Math.round(total.elapsedNs),
      accounted: total.accounted,
      ...accounts === null ? {} : commandUsageJson(total),
    })),
    slowest: job.slowest.map(endedJson),
    cause: job.cause === null ? null : endedJson(job.cause),
    failures: job.failures.map(endedJson),
    critical_path: job.criticalPath().map(({ pid, image, from, to, depth }) => ({
      pid,
      ...argvFields(image),
      comm: image.comm,
      depth,
      duration_ns: Math.round(to - from),
    })),
  };
}

/** What is not known is null: the account where no process has one, and the peak of zombies. */
function commandUsageJson({ account, accounted }: CommandTotal): Record<string, number | null> {
  const { peakBytes } = account;
  const usage = usageJson({ ...account, peakBytes: peakBytes > 0 ? peakBytes : null });
  if (accounted > 0) return usage;
  return Object.fromEntries(Object.keys(usage).map((name) => [name, null]));
}

function usageJson(usage: JobUsage): Record<string, number | null> {
  const valueOf = (value: number | null) => value === null ? null : Math.round(value);
  return Object.fromEntries(FIGURES.map(({ name, json }) => [json, valueOf(usage[name])]));
}

function endedJson({ pid, image, status, durationNs }: EndedProcess): unknown {
  const { code, signal } = exitStatus(status);
  return {
    pid,
    comm: image.comm,
    ...argvFields(image),
    exit_code: code,
    signal: signal === null ? null : signalName(signal),
    duration_ns: Math.round(durationNs),
  };
}

/**
 * The account as text, its lines ended. A row is a line of a terminal, but for what made the
 * command fail: that is shown whole.
 */
export function jobReport(facts: JobFacts, style: TableStyle): string {
  const { name, job } = facts;
  const { head, width } = style;
  const lines = [
    head(`job ${escapeText(name)}: ${statusWords(facts.status)}`),
    ...sumLines(facts),
    "",
    ...commandLines(facts, style),
  ];
  const add = (title: string, rows: readonly string[], cells = width) => {
    lines.push("", head(title), ...rows.map((row) => fitWidth(row, cells)));
  };
  const { cause, failures, failed, slowest } = job;
  if (cause !== null) add("cause of failure", [endedLine(cause)], Infinity);
  const last = failures.filter((one) => one !== cause).slice(-ROWS).reverse();
  if (last.length > 0) {
    const more = failed > last.length + 1 ? `, the last ${last.length} of ${failed}` : "";
    add(`failed${more}`, last.map(endedLine));
  }
  add("slowest", slowest.slice(0, ROWS).map(endedLine));
  add("critical path", pathLines(job.criticalPath(), facts.wallNs));
  return lines.map((line) => `${line}\n`).join("");
}

function statusWords(status: number): string {
  return status > 128 ? `${signalName(status - 128)}` : `exit ${status}`;
}

function sumLines(facts: JobFacts): string[] {
  const { job, wallNs, accounts, source } = facts;
  const { from, usage } = totalsOf(facts);
  const { userNs, systemNs } = usage;
  const cpu = Math.round((userNs + systemNs) / Math.max(wallNs, 1) * 100);
  const running = job.living.size > 0 ? `, ${number(job.living.size)} still run` : "";
  const reason = source === "poll" ? GAP_REASON.missed : GAP_REASON.overflow;
  const lost = job.lost > 0 ? `; ${number(job.lost)} ${lossNoun(job.lost, reason)} lost` : "";
  const known = accounts === null
    ? "single processes are not accounted: that takes CAP_NET_ADMIN (taskstats)"
    : `${number(job.accounted)} of ${number(job.ended)} by ${accountWords(accounts)}`;
  const rows: [string, string][] = [
    ["processes", `${number(job.started)} started, ${number(job.failed)} failed${running}`],
    [
      "time",
      `${durationWords(wallNs)} wall, ${durationWords(userNs)} user, ` +
      `${durationWords(systemNs)} system; CPU ${cpu} %`,
    ],
    [
      "memory",
      usage.peakBytes === null
        ? "not known"
        : `${sizeWords(usage.peakBytes)} in the largest process`,
    ],
    ["faults", `${number(usage.minorFaults)} minor, ${number(usage.majorFaults)} major`],
    ["storage", `${sizeWords(usage.readBytes)} read, ${sizeWords(usage.writeBytes)} written`],
    [
      "switches",
      `${number(usage.voluntarySwitches)} voluntary, ${number(usage.involuntarySwitches)} not`,
    ],
    ["known", `${known}; sums by ${from}; source ${source}${lost}`],
  ];
  return rows.map(([what, text]) => `${what.padEnd(10)} ${text}`);
}

function commandLines({ job, accounts }: JobFacts, style: TableStyle): string[] {
  const all = job.commands();
  const whole = Math.max(all.reduce((sum, total) => sum + cpuOf(total), 0), 1);
  const columns: Column<CommandTotal>[] = [
    ["COUNT", ({ count }) => number(count), true],
    ["FAILED", ({ failed }) => number(failed), true],
    ["ELAPSED", ({ elapsedNs }) => durationWords(elapsedNs), true],
    ["MEAN", ({ elapsedNs, count }) => durationWords(elapsedNs / count), true],
    ...accounts === null ? [] : accountColumns(whole),
    ["COMMAND", ({ name }) => name],
  ];
  const more = all.length > ROWS ? [`and ${all.length - ROWS} more`] : [];
  return [...table(all.slice(0, ROWS), columns, style), ...more];
}

function cpuOf({ account }: CommandTotal): number {
  return account.userNs + account.systemNs;
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
    ["CPU %", known((total) => `${(cpuOf(total) / whole * 100).toFixed(1)} %`), true, 2],
    ["PEAK", peak, true, 3],
  ];
}

function endedLine({ pid, image, status, durationNs }: EndedProcess): string {
  const words = exitWords(exitStatus(status));
  const cells = [
    durationWords(durationNs).padStart(8),
    words.padEnd(8),
    String(pid).padStart(7),
  ];
  return `${cells.join("  ")}  ${commandOf(image)}`;
}

/** The longest steps, in the order of time. */
function pathLines(steps: readonly PathStep[], wallNs: number): string[] {
  const longest = [...steps].sort((a, b) => (b.to - b.from) - (a.to - a.from)).slice(0, ROWS);
  const shown = new Set(longest);
  return steps.filter((step) => shown.has(step)).map(({ pid, image, from, to, depth }) => {
    const share = `${((to - from) / Math.max(wallNs, 1) * 100).toFixed(1)} %`;
    const cells = [
      durationWords(to - from).padStart(8),
      share.padStart(7),
      String(pid).padStart(7),
    ];
    return `${cells.join("  ")}  ${" ".repeat(Math.min(depth, 20))}${commandOf(image)}`;
  });
}

function commandOf(image: Image): string {
  return commandText(image);
}

function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");
}
