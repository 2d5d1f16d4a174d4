/**
 * Whom `fh job` asks: the recorder that listens, or, of what was written, the history.
 *
 * @module
 */
import { openOptions } from "../asking.ts";
import { setImmediate as immediate } from "node:timers/promises";
import { JobAnswers, JOBS_MAX, MEMBERS_MAX } from "../../ask/jobs.ts";
import { noteNoRecorder, Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { openUsers } from "../../proc/users.ts";
import { asksFleet, type FleetAsked } from "../fleet/ask.ts";
import { refused, ServerDoor } from "../../serve/client/ask.ts";
import { Refusal } from "../../fault.ts";
import type { Fields } from "../../serve/protocol.ts";

/** Names the places. */
export interface JobPlace extends FleetAsked {
  readonly socket?: string;
}

/** Somebody who answers. */
export interface JobDoor {
  /** What has to be said beside each answer. */
  readonly notes: Notes;
  /** The jobs are those of other hosts. */
  readonly isElsewhere?: true;
  /** Names of those hosts. */
  readonly hosts?: readonly string[];
  /** Asks; rejects with {@linkcode CommandError}. */
  ask(op: string, params: Fields): Promise<Fields>;
  close(): void;
}

const NO_JOBS = "This server keeps no jobs: it is fh serve, or an older fh; run fh record";

type Answer = (answers: JobAnswers, params: Fields) => Promise<Fields>;

/** What can be answered without a recorder. */
export const JOBS_OF_HISTORY: Readonly<Record<string, Answer>> = {
  job_list: (answers, { all, before = Number.MAX_SAFE_INTEGER }) =>
    answers.list(all === true, Number(before), JOBS_MAX),
  job_show: (answers, { job }) => answers.show(String(job)),
  job_members: (answers, { job, after = 0, running }) =>
    running === true
      ? answers.running(String(job))
      : answers.members(String(job), Number(after), MEMBERS_MAX),
};

/** Open jobs, or all, the latest first; a recorder tells of so many at once. */
export async function* listJobs(door: JobDoor, all: boolean): AsyncGenerator<Fields, void> {
  for (let before: unknown = undefined; before !== null;) {
    const answer = await door.ask("job_list", before === undefined ? { all } : { all, before });
    yield* answer["jobs"] as readonly Fields[];
    before = answer["next"] ?? null;
    // A history answers at once: signals are told between two turns of the event loop only.
    await immediate();
  }
}

/** Opens the door to the recorder; rejects with {@linkcode CommandError} where none listens. */
export async function openRecorder(context: Context, { socket }: JobPlace): Promise<JobDoor> {
  const door = await ServerDoor.open(context, socket, NO_JOBS);
  return {
    notes: new Notes(),
    ask: (op, params) => door.ask(op, params),
    close: () => door.close(),
  };
}

/**
 * The same for what a history answers too; `--db` names one, and then nobody else is asked. Without
 * `reach` it is not waited for a recorder.
 */
export async function openJobs(
  context: Context,
  place: JobPlace,
  reach = true,
): Promise<JobDoor> {
  if (asksFleet(place)) {
    const { openFleetJobs } = await import("./fleet_door.ts");
    return await openFleetJobs(context, place);
  }
  if (place.db === undefined) {
    try {
      return await openRecorder(context, place);
    } catch (error) {
      if (place.socket !== undefined) throw error;
      return await openPast(context, place, reach) ?? refuse(error as Error);
    }
  }
  return (await openPast(context, place, reach))!;
}

async function openPast(
  context: Context,
  { db }: JobPlace,
  reach: boolean,
): Promise<JobDoor | null> {
  const notes = new Notes();
  const store = await askHistory(context, db, { ...openOptions(context, notes), reach });
  if (store === null) {
    tellNotes(context, notes);
    return null;
  }
  noteNoRecorder(notes, store);
  // Who can read the file may read all of it.
  const answers = new JobAnswers(store, openUsers(), { uid: context.euid, privileged: true });
  return {
    notes,
    async ask(op, params) {
      try {
        return await JOBS_OF_HISTORY[op]!(answers, params);
      } catch (error) {
        throw error instanceof Refusal ? refused(error) : error;
      }
    },
    close: () => store.close(),
  };
}

function refuse(error: Error): never {
  throw error;
}
