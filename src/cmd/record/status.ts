/**
 * `fh record --status`: what the recorder does, from what it has written.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { Context } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { type BootSpan, History, type PastRun } from "../../history/history.ts";
import { HistoryError } from "../../history/history_error.ts";
import { missingIn } from "../../history/missing.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { WallClock } from "../../text/time.ts";
import { sizeWords } from "../../text/words.ts";
import { historyFailure } from "../failure.ts";
import { recorderLives } from "../history_open.ts";
import { historyToAsk } from "../history_place.ts";
import { localTime } from "../local_time.ts";
import { type MissingJson, missingJson, missingWords } from "../missing.ts";

/** What the command prints, as JSON has it; times in RFC 3339. */
interface Status {
  readonly db: string;
  readonly recording: boolean;
  readonly pid: number | null;
  readonly since: string | null;
  readonly written: string | null;
  readonly source: string | null;
  readonly why: string | null;
  readonly version: string | null;
  readonly events: number;
  readonly lost: number;
  readonly rows: number;
  readonly running: number;
  readonly size: number;
  readonly oldest: string | null;
  /** What is missing of this run. */
  readonly gaps: readonly MissingJson[];
}

/** Prints it; the exit status comes back: 0 while a recorder runs, else 1, 3 with no history. */
export function runStatus(
  context: Context,
  options: { readonly db?: string; readonly json?: boolean },
): number {
  const { status, missing } = readStatus(context, historyToAsk(context.env, options.db));
  context.stdout.write(options.json ? jsonText(status) + "\n" : statusText(status, missing));
  return status.recording ? EXIT.done : EXIT.failed;
}

function readStatus(
  context: Context,
  path: string,
): { readonly status: Status; readonly missing: readonly string[] } {
  let history: History;
  try {
    history = new History(path);
  } catch (error) {
    throw error instanceof HistoryError ? historyFailure(error) : error;
  }
  try {
    const run = history.lastRun();
    const recording = run !== null && recorderLives(run, openProcfs(context.procRoot));
    const [count] = history.db.prepare(
      `SELECT (SELECT count(*) FROM life) AS lives,
        (SELECT count(*) FROM life WHERE span IS NULL) AS running`,
    ).all();
    const range = history.range();
    const missing = missingIn(history, run === null ? [] : [spanOf(run)]);
    const status: Status = {
      db: path,
      recording,
      pid: recording ? run.pid : null,
      since: run === null ? null : moment(run, run.since),
      written: run === null ? null : moment(run, run.seen),
      source: run?.source ?? null,
      why: run?.why ?? null,
      version: run?.version ?? null,
      events: run?.events ?? 0,
      lost: run?.lost ?? 0,
      rows: Number(count!["lives"]),
      running: Number(count!["running"]),
      size: ["", "-wal", "-shm"].reduce((sum, suffix) => sum + sizeOf(path + suffix), 0),
      oldest: range === null ? null : new Date(range.since).toISOString(),
      gaps: missingJson(missing),
    };
    return { status, missing: missingWords(missing) };
  } finally {
    history.close();
  }
}

/** What was before it began is no matter of this run. */
function spanOf({ boot, since }: PastRun): BootSpan {
  return { boot, since: since + 1, until: Number.MAX_SAFE_INTEGER };
}

function moment({ boot }: PastRun, ns: number): string {
  return new WallClock().utc(boot.epochAt(ns), ns);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function statusText(status: Status, missing: readonly string[]): string {
  const { recording, pid, since, lost } = status;
  const rows: readonly (readonly [string, string])[] = [
    ["recording", recording ? `yes, pid ${pid}, since ${local(since)}` : "no"],
    ...(recording ? [] : [["last", `${local(since)} to ${local(status.written)}`] as const]),
    ["source", `${status.source ?? "none"}: ${status.why ?? "nothing was recorded yet"}`],
    ["events", `${status.events}, ${lost === 0 ? "none lost" : `${lost} lost`}`],
    ...missing.map((words) => ["missing", words] as const),
    ["processes", `${status.rows}, of which ${status.running} are running`],
    ["file", `${status.db}, ${sizeWords(status.size)}`],
    ["oldest", local(status.oldest)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)} ${escapeText(text)}\n`).join("");
}

function local(time: string | null): string {
  return time === null ? "never" : localTime(Date.parse(time));
}
