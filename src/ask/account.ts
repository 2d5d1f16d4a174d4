/**
 * The question of `account`: what has ended within a stretch of time, and what that has cost.
 *
 * @module
 */
import process from "node:process";
import { localTime } from "../host/local_time.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { Change } from "../model/machine.ts";
import { exitStatus, type Process, TICK_NS } from "../model/process.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { Image } from "../model/image.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { ProcReader } from "../proc/procfs.ts";
import type { Users } from "../proc/passwd.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import { accountWords, durationWords, exitWords } from "../text/words.ts";
import type { AccountKey } from "./account_keys.ts";
import { UsageError } from "../fault.ts";
import type { Asking } from "./asking.ts";
import type { FilterOptions } from "./filter.ts";
import { familyOf } from "./here.ts";
import type { Roots } from "./roots.ts";
import { rowsOfJobs, rowsOfNames } from "./job_sums.ts";
import { readLiving } from "./living.ts";
import { lookSteps } from "./looks.ts";
import { missingWords } from "./missing.ts";
import type {
  CostKey,
  CostQuery,
  CostSums,
  CostTest,
  KeyTotals,
  LivingUse,
  Missing,
  PastStore,
  Sources,
} from "./store.ts";
import { recordedSpans, type Stretch } from "./stretch.ts";
import { parseUser } from "./text/values.ts";
import { maySee, type Viewer } from "./viewer.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

const TICK_US = TICK_NS / 1000;
/** Processes that are read between two pauses. */
const READ_AT_ONCE = 200;
const PAUSE = GAP_WORDS[GAP_REASON.pause]!;

/** Of what the costs are wanted. */
export interface AccountQuery extends Omit<FilterOptions, "pid" | "event"> {
  /** By command, if not given. */
  readonly by?: AccountKey;
  /** Processes as people name them, whose descendants are counted. */
  readonly pid?: readonly string[];
}

/** Filters that sums of jobs cannot tell apart, by the names of their options. */
const NOT_OF_JOBS: readonly (keyof AccountQuery)[] = [
  "pid",
  "match",
  "failed",
  "minDuration",
  "cgroup",
  "exe",
  "unit",
];
/** All that chooses processes. */
const FILTERS: readonly (keyof AccountQuery)[] = ["user", "comm", ...NOT_OF_JOBS];

/** The figures of one line: what they are the sums of, and the sums. */
export interface CostRow {
  /** `[["command", "sh"]]`, or what names a job; for people without the uid. */
  readonly of: readonly (readonly [name: string, value: string | number | null])[];
  /**
   * Of jobs: how many they are and on how many hosts, processes that have been in them, those that
   * run, and events that were lost.
   */
  readonly more?: {
    readonly jobs?: number;
    readonly hosts?: number;
    readonly members: number;
    readonly running: number;
    readonly lost: number;
  };
  readonly sums: CostSums;
}

/** Orders rows: what took most CPU time first, or most time where that is not known. */
export function byCost(a: CostRow, b: CostRow): number {
  const names = ({ of }: CostRow) => of.map(([, value]) => String(value)).join(" ");
  return cpuOf(b.sums) - cpuOf(a.sums) || b.sums.elapsedUs - a.sums.elapsedUs ||
    b.sums.processes - a.sums.processes || (names(a) < names(b) ? -1 : 1);
}

