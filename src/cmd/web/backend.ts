/**
 * Whom the gateway asks: the recorder's socket, and where none listens, or a history is named, the
 * history. Findings, the state of the host and signals are its own affair.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import type { Context } from "../../cli/command.ts";
import { Refusal } from "../../fault.ts";
import { troubleJson } from "../../view/trouble.ts";
import { noServer, refused } from "../../serve/client/ask.ts";
import { Connection, ConnectionError, RequestError } from "../../serve/client/socket_client.ts";
import { socketToAsk } from "../../serve/place.ts";
import { judge } from "../../source/probe/probe_judge.ts";
import { jsonText } from "../../text/json_text.ts";
import type { Backend, Fields, LiveLines } from "../../web/backend.ts";
import { WEB_LIMITS } from "../../web/limits.ts";
import { parseSignal, signalJob } from "../job/kill.ts";
import { readStatus } from "../record/status.ts";
import { findTrouble } from "../trouble/run.ts";
import { StoreAnswers } from "./store_answers.ts";

/** Where is asked. */
export interface WebPlaces {
  readonly db: string | undefined;
  readonly socket: string | undefined;
  /** Where events come from where there is no recorder. */
  readonly source: "auto" | "connector" | "poll";
}

type Own = (params: Fields) => Promise<Fields>;

/** Nobody listens there. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED"]);

/** The gateway's one backend. */
export class HostBackend implements Backend {
  readonly #context: Context;
  readonly #places: WebPlaces;
  readonly #store: StoreAnswers;
  /** What is being found out, by what was asked: pages that ask for the same wait together. */
  readonly #under = new Map<string, Promise<Fields>>();

  constructor(context: Context, places: WebPlaces) {
    this.#context = context;
    this.#places = places;
    this.#store = new StoreAnswers(context, places.db);
  }

  /** What is not asked of the recorder. */
  readonly #own: Readonly<Record<string, Own>> = {
    trouble: (params) => this.#together("trouble", params, () => this.#trouble(params)),
    doctor: (params) => this.#together("doctor", params, () => this.#doctor()),
    history: async () => {
      const { status } = await readStatus(this.#context, this.#places.db);
      return JSON.parse(jsonText(status));
    },
    job_kill: (params) => this.#kill(params),
  };

  async ask(op: string, params: Fields, signal: AbortSignal): Promise<Fields> {
    const own = this.#own[op];
    if (own !== undefined) return await own(params);
    if (this.#places.db !== undefined) return await this.#store.ask(op, params);
    let connection: Connection;
    try {
      connection = await this.#connect();
    } catch (error) {
      if (!(error instanceof ConnectionError) || !ABSENT.has(error.code)) throw error;
      return await this.#store.ask(op, params);
    }
    const stop = () => connection.close();
    signal.addEventListener("abort", stop);
    try {
      const { ok: _ok, op: _op, id: _id, ...fields } = await connection.request(op, params);
      return fields;
    } finally {
      signal.removeEventListener("abort", stop);
      connection.close();
    }
  }

  async live(params: Fields): Promise<LiveLines> {
    if (this.#places.db !== undefined) {
      throw new Refusal("EOPNOTSUPP", "A history has no live view; leave --db out");
    }
    const connection = await this.#connect();
    try {
      const { ok: _ok, op: _op, id: _id, ...answer } = await connection.request(
        "subscribe",
        params,
      );
      return { answer, take: () => connection.take(), close: () => connection.close() };
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const path = socketToAsk(this.#context, this.#places.socket);
    if (path === null) throw new ConnectionError("ENOENT", noServer(null, null).message);
    try {
      return await Connection.open(path, WEB_LIMITS.untaken);
    } catch (error) {
      // In the words of the commands, and with the code that says whether there is a recorder.
      const { code } = error as ConnectionError;
      throw new ConnectionError(code, noServer(path, error as Error).message);
    }
  }

  async #trouble({ since, until }: Fields): Promise<Fields> {
    const notes = new Notes();
    const { db, source } = this.#places;
    const { findings, words } = await findTrouble(this.#context, {
      source,
      color: "never",
      realtime: true,
      ...db === undefined ? {} : { db },
      ...typeof since === "string" ? { since } : {},
      ...typeof until === "string" ? { until } : {},
    }, notes);
    return JSON.parse(jsonText(troubleJson(findings, notes, words)));
  }

  async #doctor(): Promise<Fields> {
    const { gatherFacts } = await import("../../source/probe/probe.ts");
    const facts = await gatherFacts(this.#context.procRoot, this.#places.source);
    const { source, why, limits, rows } = judge(facts);
    return { source, why, complete: source !== null && limits.length === 0, rows };
  }

  async #kill({ job, signal = "TERM" }: Fields): Promise<Fields> {
    // Its jobs are those of another recorder, or of another time.
    if (this.#places.db !== undefined) {
      throw new Refusal("EOPNOTSUPP", "Signals are for the jobs of a recorder; leave --db out");
    }
    const number = parseSignal(String(signal));
    const connection = await this.#connect();
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

  #together(op: string, params: Fields, find: () => Promise<Fields>): Promise<Fields> {
    const key = `${op} ${JSON.stringify(params)}`;
    const known = this.#under.get(key);
    if (known !== undefined) return known;
    const found = find().finally(() => this.#under.delete(key));
    this.#under.set(key, found);
    return found;
  }
}
