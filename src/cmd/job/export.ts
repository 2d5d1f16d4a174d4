/**
 * `fh job export`: who was in jobs, as a job file (docs/job-file.md).
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import type { Fields } from "../../serve/protocol.ts";
import { Breath } from "../../steps.ts";
import { jsonText } from "../../text/json_text.ts";
import { createFile, writeAll } from "../new_file.ts";
import { type JobDoor, listJobs } from "./door.ts";

/** Hosts that are named where there are too many. */
const NAMED_MAX = 5;

interface ExportOptions {
  readonly output?: string;
}

/** Writes the members of one job, or of all. */
export async function exportJobs(
  { stdout, signal }: Context,
  door: JobDoor,
  name: string | null,
  { output }: ExportOptions,
): Promise<number> {
  checkHosts(door);
  const breath = new Breath(signal);
  const names = name === null ? await allJobs(door, breath) : [name];
  // Nothing is written before it is known that the job is there.
  let write: ((text: string) => void) | null = null;
  for (const job of names) {
    for (let after: unknown = 0; after !== null;) {
      const answer = await door.ask("job_members", { job, after });
      const members = answer["members"] as readonly Fields[];
      write ??= output === undefined ? (text) => stdout.write(text) : appendTo(output);
      write(members.map((member) => `${jsonText(member)}\n`).join(""));
      await stdout.flush();
      if (stdout.closed) return EXIT.done;
      await breath.take();
      after = answer["next"];
    }
  }
  if (write === null && output !== undefined) appendTo(output);
  return EXIT.done;
}

/** It is joined with the accounting file of a host, where numbers of jobs and pids are its own. */
function checkHosts({ hosts = [] }: JobDoor): void {
  if (hosts.length < 2) return;
  const some = hosts.slice(0, NAMED_MAX).join(", ") + (hosts.length > NAMED_MAX ? ", ..." : "");
  const advice = "name it by --host; sums over all has fh account --by job-name";
  throw new UsageError(`Bad hosts: a job file is of one, and there are ${some}; ${advice}`);
}

async function allJobs(door: JobDoor, breath: Breath): Promise<string[]> {
  const names: string[] = [];
  for await (const { job } of listJobs(door, true)) {
    names.push(String(job));
    await breath.take();
  }
  return names.reverse();
}

/** Creates a file; what comes is appended. */
function appendTo(path: string): (text: string) => void {
  const orSay = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const { code = String(error) } = error as { code?: string };
      const advice = code === "EEXIST" ? "give another name, or remove it" : "choose another place";
      throw new CommandError(EXIT.failed, `Cannot write the job file ${path}: ${code}; ${advice}`);
    }
  };
  const fd = orSay(() => createFile(path));
  return (text) => orSay(() => writeAll(fd, text));
}
