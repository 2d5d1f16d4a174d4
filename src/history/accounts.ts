/**
 * What past processes have cost: sums over those that have ended, and over the members of jobs.
 *
 * @module
 */
import type { CostQuery, CostTest, JobTotals, KeyTotals, PastAccountSource } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { AccountSource } from "../model/account.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import { CostGroups, PastTotals } from "./cost_groups.ts";
import { addEdges } from "./edges.ts";
import type { JobTotal } from "../jobs/kept_job.ts";
import { afterCosts, type EndedRow, endedRows } from "./ended.ts";
import { pragma } from "./file.ts";
import type { History } from "./history.ts";
import { addHours } from "./kept_hours.ts";
import type { Life } from "./life.ts";
import { jobSteps } from "./past_jobs.ts";
import { LIFE_FLAG, NO_ACCOUNTS } from "./schema.ts";
import { column, nullable, TypedRows } from "./typed.ts";

const ACCOUNT_SOURCES: readonly AccountSource[] = ["taskstats", "zombie"];

/** Sums over stretches: all that ended in them, and the parts of those that live on. */
export function sumCosts(
  history: History,
  spans: readonly BootSpan[],
  query: CostQuery,
  few: readonly Life[] | null = null,
): KeyTotals[] {
  return finish(sumCostsSteps(history, spans, query, few));
}

/** {@linkcode sumCosts} with pauses; where all that is counted is among a `few`, of those. */
export function* sumCostsSteps(
  history: History,
  spans: readonly BootSpan[],
  query: CostQuery,
  few: readonly Life[] | null,
): Steps<KeyTotals[]> {
  const groups = new CostGroups(history.db, query);
  if (few === null) yield* addEnded(history, spans, query, groups);
  else addLives(history, few, spans, query, groups);
  // Of those that failed, or lived so long, the end is what counts.
  if (query.failed || query.minDuration !== null) return groups.all();
  for (const span of spans) yield* addEdges(history, span, query, groups);
  return groups.all();
}

function* addEnded(
  history: History,
  spans: readonly BootSpan[],
  query: CostQuery,
  groups: CostGroups,
): Steps<void> {
  // The rows are added up here, because SQLite would sort them all before it groups them.
  const parent = "(SELECT parent.image FROM life AS parent WHERE parent.id = life.parent)";
  const { hasJobs: hasCosts } = history;
  const { by, failed, minDuration, ofImage } = query;
  const more = by === "parent" ? [nullable(parent, "key")] : [];
  const other = by === "parent" ? afterCosts(hasCosts) : 3;
  const ended = endedRows(history.db, { hasCosts, more, failed });
  // The recorder keeps sums of everything.
  const isAll = !failed && minDuration === null && ofImage === null;
  const rest = isAll ? addHours(history, spans, by, groups) : spans;
  for (const { boot, since, until } of rest) {
    let seen = 0;
    for (const row of ended.iterate(boot.id, since, until)) {
      if (minDuration === null || livedFor(row, minDuration)) {
        groups.of(row[0], row[other] ?? null)?.addLife(row);
      }
      if (++seen % STEP_ROWS === 0) yield;
    }
  }
}

function addLives(
  history: History,
  lives: readonly Life[],
  spans: readonly BootSpan[],
  { failed, minDuration }: CostQuery,
  groups: CostGroups,
): void {
  for (const life of lives) {
    const { status, durationNs } = life;
    const end = life.born + life.seenFor;
    if (
      !spans.some(({ boot, since, until }) => boot === life.boot && end >= since && end < until)
    ) {
      continue;
    }
    if (failed && (status === null || status === 0)) continue;
    if (minDuration !== null && (durationNs === null || durationNs < minDuration)) continue;
    groups.ofLife(life, history.lives)?.addProcess(life, history.accountOf(life));
  }
}

/** Of whom it is not known when it began or ended, it is not known how long it lived. */
function livedFor([, flags, span]: EndedRow, ns: number): boolean {
  return span >= ns && (flags & (LIFE_FLAG.endUnknown | LIFE_FLAG.startUnknown)) === 0;
}

/**
 * The whole account of each job that was open at some time within stretches, the latest first;
 * with a test, of those of its members that match, where there are any.
 */
export function sumJobs(
  history: History,
  spans: readonly BootSpan[],
  test: CostTest | null,
): JobTotals[] {
  return finish(sumJobsSteps(history, spans, test));
}

/** {@linkcode sumJobs} with pauses. */
export function* sumJobsSteps(
  history: History,
  spans: readonly BootSpan[],
  test: CostTest | null,
): Steps<JobTotals[]> {
  const found = new Map<number, JobTotals>();
  for (const within of spans.toReversed()) {
    for (const job of jobSteps(history, { within })) {
      if (job === null) yield;
      else if (!found.has(job.id)) {
        const matches = ({ comm, uid }: JobTotal) => test!(comm, uid < 0 ? null : uid);
        const chosen = test === null ? job.totals : job.totals.filter(matches);
        if (test !== null && chosen.length === 0) continue;
        const totals = new PastTotals();
        for (const total of chosen) totals.addMembers(total);
        found.set(job.id, { job, totals });
      }
    }
  }
  return [...found.values()];
}

/**
 * Where accounts came from within stretches, in the order of time; nothing where nobody had any.
 * The last recorder of a boot counts for what it has only just begun to see.
 */
export function accountSources(
  history: History,
  spans: readonly BootSpan[],
): PastAccountSource[] {
  const noted = pragma(history.db, "user_version") >= 4;
  const statement = new TypedRows<readonly [source: string, accounts: string | null]>(
    history.db,
    [column("run.source", "name"), nullable(noted ? "run.accounts" : "NULL", "name")],
    `FROM run WHERE boot = ?1 AND since < ?3
      AND (seen >= ?2 OR id = (SELECT max(id) FROM run WHERE boot = ?1)) ORDER BY id`,
  );
  const found = spans.flatMap(({ boot, since, until }) => {
    const runs = statement.all(boot.id, since, until);
    return runs.flatMap(([source, accounts]): PastAccountSource[] => {
      if (accounts === NO_ACCOUNTS) return [];
      const known = ACCOUNT_SOURCES.find((name) => name === accounts);
      // The poller has always read zombies; the connector does where exit records are refused.
      return [known ?? (source === "poll" ? "zombie" : "unknown")];
    });
  });
  return [...new Set(found)];
}

/** The sources that recorded within stretches, such as `connector`, in the order of time. */
export function recordingSources(history: History, spans: readonly BootSpan[]): string[] {
  const statement = new TypedRows<readonly [source: string]>(
    history.db,
    [column("run.source", "name")],
    "FROM run WHERE boot = ? AND seen >= ? AND since < ? ORDER BY id",
  );
  const found = spans.flatMap(({ boot, since, until }) => {
    return statement.all(boot.id, since, until).map(([source]) => source);
  });
  return [...new Set(found)];
}
