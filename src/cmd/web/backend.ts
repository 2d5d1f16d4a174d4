/**
 * Whom the gateway asks: the recorder's socket, and where none listens, or a history is named, the
 * history. Findings, the state of the host and signals are its own affair.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import type { Context } from "../../cli/command.ts";
import { Refusal } from "../../fault.ts";
import { historyToAsk } from "../../history/place.ts";
import { type AnswerText, askText } from "../../serve/client/answer_text.ts";
import { noServer, refused } from "../../serve/client/ask.ts";
import { Connection, ConnectionError, RequestError } from "../../serve/client/socket_client.ts";
import { socketToAsk } from "../../serve/place.ts";
import { judge } from "../../source/probe/probe_judge.ts";
import { jsonText } from "../../text/json_text.ts";
import { troubleJson } from "../../view/trouble.ts";
import type { Backend, Fields, LiveLines } from "../../web/backend.ts";
import { WEB_LIMITS } from "../../web/limits.ts";
import { parseSignal, signalJob } from "../job/kill.ts";
import { readStatus } from "../record/status.ts";
import { findTrouble } from "../trouble/run.ts";
import { StoreAnswers } from "./store_answers.ts";
import { Together } from "./together.ts";

/** Where is asked. */
export interface WebPlaces {
  readonly db: string | undefined;
  readonly socket: string | undefined;
  /** Where events come from where there is no recorder. */
  readonly source: "auto" | "connector" | "poll";
}

type Own = (params: Fields, signal: AbortSignal) => Promise<Fields>;

/** Nobody listens there. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED"]);
/** Of an older recorder, and of one without a history. */
const NO_FINDINGS: ReadonlySet<string> = new Set(["ENOTTY", "EOPNOTSUPP"]);
/** So long it is waited for a recorder to say where it writes. */
const PLACES_MS = 1000;
/** A signal to all members takes half a minute at most; a recorder that hangs is not waited for. */
const KILL_MS = 40_000;
const OTHER_HOST = "A file may be of another host, whose page cannot say what this one allows";

/** The gateway's one backend. */
export class HostBackend implements Backend {
  readonly unchanging: string | null;
  readonly #context: Context;
  readonly #places: WebPlaces;
  readonly #store: StoreAnswers;
  /** What is being found out: pages that ask for the same wait together. */
  readonly #together = new Together<Fields>();

  constructor(context: Context, places: WebPlaces) {
    this.#context = context;
    this.#places = places;
    this.#store = new StoreAnswers(context, places.db);
    this.unchanging = places.db === undefined
      ? null
      : "this is a history, which nothing happens to any more; leave --db out";
  }

  /** What is not asked of the recorder as it stands. */
  readonly #own: Readonly<Record<string, Own>> = {
    trouble: (params, signal) => this.#trouble(params, signal),
    doctor: (_params, signal) => this.#doctor(signal),
    history: async (_params, signal) => {
      const db = await this.#dbToRead(signal);
      const { status } = await readStatus(this.#until(signal), db);
      return JSON.parse(jsonText(status));
    },
    job_kill: (params, signal) => this.#kill(params, signal),
    hosts: () => Promise.reject(new Refusal("EOPNOTSUPP", "One host is asked; give --host")),
  };

  async ask(op: string, params: Fields, signal: AbortSignal): Promise<Fields | AnswerText> {
    const own = this.#own[op];
    if (own === undefined) return await this.#handOn(op, params, signal);
    // A change is done for each who has asked for it.
    if (op === "job_kill") return await own(params, signal);
    const key = `${op} ${JSON.stringify(params)}`;
    return await this.#together.take(key, signal, (ending) => own(params, ending));
  }

