/**
 * Requests that wait, and their answers: in order, users by turns, within their shares.
 *
 * @module
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { ThreadTime } from "../model/common_shares.ts";
import { Shares } from "../model/shares.ts";
import { ClientCharges } from "./charges.ts";
import { SERVER_LIMITS } from "./limits.ts";
import { Refusal } from "../fault.ts";
import {
  answerLine,
  answerMax,
  type Fields,
  type Operation,
  parseRequest,
  payer,
  type Peer,
  refusalLine,
  type Request,
  tooLongAnswer,
} from "./protocol.ts";
import { FairQueue } from "./shares.ts";
import { type NamedUsers, onceKnown, unknownNames } from "./user_names.ts";

/** Requests are worked on for so long before events have their turn. */
const TURN_MS = 5;
/** Who has used up their share of the time is looked at again after so long. */
const REST_MS = 10;

/** What it takes to answer. */
export interface DeskHost {
  readonly time: ThreadTime;
  readonly users: NamedUsers;
  readonly operations: Readonly<Record<string, Operation>>;
  answer(client: number, line: string): void;
  /** A request has met an error that is no refusal. */
  onError(error: Error): void;
}

/** Works on requests. */
export class Desk {
  readonly #host: DeskHost;
  readonly #waiting = new FairQueue();
  /** Requests of each client that may take for ever. */
  readonly #slow: ClientCharges;
  #begun = false;
  #working = false;
  /** Ends a rest. */
  #wake: (() => void) | null = null;

  constructor(host: DeskHost) {
    this.#host = host;
    const { total, reserve, most } = SERVER_LIMITS.slow;
    this.#slow = new ClientCharges(new Shares(total, reserve, most));
  }

  /** Requests are answered from now on. */
  begin(): void {
    this.#begun = true;
    void this.#work();
  }

  /** A line has come; null for one that was too long. */
  push(peer: Peer, line: string | null): void {
    this.#waiting.push({ peer, line });
    this.#wake?.();
    if (this.#begun && !this.#working) void this.#work();
  }

  /** A connection is closed. */
  disconnected(client: number): void {
    this.#slow.giveAll(client);
  }

  /** Forgets what waits. */
  close(): void {
    this.#waiting.clear();
    this.#wake?.();
  }

  /** Answers what waits, in order; after a while events have their turn. */
  async #work(): Promise<void> {
    const { time } = this.#host;
    this.#working = true;
    let late = performance.now() + TURN_MS;
    while (!this.#waiting.isEmpty) {
      const next = this.#waiting.shift((uid) => time.may(uid));
      if (next === undefined) {
        await this.#rest();
        continue;
      }
      const began = time.now();
      const later = this.#serve(next.peer, next.line);
      // It answers its own errors; whatever else fails concerns that client alone.
      if (later !== null) await later.catch((error: Error) => this.#host.onError(error));
      time.spend(payer(next.peer), began);
      if (performance.now() < late) continue;
      await immediate();
      late = performance.now() + TURN_MS;
    }
    this.#working = false;
  }

  /** Nobody who waits has time left: until one has, or somebody else comes. */
  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, REST_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  /** Answers a request, at once or when the promise resolves. */
  #serve(peer: Peer, line: string | null): Promise<void> | null {
    let [op, id]: [string | null, unknown] = [null, undefined];
    const { client } = peer;
    const refuse = (error: unknown) =>
      this.#host.answer(client, refusalLine(op, id, this.#refusal(error)));
    let isSlow = false;
    const leave = () => isSlow ? this.#slow.give(client, 1) : undefined;
    try {
      if (line === null) throw tooLong();
      const request = parseRequest(line);
      [op, id] = [request.op, request.id];
      const operation = this.#operation(request);
      const { users } = this.#host;
      const names = unknownNames(request.params, users);
      const takesLong = operation.isSlow === true || names.length > 0;
      if (takesLong && !this.#slow.take(peer, 1)) throw tooMany();
      isSlow = takesLong;
      const { fields, after } = names.length === 0
        ? operation(peer, request)
        : onceKnown(names, users, operation, peer, request);
      const answer = (found: Fields) => {
        this.#host.answer(client, bounded(peer, answerLine(op, id, found)));
        after?.();
      };
      if (fields instanceof Promise) {
        const later = fields.then(answer).catch(refuse).finally(leave);
        return isSlow ? null : later;
      }
      answer(fields);
    } catch (error) {
      refuse(error);
    }
    leave();
    return null;
  }

  /** What nobody has thought of must not end the server. */
  #refusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    this.#host.onError(error as Error);
    return new Refusal("EIO", `The server failed: ${(error as Error).message}; its log has more`);
  }

  #operation({ op, params }: Request): Operation {
    const { operations } = this.#host;
    const operation = operations[op];
    if (operation !== undefined) return operation;
    const names = Object.keys(operations).join(", ");
    const what = op === "" && params["op"] === undefined ? "none is named" : op.slice(0, 80);
    throw new Refusal("ENOTTY", `Unknown operation: ${what}; know ${names}`);
  }
}

/** An answer that is no longer than its peer may have; throws EMSGSIZE. */
function bounded(peer: Peer, line: string): string {
  if (line.length <= answerMax(peer)) return line;
  throw tooLongAnswer(peer);
}

function tooMany(): Refusal {
  const message = "Too many requests wait: your share of those that may take for ever is used";
  return new Refusal("EUSERS", `${message}; wait for an answer`);
}

function tooLong(): Refusal {
  return new Refusal("EMSGSIZE", "Request too long: more than 65536 bytes; send a shorter one");
}
