/**
 * What `tree` and `why` answer over the socket: what the commands say, of what a peer may see.
 *
 * @module
 */
import type { Asking } from "../ask/asking.ts";
import { faultOf } from "../ask/history_failure.ts";
import { QUESTION_LIMITS } from "../ask/limits.ts";
import { Notes } from "../ask/notes.ts";
import { openHistory, type Places } from "../ask/open.ts";
import { readAhead } from "../ask/read_ahead.ts";
import { parseTarget } from "../ask/text/target.ts";
import { askTree } from "../ask/tree.ts";
import { askWhy } from "../ask/why.ts";
import { type CommandError, EXIT, Refusal } from "../fault.ts";
import type { BootEpoch } from "../model/batch.ts";
import { RunningBoot } from "../model/boot.ts";
import type { TreeNode } from "../model/tree.ts";
import { readShortBootId } from "../proc/boot_id.ts";
import type { Users } from "../proc/passwd.ts";
import { openProcfs } from "../proc/procfs.ts";
import type { Redact } from "../redact/redact.ts";
import { Breath } from "../steps.ts";
import { missingJson } from "../view/missing_json.ts";
import { treeJson, type TreeJsonOptions } from "../view/tree_json.ts";
import { whyFields } from "../view/why_json.ts";
import { answerMax, bad, type Peer, tooLongAnswer } from "./protocol.ts";

/** The world that a server answers out of. */
export interface QuestionWorld extends Places {
  /** Null where no history is kept. */
  readonly db: string | null;
  readonly redact: Redact | undefined;
  readonly users: Users;
  /** Aborted when the server is to end. */
  readonly signal: AbortSignal;
  /** Wall-clock time of boot, as the clocks have it now. */
  epoch(): Promise<BootEpoch>;
}

/** Answers questions about processes. */
export class Questions {
  readonly #world: QuestionWorld;

  constructor(world: QuestionWorld) {
    this.#world = world;
  }

  /** An array of trees as JSON; throws {@linkcode Refusal}. */
  async tree(peer: Peer, operand: unknown): Promise<string> {
    const text = operand === undefined ? null : readOperand(operand);
    return await this.#ask(peer, async (asking) => {
      const target = text === null ? null : parseTarget(text, Date.now(), asking.history);
      const { roots, missing } = await askTree(asking, target, { fold: false });
      const { users, notes } = asking;
      return joined(roots, { users, gaps: missingJson(missing), notes }, peer);
    });
  }

  /** Chain and origin; throws {@linkcode Refusal}. */
  async why(peer: Peer, operand: unknown): Promise<Record<string, unknown>> {
    if (operand === undefined) throw bad("target", operand, "give a pid, an id or a name");
    const text = readOperand(operand);
    return await this.#ask(peer, async (asking) => {
      const answer = await askWhy(asking, text);
      return await asking.breath.finish(whyFields(answer, asking.users, asking.notes));
    });
  }

  async #ask<T>(viewer: Peer, question: (asking: Asking) => Promise<T>): Promise<T> {
    const { db, procRoot, redact, users, signal } = this.#world;
    // All processes, read while others have their turns.
    const reader = await readAhead(openProcfs(procRoot));
    const boot = new RunningBoot(readShortBootId(reader), await this.#world.epoch());
    const notes = new Notes();
    const history = db === null ? null : openHistory(this.#world, db, notes);
    try {
      return await question({
        history,
        historyPath: db ?? "",
        reader,
        procRoot,
        boot,
        users,
        redact,
        viewer,
        breath: new Breath(signal, QUESTION_LIMITS.turnMs),
        followed: QUESTION_LIMITS.ancestors,
        notes,
      });
    } catch (error) {
      const fault = faultOf(error);
      if (fault === null) throw error;
      // Whether there was one that the peer may not see is not told.
      if (!viewer.privileged && fault.status === EXIT.notFound) throw noneOfYours();
      throw refusalOf(fault);
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
