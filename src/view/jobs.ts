/**
 * Jobs, their members and their rules, for people. What is shown are the fields of answers.
 *
 * @module
 */
import { escapeText } from "../text/escape.ts";
import { quoteArgv } from "../text/quote.ts";
import { type Column, table, type TableStyle } from "../text/table.ts";
import { accountWords, durationWords, sizeWords } from "../text/words.ts";

/** Rows of a table within one job. */
const ROWS = 10;

/** Sums of what processes have cost; null where nothing is known. */
export interface SumRow {
  readonly processes: number;
  readonly failed: number;
  readonly accounted: number;
  readonly elapsed_ns: number;
  readonly user_ns: number | null;
  readonly system_ns: number | null;
  readonly minor_faults: number | null;
  readonly major_faults: number | null;
  readonly peak_bytes: number | null;
  readonly read_bytes: number | null;
  readonly write_bytes: number | null;
  readonly voluntary_switches: number | null;
  readonly involuntary_switches: number | null;
}

/** A job as the answer to `job_list` has it; docs/protocol.md has the fields. */
export interface JobRow extends SumRow {
  readonly job: number;
  readonly name: string;
  /** Where the answer is about several. */
  readonly host?: string;
  readonly uid: number;
  readonly user: string | null;
  /** RFC 3339. */
  readonly started: string;
  readonly ended: string | null;
  readonly running: number;
  readonly members: number;
  readonly lost: number;
}

/** The answer to `job_show`. */
export interface JobDetail extends JobRow {
  /** Where its accounts come from, names with commas between them; null: nowhere. */
  readonly accounts: string | null;
  readonly commands: readonly (SumRow & { readonly command: string })[];
  readonly users:
    readonly (SumRow & { readonly uid: number | null; readonly user: string | null })[];
}

/** What living members have cost so far. */
export interface LivingRow {
  readonly processes: number;
  readonly user_ns: number;
  readonly system_ns: number;
  readonly minor_faults: number;
  readonly major_faults: number;
  readonly peak_bytes: number | null;
  /** Null where it is not known of all. */
  readonly read_bytes: number | null;
  readonly write_bytes: number | null;
}

/** A member that lives. */
export interface RunningRow {
  readonly pid: number;
  readonly user: string | null;
  /** Nanoseconds since its start. */
  readonly age_ns: number;
  readonly argv: readonly string[];
}

/** A rule, as the answer to `rule_list` has it. */
export interface RuleRow {
  readonly rule: number;
  readonly job: string;
  readonly uid: number;
  readonly user: string | null;
  readonly filter: Readonly<Record<string, unknown>>;
  readonly used: boolean;
  /** Processes that it had no time or room for; null where it is not used. */
  readonly skipped: number | null;
}

const HOST: Column<JobRow> = ["HOST", ({ host }) => host ?? "-"];

/** Jobs as a table; `timeText` makes local times. */
export function renderJobs(
  rows: readonly JobRow[],
  style: TableStyle,
  timeText: (moment: number) => string,
): string[] {
  const time = (text: string | null) => text === null ? "-" : timeText(Date.parse(text));
  const columns: Column<JobRow>[] = [
    ...rows.some(({ host }) => host !== undefined) ? [HOST] : [],
    ["JOB", ({ job }) => job, true],
    ["USER", ({ user, uid }) => user ?? uid],
    ["SINCE", ({ started }) => time(started), false, 3],
    ["ENDED", ({ ended }) => time(ended), false, 2],
    ["RUNNING", ({ running }) => running, true],
    ["MEMBERS", ({ members }) => members, true],
    ["FAILED", ({ failed }) => failed, true],
    ["CPU", (row) => words(cpuOf(row), durationWords), true],
    ["PEAK", ({ peak_bytes: peak }) => words(peak, sizeWords), true, 1],
    ["NAME", ({ name }) => name],
  ];
  return table(rows, columns, style);
}

/** Rules as a table. */
export function renderRules(rows: readonly RuleRow[], style: TableStyle): string[] {
  const columns: Column<RuleRow>[] = [
    ["RULE", ({ rule }) => rule, true],
    ["USER", ({ user, uid }) => user ?? uid],
    ["JOB", ({ job }) => job],
    ["SKIPPED", ({ skipped }) => skipped ?? "-", true],
    ["WHEN", ({ filter, used }) => `${conditions(filter)}${used ? "" : " (not used)"}`],
  ];
  return table(rows, columns, style);
}

function conditions(filter: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(filter).map(([name, value]) => {
    return `${name} ${[value].flat().map(String).join(" or ")}`;
  });
  return parts.join(", ");
}

