/**
 * Sums of jobs as rows: one for each job, or one for all of a name, on whichever hosts they are.
 *
 * @module
 */
import type { Users } from "../proc/passwd.ts";
import { FIGURES } from "../model/account.ts";
import type { CostRow } from "./account.ts";
import type { CostSums, JobTotals } from "./store.ts";

const COUNTS = [
  "processes",
  "failed",
  "timed",
  "elapsedUs",
  "accounted",
  "living",
  "reckonedUs",
] as const;

/** A row for each job. */
export function rowsOfJobs(jobs: readonly JobTotals[], users: Users): CostRow[] {
  return jobs.map(({ job, totals }) => {
    const { id, name, owner, started, living, lost, boot: { host = null } } = job;
    const on: CostRow["of"] = host === null ? [] : [["host", host]];
    const of: CostRow["of"] = [
      ...on,
      ["job", id],
      ["uid", owner],
      ["user", users.name(owner)],
      ["name", name],
    ];
    return { of, sums: totals, more: { members: started, running: living, lost } };
  });
}

/** A row for all jobs of a name, whoever has made them. */
export function rowsOfNames(jobs: readonly JobTotals[]): CostRow[] {
  return [...Map.groupBy(jobs, ({ job }) => job.name)].map(([name, some]) => {
    const hosts = new Set(some.map(({ job }) => job.boot.host ?? null));
    const count = (value: (job: JobTotals["job"]) => number) =>
      some.reduce((sum, { job }) => sum + value(job), 0);
    return {
      of: [["name", name]],
      sums: some.map(({ totals }) => totals).reduce(together),
      more: {
        jobs: some.length,
        // Of the host whose history this is nothing is to be told.
        ...hosts.has(null) ? {} : { hosts: hosts.size },
        members: count(({ started }) => started),
        running: count(({ living }) => living),
        lost: count(({ lost }) => lost),
      },
    };
  });
}

function together(one: CostSums, other: CostSums): CostSums {
  const counts = COUNTS.map((name) => [name, one[name] + other[name]]);
  const figures = FIGURES.map(({ total, isLargest }) => {
    const [a, b] = [one[total], other[total]];
    return [total, isLargest ? Math.max(a, b) : a + b];
  });
  return Object.fromEntries([...counts, ...figures]) as unknown as CostSums;
}