  async places(signal: AbortSignal): Promise<Fields> {
    const { db, socket } = this.#places;
    if (db !== undefined) return { live: false, db, socket: null };
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PLACES_MS)]);
    const told = await this.#dbOfRecorder(patience).catch(() => null);
    const isUsual = told === null || told === historyToAsk(this.#context, undefined);
    return { live: true, db: isUsual ? null : told, socket: socket ?? null };
  }

  async live(params: Fields, signal: AbortSignal): Promise<LiveLines> {
    if (this.#places.db !== undefined) {
      throw new Refusal("EOPNOTSUPP", "A history has no live view; leave --db out");
    }
    const connection = await this.#connect(signal);
    try {
      const answer = await plain(connection, "subscribe", params);
      return { answer, take: () => connection.take(), close: () => connection.close() };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** To the recorder, or to a history that was named or is all there is. */
  async #handOn(op: string, params: Fields, signal: AbortSignal): Promise<Fields | AnswerText> {
    if (this.#places.db !== undefined) return await this.#store.ask(op, params, signal);
    try {
      return await this.#reach((path) => askText(path, op, params, signal));
    } catch (error) {
      if (!isAbsent(error)) throw error;
      return await this.#store.ask(op, params, signal);
    }
  }

  #connect(signal: AbortSignal): Promise<Connection> {
    return this.#reach((path) => Connection.open(path, WEB_LIMITS.untaken, signal));
  }

  /** Goes to the recorder's socket; what is wrong with that is told as the commands do. */
  async #reach<T>(go: (path: string) => Promise<T>): Promise<T> {
    const path = socketToAsk(this.#context, this.#places.socket);
    if (path === null) throw new ConnectionError("ENOENT", noServer(null, null).message);
    try {
      return await go(path);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      throw new ConnectionError(error.code, noServer(path, error).message);
    }
  }

  /** The context of what ends with that signal, too. */
  #until(signal: AbortSignal): Context {
    return { ...this.#context, signal: AbortSignal.any([this.#context.signal, signal]) };
  }

  /**
   * Where the recorder writes; null where nobody listens, or where it does not say so. Rejects as
   * connecting does.
   */
  async #dbOfRecorder(signal: AbortSignal): Promise<string | null> {
    let connection: Connection;
    try {
      connection = await this.#connect(signal);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
    try {
      const { db } = await connection.request("status");
      return typeof db === "string" ? db : null;
    } finally {
      connection.close();
    }
  }

  /** The history that goes with the answers of the recorder; undefined: the usual one. */
  async #dbToRead(signal: AbortSignal): Promise<string | undefined> {
    return this.#places.db ?? await this.#dbOfRecorder(signal) ?? undefined;
  }

  /** What the recorder has found; without one, what `fh trouble` finds by itself. */
  async #trouble(params: Fields, signal: AbortSignal): Promise<Fields> {
    const { since, until } = params;
    const { db, source } = this.#places;
    const told = db === undefined ? await this.#foundByRecorder(params, signal) : null;
    if (told !== null) return told;
    const notes = new Notes();
    const { findings, words } = await findTrouble(this.#until(signal), {
      source,
      color: "never",
      realtime: true,
      ...db === undefined ? {} : { db },
      ...typeof since === "string" ? { since } : {},
      ...typeof until === "string" ? { until } : {},
    }, notes);
    return JSON.parse(jsonText(troubleJson(findings, notes, words)));
  }

  /** Null where there is none to ask, or one that keeps no findings. */
  async #foundByRecorder(params: Fields, signal: AbortSignal): Promise<Fields | null> {
    try {
      const connection = await this.#connect(signal);
      try {
        return await plain(connection, "trouble", params);
      } finally {
        connection.close();
      }
    } catch (error) {
      const isUnknown = error instanceof RequestError && NO_FINDINGS.has(error.error);
      if (isUnknown || isAbsent(error)) return null;
      throw error;
    }
  }

  async #doctor(signal: AbortSignal): Promise<Fields> {
    if (this.#places.db !== undefined) throw new Refusal("EOPNOTSUPP", OTHER_HOST);
    const { gatherFacts } = await import("../../source/probe/probe.ts");
    const facts = await gatherFacts(this.#context.procRoot, this.#places.source);
    signal.throwIfAborted();
    const { source, why, limits, rows } = judge(facts);
    return { source, why, complete: source !== null && limits.length === 0, rows };
  }

  async #kill({ job, signal = "TERM" }: Fields, gone: AbortSignal): Promise<Fields> {
    // Its jobs are those of another recorder, or of another time.
    if (this.#places.db !== undefined) {
      throw new Refusal("EOPNOTSUPP", "Signals are for the jobs of a recorder; leave --db out");
    }
    const number = parseSignal(String(signal));
    gone.throwIfAborted();
    // Who goes meanwhile has consented: it is not given up half-way, with members stopped.
    const ending = AbortSignal.any([this.#context.signal, AbortSignal.timeout(KILL_MS)]);
    const connection = await this.#connect(ending);
    try {
      const ask = async (op: string, params: Fields) => {
        try {
          return await connection.request(op, params);
        } catch (error) {
          throw error instanceof RequestError ? refused(error) : error;
        }
      };
      return { ...await signalJob(this.#context, { ask }, String(job), number) };
    } finally {
      connection.close();
    }
  }
}

/** Asks, and leaves out what only says which answer it is. */
async function plain(connection: Connection, op: string, params: Fields): Promise<Fields> {
  const { ok: _ok, op: _op, id: _id, ...fields } = await connection.request(op, params);
  return fields;
}

/** Whether it says that there is no recorder. */
function isAbsent(error: unknown): boolean {
  return error instanceof ConnectionError && ABSENT.has(error.code);
}
