/**
 * What `tree` and `why` answer over the socket: what the commands say, of what a peer may see.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import type { RedactSettings } from "../cli/redact_options.ts";
import { CommandError, EXIT } from "../fault.ts";
import type { History } from "../history/history.ts";
import { HistoryError } from "../history/history_error.ts";
import type { Process } from "../model/process.ts";
import { onlySeen, type TreeNode } from "../model/tree.ts";
import type { Users } from "../proc/passwd.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import { answerMax, bad, maySee, type Peer, Refusal, tooLongAnswer } from "../serve/protocol.ts";
import { Breath } from "../steps.ts";
import { treeJson, type TreeJsonOptions } from "../view/tree_json.ts";
import { readEpoch } from "./boot_time.ts";
import { historyFailure } from "./failure.ts";
import { openHistory } from "./history_open.ts";
import { QUESTION_LIMITS } from "./limits.ts";
import { readAhead } from "./read_ahead.ts";
import { isTarget, parseTarget } from "./target.ts";
import { findTree } from "./tree/run.ts";
import { Why } from "./why/run.ts";

/** Answers questions about processes. */
export class Questions {
  /** Whatever the commands would say beside the answer is said to nobody. */
  readonly #context: Context;
  /** Null where no history is kept. */
  readonly #db: string | null;
  readonly #redact: RedactSettings;
  readonly #users: Users;

  constructor(context: Context, db: string | null, redact: RedactSettings, users: Users) {
    this.#context = { ...context, stderr: SILENT, stdout: SILENT };
    this.#db = db;
    this.#redact = redact;
    this.#users = users;
  }

  /** An array of trees as JSON; throws {@linkcode Refusal}. */
  async tree(peer: Peer, operand: unknown): Promise<string> {
    const text = operand === undefined ? null : readOperand(operand);
    const reader = await this.#read();
    return await this.#ask(peer, async (history) => {
      const target = text === null ? null : parseTarget(text, Date.now(), history);
      const options = { ...this.#redact, ...IN_TURN, json: true, quiet: true };
      const found = await findTree(this.#context, reader, history, target, options);
      const { roots, focus, missing: gaps } = found;
      const sees = ({ uid }: Process) => maySee(peer, uid);
      if (focus !== null && !sees(focus)) throw noneOfYours();
      const json = {
        users: this.#users,
        gaps,
      };
      const seen = peer.privileged ? roots : onlySeen(roots, sees);
      return joined(seen, json, peer);
    });
  }

  /** Chain and origin; throws {@linkcode Refusal}. */
  async why(peer: Peer, operand: unknown): Promise<Record<string, unknown>> {
    if (operand === undefined) throw bad("target", operand, "give a pid, an id or a name");
    const text = readOperand(operand);
    const reader = await this.#read();
    const epoch = await readEpoch(this.#context);
    return await this.#ask(peer, async (history) => {
      const why = new Why(this.#context, epoch, history, {
        color: "never",
        quiet: true,
        redact: this.#redact,
        reader,
        users: this.#users,
        ...IN_TURN,
        sees: ({ uid }) => maySee(peer, uid),
      });
      const breath = new Breath(this.#context.signal, QUESTION_LIMITS.turnMs);
      const found = await breath.finish(
        isTarget(text)
          ? why.findTarget(parseTarget(text, Date.now(), history))
          : why.findName(text),
      );
      return await breath.finish(why.fields(found));
    });
  }

  /** All processes, read while others have their turns. */
  async #read(): Promise<ProcReader> {
    return await readAhead(openProcfs(this.#context.procRoot));
  }

  async #ask<T>(
    { privileged }: Peer,
    question: (history: History | null) => Promise<T>,
  ): Promise<T> {
    const history = this.#db === null ? null : openHistory(this.#context, this.#db);
    try {
      return await question(history);
    } catch (error) {
      // Whether there was one that the peer may not see is not told.
      if (!privileged && error instanceof CommandError && error.status === EXIT.notFound) {
        throw noneOfYours();
      }
      if (error instanceof CommandError) throw refusalOf(error);
      if (error instanceof HistoryError) throw refusalOf(historyFailure(error));
      throw error;
    } finally {
      history?.close();
    }
  }
}

/** Trees as an array; throws EMSGSIZE as soon as it is longer than the peer may have. */
function joined(roots: readonly TreeNode[], options: TreeJsonOptions, peer: Peer): string {
  const most = answerMax(peer);
  const parts: string[] = [];
  let length = 0;
  for (const root of roots) {
    if (parts.length > 0) parts.push(",");
    for (const piece of treeJson(root, options)) {
      length += piece.length;
      if (length > most) throw tooLongAnswer(peer);
      if (piece !== "\n") parts.push(piece);
    }
  }
  return `[${parts.join("")}]`;
}

/** How far a server follows lines of ancestors, and how long before others have their turn. */
const IN_TURN = { followed: QUESTION_LIMITS.ancestors, turnMs: QUESTION_LIMITS.turnMs };

function readOperand(value: unknown): string {
  if (typeof value === "number" || typeof value === "string") return String(value);
  throw bad("target", value, "give a pid, PID@TIME, an id or a name");
}

function noneOfYours(): Refusal {
  return new Refusal("ESRCH", "No such process: it is none of yours; give one that is");
}

function refusalOf({ status, message }: CommandError): Refusal {
  const name = status === EXIT.notFound ? "ESRCH" : status === EXIT.usage ? "EFAULT" : "EIO";
  return new Refusal(name, message);
}

const SILENT: Context["stdout"] = {
  write: () => {},
  flush: () => Promise.resolve(),
  closed: false,
  pendingBytes: 0,
  isTerminal: false,
  columns: 80,
  rows: 24,
};
