/**
 * What the actions of `fh job` do.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { Stopped } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import type { Fields } from "../../serve/protocol.ts";
import { type JobRow, renderJobs } from "../../view/jobs.ts";
import { checkFleet, hostOf } from "../fleet/ask.ts";
import { livingPid } from "../living_pid.ts";
import { listJobs } from "./door.ts";
import { exportJobs } from "./export.ts";
import { killJob } from "./kill.ts";
import type { JobOptions, MemberOptions } from "./options.ts";
import { report, showRows, withJobs, withRecorder } from "./order.ts";
import { showJob } from "./show.ts";
import { waitForJob } from "./wait.ts";

/** `fh job create`. */
export function createJob(context: Context, name: string, options: JobOptions): Promise<number> {
  return withRecorder(context, "create", options, async (door) => {
    const answer = await door.ask("job_create", { name });
    return report(context, options, answer, `created ${answer["name"]}`);
  });
}

/** `fh job add`. */
export function addMembers(
  context: Context,
  job: string,
  pids: readonly string[],
  options: MemberOptions,
): Promise<number> {
  return withRecorder(context, "add", options, async (door) => {
    const answer = await door.ask("job_add", await membersOf(context, job, pids, options));
    const { name, added, running } = answer;
    return report(context, options, answer, `added ${added} to ${name}, which has ${running} now`);
  });
}

/** `fh job remove`. */
export function removeMembers(
  context: Context,
  job: string,
  pids: readonly string[],
  options: MemberOptions,
): Promise<number> {
  return withRecorder(context, "remove", options, async (door) => {
    const answer = await door.ask("job_remove", await membersOf(context, job, pids, options));
    const { name, removed, running } = answer;
    const what = `removed ${removed} from ${name}, which has ${running} now`;
    return report(context, options, answer, what);
  });
}

async function membersOf(
  context: Context,
  job: string,
  processes: readonly string[],
  { only = false, quiet }: MemberOptions,
): Promise<Fields> {
  const pids: number[] = [];
  for (const text of processes) pids.push(await livingPid(context, text, quiet));
  return { job, pids, only };
}

/** `fh job list`. */
export async function listAll(
  context: Context,
  options: JobOptions & { readonly all?: boolean; readonly limit?: number },
): Promise<number> {
  const { all = false, limit = Infinity } = options;
  checkFleet(options, { socket: options.socket });
  const found: JobRow[] = [];
  return await withJobs(context, options, async (door) => {
    for await (const job of listJobs(door, all)) {
      if (context.signal.aborted) throw new Stopped(String(context.signal.reason));
      found.push({ ...job, notes: door.notes } as unknown as JobRow);
      if (found.length === limit) break;
    }
    const none = all ? "no jobs" : "no open jobs; --all shows those that have ended";
    return showRows(context, options, found, (style) => renderJobs(found, style, localTime), none);
  });
}

/** `fh job show`. */
export async function showOne(
  context: Context,
  name: string,
  given: JobOptions & { readonly watch?: boolean },
): Promise<number> {
  const [job, options] = hostOf(context, name, given);
  checkFleet(options, { socket: options.socket, watch: options.watch });
  return await withJobs(context, options, (door) => showJob(context, door, job, options));
}

/** `fh job wait`. */
export function waitForOne(context: Context, job: string, options: JobOptions): Promise<number> {
  return withRecorder(context, "wait", options, (door) => waitForJob(context, door, job, options));
}

/** `fh job kill`. */
export function killMembers(
  context: Context,
  job: string,
  options: JobOptions & { readonly signal?: string },
): Promise<number> {
  return withRecorder(context, "kill", options, (door) => killJob(context, door, job, options));
}

/** `fh job end`. */
export function endJob(context: Context, job: string, options: JobOptions): Promise<number> {
  return withRecorder(context, "end", options, async (door) => {
    const answer = await door.ask("job_end", { job });
    const { name, left } = answer;
    return report(context, options, answer, `ended ${name}; ${left} members live on`);
  });
}

/** `fh job rename`. */
export function renameJob(
  context: Context,
  job: string,
  name: string,
  options: JobOptions,
): Promise<number> {
  return withRecorder(context, "rename", options, async (door) => {
    const answer = await door.ask("job_rename", { job, name });
    return report(context, options, answer, `${job} is ${answer["name"]} now`);
  });
}

/** `fh job export`. */
export function exportMembers(
  context: Context,
  name: string | null,
  given: JobOptions & { readonly output?: string },
): Promise<number> {
  const [job, options] = name === null ? [null, given] : hostOf(context, name, given);
  checkFleet(options, { socket: options.socket });
  return withJobs(context, options, (door) => exportJobs(context, door, job, options));
}
