/**
 * What `fh account` does without a file: sums over what the history has.
 *
 * @module
 */
import { parseUser } from "../../ask/text/values.ts";
import type { Context } from "../../cli/command.ts";
import { EXIT, UsageError } from "../../fault.ts";
import {
  accountSources,
  type CostTest,
  type JobTotals,
  type KeyTotals,
  recordingSources,
  sumEndedSteps,
  sumJobsSteps,
} from "../../history/accounts.ts";
import type { BootSpan, History } from "../../history/history.ts";
import { type Missing, missingIn } from "../../history/missing.ts";
import { GAP_REASON, GAP_WORDS } from "../../model/event.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath } from "../../steps.ts";
import { accountWords, durationWords } from "../../text/words.ts";
import type { Fields } from "../../view/account.ts";
import { byCost, costFields, type CostRow, renderCosts } from "../../view/account_past.ts";
import { askHistory } from "../history_open.ts";
import { noHistory } from "../history_place.ts";
import { localTime } from "../local_time.ts";
import { missingJson, missingWords } from "../missing.ts";
import { checkAhead, readStretch, recordedSpans, type Stretch } from "../past.ts";
import type { ACCOUNT_KEYS } from "./command.ts";
import { AccountOutput, checkForm, type FormOptions } from "./output.ts";

const PAUSE = GAP_WORDS[GAP_REASON.pause]!;

interface PastOptions extends FormOptions {
  readonly by?: typeof ACCOUNT_KEYS[number];
  readonly since?: string;
  readonly until?: string;
  readonly user?: readonly string[];
  readonly comm?: readonly ((text: string) => boolean)[];
  readonly failed?: boolean;
  readonly db?: string;
}

/** Runs the command; the exit status comes back. */
export async function runPastAccount(
  context: Context,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options: PastOptions = given;
  checkForm(options);
  if (options.by === "job" && options.failed) {
    throw new UsageError(
      "Bad options: --failed with --by job, whose sums do not tell failures apart; " +
        "take one of them",
    );
  }
  const stretch = readStretch(options, Date.now());
  const users = openUsers();
  const test = testOf(options, users);
  const history = await askHistory(context, options.db);
  if (history === null) {
    checkAhead(stretch, null);
    throw noHistory(context.env);
  }
  try {
    const spans = recordedSpans(history, stretch);
    const out = new AccountOutput(context, options);
    const answer = await answerOf(context, history, spans, options, test, users);
    const missing = missingIn(history, spans);
    await writeRows(context, out, answer.rows, missing, options);
    out.note(noteOf(history, spans, stretch, answer, missing));
  } finally {
    history.close();
  }
  return EXIT.done;
}

/** What `--user` and `--comm` ask; null when they are not given. */
function testOf({ user, comm }: PastOptions, users: Users): CostTest | null {
  if (user === undefined && comm === undefined) return null;
  const uids = user === undefined ? null : new Set(user.map((text) => parseUser(text, users)));
  return (name, uid) => {
    if (uids !== null && (uid === null || !uids.has(uid))) return false;
    return comm === undefined || (name !== null && comm.some((matches) => matches(name)));
  };
}

/** What is to be shown, and said of it. */
interface Answer {
  readonly rows: readonly CostRow[];
  /** Of what, as the end of "accounted 1 of 2 ...", without the time. */
  readonly what: string;
  readonly unseen: number;
  /** Members of jobs that run. */
  readonly running: number;
}

async function answerOf(
  { signal }: Context,
  history: History,
  spans: readonly BootSpan[],
  { by = "command", failed = false, user, comm }: PastOptions,
  test: CostTest | null,
  users: Users,
): Promise<Answer> {
  if (by === "job") {
    const jobs = await new Breath(signal).finish(sumJobsSteps(history, spans, test));
    const of = `processes that have ended of ${number(jobs.length)} jobs open`;
    const what = jobs.length === 0 ? "jobs open" : of;
    const running = jobs.reduce((sum, { job }) => sum + job.living, 0);
    const rows = jobs.map((one) => jobRow(one, users)).sort(byCost);
    return { rows, what, unseen: 0, running };
  }
  const steps = sumEndedSteps(history, spans, { by, failed, test });
  const found = await new Breath(signal).finish(steps);
  const rows = found.map((one) => keyRow(by, one, users)).sort(byCost);
  const isFiltered = failed || user !== undefined || comm !== undefined;
  const what = isFiltered ? "such processes that ended" : "processes that ended";
  const unseen = found.reduce((sum, { totals }) => sum + totals.unseen, 0);
  return { rows, what, unseen, running: 0 };
}

function keyRow(by: string, { key, totals }: KeyTotals, users: Users): CostRow {
  const shown = typeof key === "number" ? users.name(key) ?? String(key) : key;
  return { of: [[by, shown]], sums: totals };
}

function jobRow({ job, totals }: JobTotals, users: Users): CostRow {
  const { id, name, owner, started, living, lost } = job;
  const of: Fields = [["job", id], ["uid", owner], ["user", users.name(owner)], ["name", name]];
  return { of, sums: totals, more: { members: started, running: living, lost } };
}

async function writeRows(
  { stdout, signal }: Context,
  out: AccountOutput,
  rows: readonly CostRow[],
  missing: readonly Missing[],
  { json, csv }: PastOptions,
): Promise<void> {
  if (json || csv) {
    // A table has no place for it.
    const gaps: Fields = csv || missing.length === 0 ? [] : [["gaps", missingJson(missing)]];
    for (const row of rows) {
      await out.putFields([...costFields(row), ...gaps]);
      if (stdout.closed || signal.aborted) return;
    }
  } else if (rows.length > 0) {
    const steps = renderCosts(rows, (text) => out.head(text));
    await out.putLines(await new Breath(signal).finish(steps));
  }
  await out.write();
}

/** How much of what there was is accounted, by whom, and what is not known. */
function noteOf(
  history: History,
  spans: readonly BootSpan[],
  { until }: Stretch,
  { rows, what, unseen, running }: Answer,
  missing: readonly Missing[],
): string {
  const [processes, accounted] = [sum(rows, "processes"), sum(rows, "accounted")];
  const sources = recordingSources(history, spans);
  const by = accountWords(accountSources(history, spans).join(", "));
  const [first, last] = [spans[0]!, spans.at(-1)!];
  const begin = localTime(first.boot.moment(first.since));
  const end = localTime(last.boot.moment(last.until));
  const time = until === null ? `since ${begin}` : `from ${begin} to ${end}`;
  const isPause = ({ reason }: Missing) => reason === PAUSE;
  const missedNs = missing.find(isPause)?.ns ?? 0;
  const counted = rows.length === 0
    ? `there were no ${what} ${time}`
    : `accounted ${number(accounted)} of ${number(processes)} ${what} ${time}`;
  return [
    accounted > 0 && by !== "" ? `${counted}, by ${by}` : counted,
    `${sources.length > 1 ? "sources" : "source"} ${sources.join(", ")}`,
    ...running > 0 ? [`${number(running)} members still run`] : [],
    ...unseen > 0 ? [`of ${number(unseen)} it was not seen how they ended`] : [],
    ...missingWords(missing.filter((one) => !isPause(one))),
    ...missedNs > 0 ? [`nobody recorded for ${durationWords(missedNs)} of it`] : [],
  ].join("; ");
}

function sum(rows: readonly CostRow[], name: "processes" | "accounted"): number {
  return rows.reduce((total, { sums }) => total + sums[name], 0);
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
