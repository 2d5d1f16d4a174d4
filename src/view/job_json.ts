/**
 * The account of a job as JSON.
 *
 * @module
 */
import type { CommandTotal, EndedProcess } from "../jobs/run_job.ts";
import { FIGURES } from "../model/account.ts";
import { exitStatus } from "../model/process.ts";
import { argvFields } from "../text/argv_fields.ts";
import { signalName } from "../text/words.ts";
import { type JobFacts, type JobUsage, totalsOf } from "./job_facts.ts";

/** The account as an object. */
export function jobJson(facts: JobFacts): unknown {
  const { name, argv, status, signal, wallNs, job, source, accounts } = facts;
  const totals = totalsOf(facts);
  return {
    name,
    argv,
    status,
    signal: signal === null ? null : signalName(signal),
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
