/**
 * Jobs of many hosts, out of what they have shipped.
 *
 * @module
 */
import { JobAnswers, JOBS_MAX, MEMBERS_MAX, runningFields } from "../../ask/jobs.ts";
import { Notes } from "../../ask/notes.ts";
import type { PastJob, PastStore } from "../../ask/store.ts";
import { EVERYTHING } from "../../ask/viewer.ts";
import type { Context } from "../../cli/command.ts";
import { Refusal } from "../../fault.ts";
import { refused } from "../../serve/client/ask.ts";
import type { Fields } from "../../serve/protocol.ts";
import { usersElsewhere } from "../asking.ts";
import { type FleetAsked, hostsOf, openPast } from "../fleet/ask.ts";
import type { JobDoor } from "./door.ts";

/** Jobs of one name that are counted. */
const OTHERS_MAX = 100;

/** Opens it; rejects with CommandError where the fleet cannot be asked. */
export async function openFleetJobs(context: Context, place: FleetAsked): Promise<JobDoor> {
  const notes = new Notes();
  const store = (await openPast(context, place, notes))!;
  const users = usersElsewhere();
  // Whoever may ask a fleet may know all of it.
  const answers = new JobAnswers(store, users, EVERYTHING);
  let shown: PastJob | null = null;
  const ask: Readonly<Record<string, (params: Fields) => Promise<Fields>>> = {
    job_list: ({ all, before = Number.MAX_SAFE_INTEGER }) =>
      answers.list(all === true, Number(before), JOBS_MAX),
    job_show: async ({ job }) => {
      const name = String(job);
      const found = await answers.find(name);
      noteOthers(notes, name, found, await othersOf(store, found, name));
      shown = found;
      return await answers.tell(found);
    },
    job_members: async ({ job, running, after = 0 }) => {
      if (running !== true) return await answers.members(String(job), Number(after), MEMBERS_MAX);
      // Another host may have a job of that number.
      const found = shown?.id === job ? shown! : await answers.find(String(job));
      const living = await store.livingMembers(found);
      const members = runningFields(living, users, EVERYTHING);
      // As old as its host has told.
      const age = (born: number) => Math.max(0, found.boot.until - born);
      return {
        job: found.id,
        members: members.map((one, at) => ({ ...one, age_ns: age(living[at]!.born) })),
      };
    },
  };
  return {
    notes,
    isElsewhere: true,
    hosts: hostsOf(store),
    async ask(op, params) {
      try {
        return await ask[op]!(params);
      } catch (error) {
        throw error instanceof Refusal ? refused(error) : error;
      }
    },
    close: () => store.close(),
  };
}

/** Hosts that have another job of that number or name. */
async function othersOf(store: PastStore, { key, id, name }: PastJob, text: string) {
  const hosts = new Set<string>();
  let count = 0;
  for await (const other of store.jobs(/^\d+$/.test(text) ? { id } : { name })) {
    if (++count > OTHERS_MAX) break;
    if (other.key !== key) hosts.add(other.boot.host ?? "");
  }
  return hosts;
}

function noteOthers(
  notes: Notes,
  text: string,
  { boot: { host } }: PastJob,
  others: ReadonlySet<string>,
): void {
  const elsewhere = [...others].filter((name) => name !== host).sort();
  if (elsewhere.length === 0) return;
  const some = elsewhere.slice(0, 3).join(", ") + (elsewhere.length > 3 ? ", …" : "");
  const what = `the job ${text} of ${host} is shown; others have one of that name: ${some}`;
  notes.add("others", `${what}; give HOST:${text}, or fh account --by job-name`);
}
