/**
 * Whom `fh job` asks: the recorder that listens, or, of what was written, the history.
 *
 * @module
 */
import process from "node:process";
import { setImmediate as immediate } from "node:timers/promises";
import { askHistory } from "../../ask/open.ts";
import { Notes } from "../../ask/notes.ts";
import { tellNotes } from "../../cli/tell.ts";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { openUsers } from "../../proc/users.ts";
import {
  Connection,
  type ConnectionError,
  RequestError,
} from "../../serve/client/socket_client.ts";
import { type Fields, Refusal } from "../../serve/protocol.ts";
import { Breath } from "../../steps.ts";
import { JobAnswers, JOBS_MAX, MEMBERS_MAX } from "../job_answers.ts";
import { noServer, socketToAsk } from "../socket_place.ts";

/** Names the two places. */
export interface JobPlace {
  readonly socket?: string;
  readonly db?: string;
}

/** Somebody who answers. */
export interface JobDoor {
  /** Asks; rejects with {@linkcode CommandError}. */
  ask(op: string, params: Fields): Promise<Fields>;
  close(): void;
}

type Answer = (answers: JobAnswers, params: Fields, breath: Breath) => Fields | Promise<Fields>;

/** What can be answered without a recorder. */
const FROM_HISTORY: Readonly<Record<string, Answer>> = {
  job_list: (answers, { all, before = Number.MAX_SAFE_INTEGER }) =>
    answers.list(all === true, Number(before), JOBS_MAX),
  job_show: (answers, { job }) => answers.show(String(job)),
  job_members: (answers, { job, after = 0, running }, breath) =>
    running === true
      ? breath.finish(answers.running(String(job)))
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
export async function openRecorder(context: Context, place: JobPlace): Promise<JobDoor> {
  const path = socketToAsk(context.env, place.socket);
  if (path === null) throw noServer(null, null);
  try {
    return new ServerDoor(context, path, await Connection.open(path));
  } catch (error) {
    throw noServer(path, error as Error);
  }
}

/** The same for what a history answers too; `--db` names one, and then nobody else is asked. */
export async function openJobs(context: Context, place: JobPlace): Promise<JobDoor> {
  if (place.db === undefined) {
    try {
      return await openRecorder(context, place);
    } catch (error) {
      if (place.socket !== undefined) throw error;
      return await openPast(context, place) ?? refuse(error as Error);
    }
  }
  return (await openPast(context, place))!;
}

async function openPast(context: Context, { db }: JobPlace): Promise<JobDoor | null> {
  const notes = new Notes();
  const history = await askHistory(context, db, notes);
  tellNotes(context, notes);
  if (history === null) return null;
  const uid = process.geteuid!();
  // Who can read the file may read all of it.
  const answers = new JobAnswers(history, openUsers(), { uid, privileged: true });
  return {
    async ask(op, params) {
      try {
        return await FROM_HISTORY[op]!(answers, params, new Breath(context.signal));
      } catch (error) {
        throw error instanceof Refusal ? refused(error) : error;
      }
    },
    close: () => history.close(),
  };
}

class ServerDoor implements JobDoor {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  readonly #stop: () => void;

  constructor({ signal }: Context, path: string, connection: Connection) {
    this.#path = path;
    this.#connection = connection;
    this.#signal = signal;
    this.#stop = () => connection.close();
    signal.addEventListener("abort", this.#stop);
    if (signal.aborted) this.#stop();
  }

  async ask(op: string, params: Fields): Promise<Fields> {
    try {
      const { ok: _ok, op: _op, id: _id, ...fields } = await this.#connection.request(op, params);
      return fields;
    } catch (error) {
      const { reason, aborted } = this.#signal;
      if (error instanceof RequestError) throw refused(error);
      if (aborted) {
        throw new CommandError(EXIT.failed, `Cannot ask ${this.#path}: stopped by ${reason}`);
      }
      throw new ServerGone(this.#path, error as ConnectionError);
    }
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#stop);
    this.#connection.close();
  }
}

/** The recorder has ended while it was asked. */
export class ServerGone extends CommandError {
  constructor(path: string, error: Error) {
    const { status, message } = noServer(path, error);
    super(status, message);
    this.name = "ServerGone";
  }
}

/** Exit statuses of what is refused; others are failures. */
const STATUS: Readonly<Record<string, number>> = { ESRCH: EXIT.notFound, EFAULT: EXIT.usage };

function refused({ error, message }: { error: string; message: string }): CommandError {
  if (error === "ENOTTY") {
    const what = "This server keeps no jobs: it is fh serve, or an older fh";
    return new CommandError(EXIT.failed, `${what}; run fh record`);
  }
  return new CommandError(STATUS[error] ?? EXIT.failed, `${message} (${error})`);
}

function refuse(error: Error): never {
  throw error;
}
