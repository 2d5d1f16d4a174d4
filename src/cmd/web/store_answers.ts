/**
 * What a history answers by itself, where no recorder is asked: the same as over the socket.
 *
 * @module
 */
import { JobAnswers } from "../../ask/jobs.ts";
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
import { JOBS_OF_HISTORY } from "../job/door.ts";

/** Answers out of a file: who can read it may know all of it. */
export class StoreAnswers {
  readonly #context: Context;
  readonly #db: string | undefined;
  readonly #peer: Peer;
  /** What all questions share. */
  readonly #shared = { users: openUsers(), shares: CommonShares.of(), redact: undefined };

  /** `db` is the file, if one was named. */
  constructor(context: Context, db: string | undefined) {
    this.#context = context;
    this.#db = db;
    this.#peer = { client: 0, pid: 0, uid: context.euid, privileged: true, startTicks: null };
  }

  /** Answers; throws CommandError or Refusal. */
  async ask(op: string, params: Fields, gone: AbortSignal): Promise<Fields> {
    const context = { ...this.#context, signal: AbortSignal.any([this.#context.signal, gone]) };
    const questions = this.#questions(context);
    const { target } = params;
    if (op === "tree") return { tree: JSON.parse(await questions.tree(this.#peer, target)) };
    if (op === "why") return plain(op, await questions.why(this.#peer, target));
    const operation = questions.operations[op];
    if (operation !== undefined) {
      const request = { op, params, id: undefined };
      return plain(op, await operation(this.#peer, request).fields);
    }
    if (op in JOBS_OF_HISTORY) return await this.#ofStore(context, op, params);
    const what = `Cannot do ${op} without a recorder`;
    throw new Refusal("EOPNOTSUPP", `${what}; run fh record, and fh web without --db`);
  }

  #questions(context: Context): Questions {
    const { env, procRoot, euid, now, signal } = context;
    const db = historyToAsk(context, this.#db);
    const world = { env, procRoot, euid, now, signal, db };
    return new Questions({ ...this.#shared, ...world, epoch: () => readEpoch(context) });
  }

  async #ofStore(context: Context, op: string, params: Fields): Promise<Fields> {
    const notes = new Notes();
    const store = await askHistory(context, this.#db, openOptions(context, notes));
    if (store === null) throw new Refusal("ESRCH", "No history; run fh record to have one");
    try {
      noteNoRecorder(notes, store);
      const answers = new JobAnswers(store, this.#shared.users, this.#peer);
      return plain(op, { ...await JOBS_OF_HISTORY[op]!(answers, params), notes });
    } finally {
      store.close();
    }
  }
}

/** The fields as a client of the socket gets them. */
export function plain(op: string, fields: Fields): Fields {
  const { ok: _ok, op: _op, ...others } = JSON.parse(answerLine(op, undefined, fields)) as Fields;
  return others;
}