/** What is shown of one job. */
export interface JobShown {
  readonly job: JobDetail;
  readonly living: LivingRow;
  readonly members: readonly RunningRow[];
}

/** One job: its account so far, the commands that cost most, who is in it now. */
export function renderJob(
  { job, living, members }: JobShown,
  style: TableStyle,
  timeText: (moment: number) => string,
): string[] {
  const { name, ended, started, commands, users } = job;
  const until = ended === null ? "" : ` until ${timeText(Date.parse(ended))}`;
  const owner = job.user ?? String(job.uid);
  const on = job.host === undefined ? "" : ` on ${job.host}`;
  const title = `job ${job.job} ${name} of ${owner}${on}, since ${
    timeText(Date.parse(started))
  }${until}`;
  const lines = [style.head(escapeText(title)), ...sumLines(job, living)];
  if (commands.length > 0) {
    lines.push("", ...sumTable(commands, ["COMMAND", ({ command }) => command], style));
  }
  if (users.length > 1) {
    lines.push("", ...sumTable(users, ["USER", ({ user, uid }) => user ?? uid ?? "?"], style));
  }
  if (members.length > 0) {
    lines.push("", ...memberTable(members, style));
    if (living.processes > members.length) {
      lines.push(`and ${living.processes - members.length} more`);
    }
  }
  return lines;
}

function sumLines(job: JobDetail, living: LivingRow): string[] {
  const { members, running, failed, processes, accounted, lost } = job;
  const missing = lost > 0 ? `; ${lost} events or tasks lost while it was open` : "";
  const by = job.accounts === null ? "a recorder that has no accounts" : accountWords(job.accounts);
  const now = (text: string) => living.processes > 0 ? `; living ${text}` : "";
  const pair = (a: number | null, b: number | null, text: (value: number) => string) => {
    return [words(a, text), words(b, text)] as const;
  };
  const times = (row: LivingRow | JobDetail) => {
    const [user, system] = pair(row.user_ns, row.system_ns, durationWords);
    return `${user} user, ${system} system`;
  };
  const faults = (row: LivingRow | JobDetail) => {
    const [minor, major] = pair(row.minor_faults, row.major_faults, String);
    return `${minor} minor, ${major} major`;
  };
  const storage = (row: LivingRow | JobDetail) => {
    const [read, write] = pair(row.read_bytes, row.write_bytes, sizeWords);
    return `${read} read, ${write} written`;
  };
  const [voluntary, not] = pair(job.voluntary_switches, job.involuntary_switches, String);
  const rows: [string, string][] = [
    ["members", `${running} now, ${members} in all, ${failed} failed`],
    ["accounted", `${accounted} of ${processes} that have ended, by ${by}${missing}`],
    ["time", `${times(job)}${now(times(living))}`],
    [
      "memory",
      `${words(job.peak_bytes, sizeWords)} in the largest${
        now(words(living.peak_bytes, sizeWords))
      }`,
    ],
    ["faults", `${faults(job)}${now(faults(living))}`],
    ["storage", `${storage(job)}${now(storage(living))}`],
    ["switches", `${voluntary} voluntary, ${not} not`],
  ];
  return rows.map(([what, text]) => `${what.padEnd(10)} ${text}`);
}

function sumTable<Row extends SumRow>(
  rows: readonly Row[],
  key: Column<Row>,
  style: TableStyle,
): string[] {
  const lines = table(rows.slice(0, ROWS), [
    ["COUNT", ({ processes }) => processes, true],
    ["FAILED", ({ failed }) => failed, true],
    ["KNOWN", ({ accounted }) => accounted, true],
    ["ELAPSED", ({ elapsed_ns: elapsed }) => durationWords(elapsed), true],
    ["CPU", (row) => words(cpuOf(row), durationWords), true],
    ["PEAK", ({ peak_bytes: peak }) => words(peak, sizeWords), true],
    key,
  ], style);
  return rows.length > ROWS ? [...lines, `and ${rows.length - ROWS} more`] : lines;
}

function memberTable(members: readonly RunningRow[], style: TableStyle): string[] {
  return table(members, [
    ["PID", ({ pid }) => pid, true],
    ["USER", ({ user }) => user ?? "?"],
    ["AGE", ({ age_ns: age }) => durationWords(age), true],
    ["RUNNING", ({ argv }) => quoteArgv(argv)],
  ], style);
}

function cpuOf({ user_ns: user, system_ns: system }: SumRow): number | null {
  return user === null || system === null ? null : user + system;
}

function words(value: number | null, text: (value: number) => string): string {
  return value === null ? "?" : text(value);
}