function cpuOf({ accounted, living, userUs, systemUs }: CostSums): number {
  return accounted + living === 0 ? -1 : userUs + systemUs;
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

/**
 * Sums over what a history has of a stretch; throws CommandError where it has nothing. `roots` are
 * those of a query that names none.
 */
export async function askAccount(
  asking: Asking,
  store: PastStore,
  stretch: Stretch,
  query: AccountQuery,
  roots: Roots | null = null,
): Promise<AccountAnswer> {
  const { notes } = asking;
  checkKey(query, roots !== null);
  const spans = recordedSpans(store, stretch);
  const { by: _by, pid, ...filters } = query;
  const wanted = await wantedOf(asking, pid, { ...filters, event: ["exit"] }, roots);
  const isNow = isOfNow(asking, spans, stretch, query);
  // Of a family, and where nobody records, what still runs is told beside.
  const counts = wanted.lineage === null && spans.at(-1)?.boot.reached === true;
  const living = isNow && counts ? await readUse(asking) : null;
  const found = isOfJobs(query)
    ? await findJobs(asking, store, spans, query)
    : await find(asking, store, spans, query, wanted, living);
  const missing = await store.missing(spans);
  const sources = await store.sources(spans);
  const running = store.isElsewhere
    ? elsewhereRunning(query)
    : isNow && living === null
    ? await stillRunning(asking, wanted)
    : [];
  const text = coverage(sources, spans, stretch, found, missing);
  notes.add("coverage", [text, ...running].join("; "));
  return { rows: found.rows, missing };
}

/** Throws UsageError where something is asked of jobs that their sums do not tell apart. */
export function checkKey(query: AccountQuery, hasRoots = false): void {
  if (!isOfJobs(query)) return;
  const isGiven = (one: keyof AccountQuery) => query[one] !== undefined && query[one] !== false;
  const name = hasRoots ? "pid" : NOT_OF_JOBS.find(isGiven);
  if (name === undefined) return;
  const option = `--${name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(
    `Bad options: ${option} with --by ${query.by}, whose sums do not tell that apart; ` +
      "take one of them",
  );
}

/** Whether sums of jobs are asked for. */
function isOfJobs({ by }: { readonly by?: AccountKey | undefined }): boolean {
  return by === "job" || by === "job-name";
}

/** Whether what runs now could have been in the sums, had it ended. */
function isOfNow(
  { reader, now, viewer }: Asking,
  spans: readonly BootSpan[],
  { until }: Stretch,
  { by, failed, minDuration }: AccountQuery,
): boolean {
  // Who asks a server would have it read all of /proc.
  if (!viewer.privileged) return false;
  // Jobs have members that run in their own rows.
  if (
    isOfJobs({ by }) || failed || minDuration !== undefined || (until !== null && until < now())
  ) {
    return false;
  }
  return spans.at(-1)?.boot.bootId === readBootId(reader);
}

/** What all that live have used, by pid. */
async function readUse({ reader, breath }: Asking): Promise<Map<number, LivingUse>> {
  const looks = await breath.finish(lookSteps(reader));
  looks.delete(process.pid);
  return new Map([...looks].map(([pid, { startTicks, utime, stime }]) => {
    return [pid, { startTicks, userUs: utime * TICK_US, systemUs: stime * TICK_US }];
  }));
}

/** The same of other hosts: what runs there is not looked at, and they do not tell its samples. */
function elsewhereRunning(query: AccountQuery): string[] {
  if (isOfJobs(query) || query.failed || query.minDuration !== undefined) return [];
  return ["what ended is counted as a whole, and what ran on is not in it"];
}

/** What is not in the sums, because it has not ended, as part of a sentence. */
async function stillRunning(
  asking: Asking,
  { filter: { ofImage }, lineage }: Wanted,
): Promise<string[]> {
  const { reader, boot, breath, redact } = asking;
  const pids = withoutKernelThreads(reader, reader.pids());
  let [running, cpuNs] = [0, 0];
  for (let at = 0; at < pids.length; at += READ_AT_ONCE) {
    const some = readProcesses(reader, pids.slice(at, at + READ_AT_ONCE));
    const chosen = new Set(pids.slice(at, at + READ_AT_ONCE));
    const read = takeSnapshot(some, redact, boot);
    if (ofImage !== null) { for (const one of read) complete(one, reader); }
    // Their true parents, which may have ended.
    if (lineage !== null) await familyOf(asking, read).link(read);
    const living = read.filter((one) => {
      if (one.pid === process.pid || !chosen.has(one.pid)) return false;
      return (ofImage?.(one) ?? true) && (lineage?.has(one) ?? true);
    });
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

/** Adds what a filter may ask for beside names and command lines. */
function complete(one: Process, reader: ProcReader): void {
  const cgroup = reader.read(one.pid, "cgroup");
  one.image = new Image({ ...one.image.parts, cgroup, exe: reader.link(one.pid, "exe") });
}

/** What is asked of members of jobs, user and name; null when nothing is. */
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

async function findJobs(
  { users, viewer }: Asking,
  store: PastStore,
  spans: readonly BootSpan[],
  query: AccountQuery,
): Promise<Found> {
  const all = await store.jobCosts(spans, seenBy(viewer, testOf(query, users)));
  const jobs = all.filter(({ job }) => maySee(viewer, job.owner));
  const of = `processes that have ended of ${number(jobs.length)} jobs open`;
  const what = jobs.length === 0 ? "jobs open" : of;
  const running = jobs.reduce((sum, { job }) => sum + job.living, 0);
  const rows = query.by === "job" ? rowsOfJobs(jobs, users) : rowsOfNames(jobs);
  return { rows: rows.sort(byCost), what, unseen: 0, running };
}

async function find(
  { users, viewer }: Asking,
  store: PastStore,
  spans: readonly BootSpan[],
  query: AccountQuery,
  { filter, lineage, pids }: Wanted,
  living: ReadonlyMap<number, LivingUse> | null,
): Promise<Found> {
  const { by = "command", failed = false, minDuration } = query;
  const sees = ({ uid }: Pick<Process, "uid">) => maySee(viewer, uid);
  const accepts = (change: Change) => {
    return change.process !== null && sees(change.process) && filter.matches(change);
  };
  const ofImage: CostQuery["ofImage"] = viewer.privileged
    ? filter.ofImage
    : (shown) => sees(shown) && (filter.ofImage?.(shown) ?? true);
  const below = lineage === null || pids === null ? null : { lineage, pids, accepts };
  const key = by as CostKey;
  const { sought } = filter;
  const some = { ofImage, sought, below, living };
  const asked = { by: key, failed, minDuration: minDuration ?? null, ...some };
  const found = await store.costs(spans, asked);
  const rows = found.map((one) => keyRow(by, one, users)).sort(byCost);
  const isFiltered = lineage !== null ||
    FILTERS.some((name) => query[name] !== undefined && query[name] !== false);
  const what = isFiltered ? "such processes that ended" : "processes that ended";
  const unseen = found.reduce((sum, { totals }) => sum + totals.unseen, 0);
  return { rows, what, unseen, running: 0 };
}

function keyRow(by: string, { key, totals }: KeyTotals, users: Users): CostRow {
  const name = (key: number) => {
    return by === "exit" ? exitWords(exitStatus(key)) : users.name(key) ?? String(key);
  };
  const shown = typeof key === "number" ? name(key) : key;
  return { of: [[by, shown]], sums: totals };
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
    ...goOn(rows, until),
    ...unseen > 0 ? [`of ${number(unseen)} it was not seen how they ended`] : [],
    ...missingWords(missing.filter((one) => !isPause(one))),
    ...missedNs > 0 ? [`nobody recorded for ${durationWords(missedNs)} of it`] : [],
  ].join("; ");
}

/** What long lives have added, and how much of that is exact. */
function goOn(rows: readonly CostRow[], until: number | null): string[] {
  const [living, reckonedUs] = [sum(rows, "living"), sum(rows, "reckonedUs")];
  const ofThem = until === null ? "that still run" : "that ran on";
  return [
    ...living > 0 ? [`with the CPU time of ${number(living)} ${ofThem}`] : [],
    ...reckonedUs > 0
      ? [`${durationWords(reckonedUs * 1000)} of the CPU time are reckoned between two looks`]
      : [],
  ];
}

type Summed = "processes" | "accounted" | "living" | "reckonedUs";

function sum(rows: readonly CostRow[], name: Summed): number {
  return rows.reduce((total, { sums }) => total + sums[name], 0);
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
