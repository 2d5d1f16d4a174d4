/**
 * What the gateway asks of a fleet: the same questions, of hosts that the page chooses.
 *
 * @module
 */
import { JobAnswers } from "../../ask/jobs.ts";
import { Notes } from "../../ask/notes.ts";
import { EVERYTHING } from "../../ask/viewer.ts";
import type { Context } from "../../cli/command.ts";
import { Refusal } from "../../fault.ts";
import type { PastStore } from "../../ask/store.ts";
import { readHosts } from "../../fleet/tables.ts";
import { CommonShares } from "../../model/common_shares.ts";
import type { Peer } from "../../serve/protocol.ts";
import { Questions } from "../../serve/questions.ts";
import type { Backend, Fields, LiveLines } from "../../web/backend.ts";
import { createAsking, usersElsewhere } from "../asking.ts";
import { openPast } from "../fleet/ask.ts";
import { withFleet } from "../fleet/tables.ts";
import { JOBS_OF_HISTORY } from "../job/door.ts";
import { plain } from "./store_answers.ts";

/** Which fleet. */
export interface FleetPlaces {
  /** Undefined: the one of FH_FLEET. */
  readonly fleet: string | undefined;
  /** A glob of hosts; what the page chooses is one of them. */
  readonly host: string | undefined;
}

const ELSEWHERE = "it is of a fleet, which knows what was shipped; ask the host itself";
const PEER: Peer = { client: 0, pid: 0, startTicks: null, ...EVERYTHING };

/** The gateway's backend where a fleet is asked. */
export class FleetBackend implements Backend {
  readonly unchanging = "this is a fleet, whose hosts are changed there";
  readonly #context: Context;
  readonly #places: FleetPlaces;
  /** What all questions share. */
  readonly #shared = { users: usersElsewhere(), shares: CommonShares.of(), redact: undefined };

  constructor(context: Context, places: FleetPlaces) {
    this.#context = context;
    this.#places = places;
  }

  places(): Promise<Fields> {
    return Promise.resolve({
      live: false,
      db: null,
      socket: null,
      fleet: this.#places.fleet ?? "",
    });
  }

  live(): Promise<LiveLines> {
    return Promise.reject(new Refusal("EOPNOTSUPP", `Cannot tell what happens now: ${ELSEWHERE}`));
  }

  async ask(op: string, params: Fields, gone: AbortSignal): Promise<Fields> {
    const context = { ...this.#context, signal: AbortSignal.any([this.#context.signal, gone]) };
    const { host = this.#places.host ?? "*", ...rest } = params;
    if (typeof host !== "string") throw new Refusal("EFAULT", "Bad host: give the name of one");
    if (op === "hosts") return await this.#hosts(context);
    const its = { host, ...this.#fleet() };
    if (op in JOBS_OF_HISTORY) {
      return await this.#with(context, its, async (store, notes) => {
        const answers = new JobAnswers(store, this.#shared.users, EVERYTHING);
        return plain(op, { ...await JOBS_OF_HISTORY[op]!(answers, rest), notes });
      });
    }
    const questions = this.#questions(context, its);
    const { target } = rest;
    if (op === "tree") return { tree: JSON.parse(await questions.tree(PEER, target)) };
    if (op === "why") return plain(op, await questions.why(PEER, target));
    const operation = questions.operations[op];
    if (operation === undefined) throw new Refusal("EOPNOTSUPP", `Cannot do ${op}: ${ELSEWHERE}`);
    return plain(op, await operation(PEER, { op, params: rest, id: undefined }).fields);
  }

  /** All hosts that may be chosen, with how far behind they are. */
  async #hosts(context: Context): Promise<Fields> {
    const hosts = await withFleet(context, { ...this.#fleet(), quiet: true }, readHosts);
    return {
      all: this.#places.host ?? "*",
      hosts: hosts.map(({ name, silentMs, reach, seen }) => ({
        name,
        lag_ns: reach === null ? null : (silentMs + Math.max(0, seen - reach)) * 1e6,
      })),
    };
  }

  #fleet(): { readonly fleet?: string } {
    const { fleet } = this.#places;
    return fleet === undefined ? {} : { fleet };
  }

  async #with<Answer>(
    context: Context,
    its: { readonly host: string; readonly fleet?: string },
    work: (store: PastStore, notes: Notes) => Promise<Answer>,
  ): Promise<Answer> {
    const notes = new Notes();
    const store = (await openPast(context, { ...its, quiet: true }, notes))!;
    try {
      return await work(store, notes);
    } finally {
      store.close();
    }
  }

  #questions(context: Context, its: { readonly host: string; readonly fleet?: string }): Questions {
    const { env, procRoot, euid, now, signal } = context;
    return new Questions({
      ...this.#shared,
      ...{ env, procRoot, euid, now, signal, db: null },
      epoch: () => Promise.resolve({ seconds: 0, ns: 0 }),
      elsewhere: (question) =>
        this.#with(context, its, async (store, notes) => {
          return await question(await createAsking(context, {}, store, notes, false));
        }),
    });
  }
}
