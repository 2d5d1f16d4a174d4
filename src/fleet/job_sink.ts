/**
 * Jobs as a fleet takes them.
 *
 * @module
 */
import type { OutgoingKeptJob } from "../history/outgoing_jobs.ts";
import type { KnownJob, ShippedJobs } from "../ship/jobs.ts";
import type { Connection } from "./connection.ts";

interface Hello {
  readonly number: number;
  readonly boot_id: string;
  readonly since: number;
  readonly owner: number;
  readonly name: string;
  readonly open: boolean;
}

/** The jobs of a machine that may change still, and its newest. Throws CommandError. */
export async function knownJobs(db: Connection, machine: string): Promise<KnownJob[]> {
  const [row] = await db.rows<[readonly Hello[]]>("SELECT fh.hello_jobs($1)", [machine]);
  return row![0].map(({ boot_id: bootId, open: isOpen, ...rest }) => ({ ...rest, bootId, isOpen }));
}

/** Adds what a machine ships of jobs. Throws CommandError. */
export async function putJobs(db: Connection, machine: string, its: ShippedJobs): Promise<void> {
  const facts = {
    machine,
    gone: its.gone.map(({ bootId, since, number }) => ({ boot_id: bootId, since, number })),
    renumbered: its.renumbered.map(({ bootId, since, number, now }) => {
      return { boot_id: bootId, since, before: number, number: now };
    }),
    jobs: its.jobs.map(jobFields),
    members: its.members.map(({ bootId, pid, born, nth, job, jobSince, since, until }) => {
      return { boot_id: bootId, pid, born, nth, number: job, begun: jobSince, since, until };
    }),
  };
  await db.rows("SELECT fh.put_jobs($1)", [JSON.stringify(facts)]);
}

/** Whether there is anything to add. */
export function hasJobs({ jobs, members, gone, renumbered }: ShippedJobs): boolean {
  return jobs.length + members.length + gone.length + renumbered.length > 0;
}

function jobFields(job: OutgoingKeptJob): Readonly<Record<string, unknown>> {
  const { id, bootId, name, owner, since, until, started, lost, lastPid, lastStatus } = job;
  const totals = job.totals.map(([comm, ...rest]) => [asText(String(comm)), ...rest]);
  return {
    ...{ number: id, boot_id: bootId, name: asText(name), owner, since, until, started, lost },
    ...{ last_pid: lastPid, last_status: lastStatus, totals },
  };
}

/** What PostgreSQL takes for a text. */
function asText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
