/**
 * What a history answers by itself, where no recorder is asked: the same as over the socket.
 *
 * @module
 */
import { JobAnswers, JOBS_MAX, MEMBERS_MAX } from "../../ask/jobs.ts";
import { noteNoRecorder, Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import type { Context } from "../../cli/command.ts";
import { Refusal } from "../../fault.ts";
import { historyToAsk } from "../../history/place.ts";
import { CommonShares } from "../../model/common_shares.ts";
import { openUsers } from "../../proc/users.ts";
import { answerLine, type Peer } from "../../serve/protocol.ts";
import { Questions } from "../../serve/questions.ts";
import type { Fields } from "../../web/backend.ts";
import { openOptions, readEpoch } from "../asking.ts";

type JobAnswer = (answers: JobAnswers, params: Fields) => Promise<Fields>;

const JOBS: Readonly<Record<string, JobAnswer>> = {
  job_list: (answers, { all, before = Number.MAX_SAFE_INTEGER }) =>
    answers.list(all === true, Number(before), JOBS_MAX),
  job_show: (answers, { job }) => answers.show(String(job)),
  job_members: (answers, { job, after = 0, running }) =>
    running === true
      ? answers.running(String(job))
      : answers.members(String(job), Number(after), MEMBERS_MAX),
};

/** Answers out of a file: who can read it may know all of it. */
export class StoreAnswers {
  readonly #context: Context;
  readonly #db: string | undefined;
  readonly #questions: Questions;
  readonly #peer: Peer;

  /** `db` is the file, if one was named. */
  constructor(context: Context, db: string | undefined) {
    this.#context = context;
    this.#db = db;
    const { env, procRoot, euid, now, signal } = context;
    this.#peer = { client: 0, pid: 0, uid: euid, privileged: true, startTicks: null };
    this.#questions = new Questions({
      env,
      procRoot,
      euid,
      now,
      signal,
      db: historyToAsk(context, db),
      users: openUsers(),
      shares: CommonShares.of(),
      redact: undefined,
      epoch: () => readEpoch(context),
    });
  }

  /** Answers; throws CommandError or Refusal. */
  async ask(op: string, params: Fields): Promise<Fields> {
    const { target } = params;
    if (op === "tree") {
      return { tree: JSON.parse(await this.#questions.tree(this.#peer, target)) };
    }
    if (op === "why") return plain(op, await this.#questions.why(this.#peer, target));
    const operation = this.#questions.operations[op];
    if (operation !== undefined) {
      const request = { op, params, id: undefined };
      return plain(op, await operation(this.#peer, request).fields);
    }
    if (op in JOBS) return await this.#ofStore(op, params);
    const what = `Cannot do ${op} without a recorder`;
    throw new Refusal("EOPNOTSUPP", `${what}; run fh record, and fh web without --db`);
  }

  async #ofStore(op: string, params: Fields): Promise<Fields> {
    const notes = new Notes();
    const store = await askHistory(this.#context, this.#db, openOptions(this.#context, notes));
    if (store === null) throw new Refusal("ESRCH", "No history; run fh record to have one");
    try {
      noteNoRecorder(notes, store);
      const answers = new JobAnswers(store, openUsers(), this.#peer);
      return plain(op, { ...await JOBS[op]!(answers, params), notes });
    } finally {
      store.close();
    }
  }
}

/** The fields as a client of the socket gets them. */
function plain(op: string, fields: Fields): Fields {
  const { ok: _ok, op: _op, ...others } = JSON.parse(answerLine(op, undefined, fields)) as Fields;
  return others;
}
