/**
 * What the account of a job is made of, and its sums.
 *
 * @module
 */
import type { CommandTotal, Job } from "../jobs/run_job.ts";
import { type Account, type Figure, FIGURES } from "../model/account.ts";

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
  /** The signal that has killed it; null where it has exited, whatever its status. */
  readonly signal: number | null;
  readonly wallNs: number;
  readonly job: Job;
  /** getrusage(2) of the children. */
  readonly usage: JobUsage;
  readonly source: string;
  /** Where the accounts of single processes come from; null when there are none. */
  readonly accounts: "taskstats" | "zombie" | null;
}

/** Sums, and where they come from. */
export interface Totals {
  readonly from: "taskstats, wait4" | "zombie, wait4" | "wait4";
  readonly usage: JobUsage;
}

/**
 * Records know of all that exited, but not what the exit itself cost; zombies were not all seen;
 * wait4(2) knows only of those whose parents waited for them. None counts anything that was not:
 * the larger one is nearer to what was.
 */
export function totalsOf({ accounts, job, usage }: JobFacts): Totals {
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

/** CPU time of all processes of one name, nanoseconds. */
export function cpuOf({ account }: CommandTotal): number {
  return account.userNs + account.systemNs;
}
