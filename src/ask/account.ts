/**
 * The question of `account`: what has ended within a stretch of time, and what that has cost.
 *
 * @module
 */
import process from "node:process";
import { localTime } from "../host/local_time.ts";
import type { BootSpan } from "../model/bounds.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { Users } from "../proc/passwd.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import { accountWords, durationWords } from "../text/words.ts";
import type { AccountKey } from "./account_keys.ts";
import type { Asking } from "./asking.ts";
import { readLiving } from "./living.ts";
import { missingWords } from "./missing.ts";
import type {
  CostSums,
  CostTest,
  JobTotals,
  KeyTotals,
  Missing,
  PastStore,
  Sources,
} from "./store.ts";
import { recordedSpans, type Stretch } from "./stretch.ts";
import { parseUser } from "./text/values.ts";
import { maySee, type Viewer } from "./viewer.ts";

/** Processes that are read between two pauses. */
const READ_AT_ONCE = 200;
const PAUSE = GAP_WORDS[GAP_REASON.pause]!;

/** Of what the costs are wanted. */
export interface AccountQuery {
  /** By command, if not given. */
  readonly by?: AccountKey;
  /** Names or uids. */
  readonly user?: readonly string[];
  readonly comm?: readonly ((text: string) => boolean)[];
  readonly failed?: boolean;
}

/** The figures of one line: what they are the sums of, and the sums. */
export interface CostRow {
  /** `[["command", "sh"]]`, or what names a job; for people without the uid. */
  readonly of: readonly (readonly [name: string, value: string | number | null])[];
  /** Of jobs: processes that have been in it, those that run, and events that were lost. */
  readonly more?: { readonly members: number; readonly running: number; readonly lost: number };
  readonly sums: CostSums;
}

/** Orders rows: what took most CPU time first, or most time where that is not known. */
export function byCost(a: CostRow, b: CostRow): number {
  const names = ({ of }: CostRow) => of.map(([, value]) => String(value)).join(" ");
  return cpuOf(b.sums) - cpuOf(a.sums) || b.sums.elapsedUs - a.sums.elapsedUs ||
    b.sums.processes - a.sums.processes || (names(a) < names(b) ? -1 : 1);
}

function cpuOf({ accounted, userUs, systemUs }: CostSums): number {
  return accounted === 0 ? -1 : userUs + systemUs;
}

/** What has been found. */
export interface AccountAnswer {
  /** What took most CPU time first. */
  readonly rows: readonly CostRow[];
  readonly missing: readonly Missing[];
}

/** What the sums are of. */
interface Found {
  readonly rows: readonly CostRow[];
  /** Of what, as the end of "accounted 1 of 2 ...", without the time. */
  readonly what: string;
  readonly unseen: number;
  /** Members of jobs that run. */
  readonly running: number;
}

/** Sums over what a history has of a stretch; throws CommandError where it has nothing. */
export async function askAccount(
  asking: Asking,
  store: PastStore,
  stretch: Stretch,
  query: AccountQuery,
): Promise<AccountAnswer> {
  const { users, notes, viewer } = asking;
  const test = seenBy(viewer, testOf(query, users));
  const spans = recordedSpans(store, stretch);
  const found = await find(store, spans, query, test, { users, viewer });
  const missing = await store.missing(spans);
  const sources = await store.sources(spans);
  const running = isOfNow(asking, spans, stretch, query) ? await stillRunning(asking, test) : [];
  const text = coverage(sources, spans, stretch, found, missing);
  notes.add("coverage", [text, ...running].join("; "));
  return { rows: found.rows, missing };
}

/** Whether what runs now could have been in the sums, had it ended. */
function isOfNow(
  { reader, now, viewer }: Asking,
  spans: readonly BootSpan[],
  { until }: Stretch,
  { by, failed }: AccountQuery,
): boolean {
  // Who asks a server would have it read all of /proc.
  if (!viewer.privileged) return false;
  // Jobs have members that run in their own rows.
  if (by === "job" || failed || (until !== null && until < now())) return false;
  return spans.at(-1)?.boot.bootId === readBootId(reader);
}

/** What is not in the sums, because it has not ended, as part of a sentence. */
async function stillRunning(
  { reader, boot, breath }: Asking,
  test: CostTest | null,
): Promise<string[]> {
  const pids = withoutKernelThreads(reader, reader.pids());
  let [running, cpuNs] = [0, 0];
  for (let at = 0; at < pids.length; at += READ_AT_ONCE) {
    const some = readProcesses(reader, pids.slice(at, at + READ_AT_ONCE));
    const living = takeSnapshot(some, undefined, boot)
      .filter(({ pid, image, uid }) => pid !== process.pid && (test?.(image.comm, uid) ?? true));
    const { processes, account } = readLiving(reader, living);
    running += processes;
    cpuNs += account.cpuNs;
    await breath.take();
  }
  if (running === 0) return [];
  return [
    `what ended is counted as a whole, and not in it are ${number(running)} that still run, ` +
    `with ${durationWords(cpuNs)} of CPU so far`,
  ];
}

/** What is asked of user and name; null when nothing is. */
function testOf({ user, comm }: AccountQuery, users: Users): CostTest | null {
  if (user === undefined && comm === undefined) return null;
  const uids = user === undefined ? null : new Set(user.map((text) => parseUser(text, users)));
  return (name, uid) => {
    if (uids !== null && (uid === null || !uids.has(uid))) return false;
    return comm === undefined || (name !== null && comm.some((matches) => matches(name)));
  };
}

/** Counts what a viewer may see alone. */
function seenBy(viewer: Viewer, test: CostTest | null): CostTest | null {
  if (viewer.privileged) return test;
  return (comm, uid) => maySee(viewer, uid) && (test === null || test(comm, uid));
}

async function find(
  store: PastStore,
  spans: readonly BootSpan[],
  { by = "command", failed = false, user, comm }: AccountQuery,
  test: CostTest | null,
  { users, viewer }: Pick<Asking, "users" | "viewer">,
): Promise<Found> {
  if (by === "job") {
    const all = await store.jobCosts(spans, test);
    const jobs = all.filter(({ job }) => maySee(viewer, job.owner));
    const of = `processes that have ended of ${number(jobs.length)} jobs open`;
    const what = jobs.length === 0 ? "jobs open" : of;
    const running = jobs.reduce((sum, { job }) => sum + job.living, 0);
    const rows = jobs.map((one) => jobRow(one, users)).sort(byCost);
    return { rows, what, unseen: 0, running };
  }
  const found = await store.costs(spans, { by, failed, test });
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
  const of: CostRow["of"] = [["job", id], ["uid", owner], ["user", users.name(owner)], [
    "name",
    name,
  ]];
  return { of, sums: totals, more: { members: started, running: living, lost } };
}

/** How much of what there was is accounted, by whom, and what is not known. */
function coverage(
  { recording, accounts }: Sources,
  spans: readonly BootSpan[],
  { until }: Stretch,
  { rows, what, unseen, running }: Found,
  missing: readonly Missing[],
): string {
  const [processes, accounted] = [sum(rows, "processes"), sum(rows, "accounted")];
  const by = accountWords(accounts.join(", "));
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
    ...recording.length === 0
      ? []
      : [`${recording.length > 1 ? "sources" : "source"} ${recording.join(", ")}`],
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
