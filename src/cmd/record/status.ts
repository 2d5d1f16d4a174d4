/**
 * `fh record --status`: what the recorder does, as text and JSON.
 *
 * @module
 */
import { openOptions } from "../asking.ts";
import { missingWords } from "../../ask/missing.ts";
import { Notes } from "../../ask/notes.ts";
import { askFile } from "../../ask/open/open.ts";
import { askStatus, type StatusAnswer } from "../../ask/status.ts";
import type { PastRun } from "../../ask/store.ts";
import type { Context } from "../../cli/command.ts";
import { EXIT } from "../../fault.ts";
import { historyToAsk } from "../../history/place.ts";
import { localTime } from "../../host/local_time.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { readShipStates } from "../../ship/state.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { WallClock } from "../../text/time.ts";
import { durationWords, sizeWords } from "../../text/words.ts";
import { shippingFields, type ShippingJson, shippingWords } from "../ship/state_words.ts";
import { type MissingJson, missingJson } from "../../view/missing_json.ts";

const NS_PER_MS = 1e6;

/** What the command prints, as JSON has it; times in RFC 3339. */
export interface Status {
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
  /** How far the recorder is behind, nanoseconds; null where none is at work. */
  readonly lag_ns: number | null;
  readonly rows: number;
  readonly running: number;
  readonly size: number;
  readonly oldest: string | null;
  /** What it forgets: beyond a time, and beyond a size; null where it does not. */
  readonly keep_ns: number | null;
  readonly max_bytes: number | null;
  /** How far back the file reaches when it is full, at the pace up to now; null: not known. */
  readonly reach_ns: number | null;
  /** How far those who ship the history have come. */
  readonly shipping: readonly ShippingJson[];
  /** What is missing of this run. */
  readonly gaps: readonly MissingJson[];
  readonly notes: Notes;
}

/** Prints it; the exit status comes back: 0 while a recorder runs, else 1, 3 with no history. */
export async function runStatus(
  context: Context,
  options: { readonly db?: string; readonly json?: boolean },
): Promise<number> {
  const { status, missing } = await readStatus(context, options.db);
  context.stdout.write(options.json ? `${jsonText(status)}\n` : statusText(status, missing));
  return status.recording ? EXIT.done : EXIT.failed;
}

/** What is printed, and what is missing in words; rejects with CommandError without a history. */
export async function readStatus(
  context: Context,
  db: string | undefined,
): Promise<{ readonly status: Status; readonly missing: readonly string[] }> {
  const notes = new Notes();
  const store = await askFile(context, historyToAsk(context, db), openOptions(context, notes));
  try {
    const answer = await askStatus(store, openProcfs(context.procRoot), notes);
    return {
      status: statusFields(answer, notes, context.now()),
      missing: missingWords(answer.missing),
    };
  } finally {
    store.close();
  }
}

function statusFields(answer: StatusAnswer, notes: Notes, now: number): Status {
  const { db, recording, run, lag, lives, running, size, oldest, reachMs, missing } = answer;
  return {
    db,
    recording,
    pid: recording ? run!.pid : null,
    since: run === null ? null : moment(run, run.since),
    written: run === null ? null : moment(run, run.seen),
    source: run?.source ?? null,
    why: run?.why ?? null,
    version: run?.version ?? null,
    events: run?.events ?? 0,
    lost: run?.lost ?? 0,
    lag_ns: lag === null ? null : Math.round(lag),
    rows: lives,
    running,
    size,
    oldest: oldest === null ? null : new Date(oldest).toISOString(),
    keep_ns: run?.keepMs == null ? null : run.keepMs * NS_PER_MS,
    max_bytes: run?.maxBytes ?? null,
    reach_ns: reachMs === null ? null : Math.round(reachMs * NS_PER_MS),
    shipping: readShipStates(db, now).map((state) => shippingFields(state, now)),
    gaps: missingJson(missing),
    notes,
  };
}

function moment({ boot }: PastRun, ns: number): string {
  return new WallClock().utc(boot.epochAt(ns), ns);
}

function statusText(status: Status, missing: readonly string[]): string {
  const { recording, pid, since, lost, lag_ns } = status;
  const rows: readonly (readonly [string, string])[] = [
    ["recording", recording ? `yes, pid ${pid}, since ${local(since)}` : "no"],
    ...(recording ? [] : [["last", `${local(since)} to ${local(status.written)}`] as const]),
    ["source", `${status.source ?? "none"}: ${status.why ?? "nothing was recorded yet"}`],
    ["events", `${status.events}, ${lost === 0 ? "none lost" : `${lost} lost`}`],
    ...(lag_ns
      ? [["behind", `${durationWords(lag_ns)}: that much is not written yet`] as const]
      : []),
    ...status.shipping.map((one) => ["shipping", shippingWords(one)] as const),
    ...missing.map((words) => ["missing", words] as const),
    ["processes", `${status.rows}, of which ${status.running} are running`],
    ["file", `${status.db}, ${sizeWords(status.size)}`],
    ["oldest", local(status.oldest)],
    ...keptWords(status),
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)} ${escapeText(text)}\n`).join("");
}

/** What is forgotten, and how far back that will reach. */
function keptWords(status: Status): (readonly [string, string])[] {
  const { keep_ns: keep, max_bytes: most, reach_ns: reach } = status;
  if (keep === null && most === null) return [];
  const limits = [
    ...keep === null ? [] : [durationWords(keep)],
    ...most === null ? [] : [sizeWords(most)],
  ];
  const pace = reach === null || reach === keep ? "" : `; at this pace ${durationWords(reach)}`;
  return [["keeps", `up to ${limits.join(" or ")}${pace}`]];
}

function local(time: string | null): string {
  return time === null ? "never" : localTime(Date.parse(time));
}
