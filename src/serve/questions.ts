/**
 * What `tree` and `why` answer over the socket: what the commands say, of what a peer may see.
 *
 * @module
 */
import { askAccount } from "../ask/account.ts";
import { ACCOUNT_KEYS } from "../ask/account_keys.ts";
import type { Asking } from "../ask/asking.ts";
import { createFilter, type FilterOptions } from "../ask/filter.ts";
import { LivingStore } from "../ask/living_store.ts";
import { faultOf } from "../ask/open/failure.ts";
import { QUESTION_LIMITS } from "../ask/limits.ts";
import { askLog, checkEvents, loggedSpans } from "../ask/log.ts";
import { readCrontabs } from "../host/crontabs.ts";
import { shortTime } from "../host/local_time.ts";
import { Notes } from "../ask/notes.ts";
import { openHistory, type Places } from "../ask/open/open.ts";
import { readAhead } from "../ask/read_ahead.ts";
import type { PastProcess, PastStore } from "../ask/store.ts";
import { readStretch, type Stretch } from "../ask/stretch.ts";
import { parseAsked } from "../ask/text/target.ts";
import { askKept } from "../ask/trouble.ts";
import { askTree } from "../ask/tree.ts";
import { askWhy } from "../ask/why.ts";
import { type CommandError, EXIT, Refusal } from "../fault.ts";
import type { BootEpoch } from "../model/batch.ts";
import { RunningBoot } from "../model/boot.ts";
import type { CommonShares } from "../model/common_shares.ts";
import { PastLineage } from "../model/lineage.ts";
import type { Process } from "../model/process.ts";
import type { TreeNode } from "../model/tree.ts";
import { readShortBootId } from "../proc/boot_id.ts";
import type { Users } from "../proc/passwd.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import type { Redact } from "../redact/redact.ts";
import { Breath } from "../steps.ts";
import { accountJson } from "../text/account_json.ts";
import { ByteText } from "../text/byte_text.ts";
import { jsonText } from "../text/json_text.ts";
import { durationWords } from "../text/words.ts";
import { jsonLine } from "../view/account.ts";
import { costFields } from "../view/account_past.ts";
import { missingJson } from "../view/missing_json.ts";
import { PastJson } from "../view/past_json.ts";
import { findingJson } from "../view/trouble.ts";
import { treeJson, type TreeJsonOptions } from "../view/tree_json.ts";
import { whyFields } from "../view/why_json.ts";
import { filterOptions } from "./filter.ts";
import { PaidBreath } from "./paid_breath.ts";
import {
  answerMax,
  bad,
  checkNames,
  type Fields,
  type Operation,
  payer,
  type Peer,
  RawJson,
  readFlag,
  readWhole,
  type Request,
  slow,
  tooLongAnswer,
} from "./protocol.ts";

/** Events in one answer, unless told otherwise, and at most. */
const LOG_LIMIT = 100;
const LOG_MAX = 10_000;
/** Findings are of so long, unless told otherwise. */
const HOUR_MS = 3_600_000;
/** A recorder looks for trouble as soon as it has begun: what is before that is no news. */
const UNWATCHED_MAX_NS = 5e9;

/** The world that a server answers out of. */
export interface QuestionWorld extends Places {
  /** Null where no history is kept. */
  readonly db: string | null;
  readonly redact: Redact | undefined;
  readonly users: Users;
  /** What each user may take of the thread's time, and of patterns. */
  readonly shares: CommonShares;
  /** Aborted when the server is to end. */
  readonly signal: AbortSignal;
  /** Wall-clock time of boot, as the clocks have it now. */
  epoch(): Promise<BootEpoch>;
  /** Has questions answered that are about other hosts, in place of the history. */
  elsewhere?<Answer>(question: (asking: Asking) => Promise<Answer>): Promise<Answer>;
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
    return await this.#ask(peer, () => this.#processes(), async (asking) => {
      const target = text === null ? null : parseAsked(text, asking.now(), asking.store.bounds);
      const { roots, missing } = await askTree(asking, target, { fold: false });
      const { users, notes } = asking;
      return joined(roots, { users, gaps: missingJson(missing), notes }, peer);
    });
  }

  /** Chain and origin; throws {@linkcode Refusal}. */
  async why(peer: Peer, operand: unknown): Promise<Record<string, unknown>> {
    if (operand === undefined) throw bad("target", operand, "give a pid, an id or a name");
    const text = readOperand(operand);
    return await this.#ask(peer, () => this.#processes(), async (asking) => {
      const answer = await askWhy(asking, text);
      return await asking.breath.finish(whyFields(answer, asking.users, asking.notes));
    });
  }

  /** What can be asked beside a tree and a reason. */
  readonly operations: Readonly<Record<string, Operation>> = {
    log: slow((peer, request) => ({ fields: this.#log(peer, request) })),
    trouble: slow((peer, request) => ({ fields: this.#trouble(peer, request) })),
    account: slow((peer, request) => ({ fields: this.#account(peer, request) })),
  };

  /** What happened within a stretch of time. */
  async #log(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["filter", "since", "until", "limit", "reverse", "costs"]);
    const { params } = request;
    const costs = readFlag("costs", params["costs"]);
    const limit = readWhole("limit", params["limit"] ?? LOG_LIMIT, 1, LOG_MAX);
    const reverse = readFlag("reverse", params["reverse"]);
    return await this.#withFilter(peer, request, async (asking, store, options) => {
      const { event = ["exit"], pid, minDuration = null, failed = false } = options;
      checkEvents(event);
      const lineage = pid === undefined ? null : new PastLineage(pid);
      const { users, notes } = asking;
      const filter = createFilter({ ...options, event }, users, () => lineage!, false);
      const query = {
        kinds: new Set(event),
        filter,
        lineage,
        pids: pid ?? null,
        minDuration,
        failed,
        viewer: peer,
      };
      const spans = loggedSpans(store, stretchOf(params, asking.now()), false);
      const json = new PastJson(users);
      const lines: string[] = [];
      let length = 0;
      for await (const [change, boot] of askLog(store, spans, query, { backwards: true })) {
        if (lines.length === limit) {
          notes.add("limit", `the newest ${limit} are told; for more give since, until or limit`);
          break;
        }
        const text = new ByteText(512);
        json.boot = boot;
        json.append(change, boot.epochAt(change.time), text);
        let line = text.toString().trimEnd();
        if (costs && change.kind === "exit") line = await withCost(line, store, change.process!);
        length += line.length;
        if (length > answerMax(peer)) throw tooLongAnswer(peer);
        lines.push(line);
      }
      if (!reverse) lines.reverse();
      return { events: new RawJson(`[${lines.join(",")}]`), notes };
    });
  }

  /** What has ended within a stretch of time, and what that has cost. */
  async #account(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["filter", "since", "until", "by"]);
    const { params } = request;
    const { by = "command" } = params;
    const key = ACCOUNT_KEYS.find((one) => one === by);
    if (key === undefined) throw bad("by", by, `give ${ACCOUNT_KEYS.join(", ")}`);
    return await this.#withFilter(peer, request, async (asking, store, options) => {
      const { event, pid, ...others } = options;
      if (event !== undefined) {
        throw new Refusal("EFAULT", "Bad filter: event; sums are of what has ended");
      }
      const roots = pid === undefined ? null : { lineage: new PastLineage(pid), pids: pid };
      const stretch = stretchOf(params, asking.now());
      const { rows, missing } = await askAccount(
        asking,
        store,
        stretch,
        { ...others, by: key },
        roots,
      );
      return {
        rows: new RawJson(`[${rows.map((row) => jsonLine(costFields(row)).trimEnd()).join(",")}]`),
        gaps: missingJson(missing),
        notes: asking.notes,
      };
    });
  }

  /** What the recorder has found to be wrong within a stretch of time. */
  async #trouble(peer: Peer, request: Request): Promise<Fields> {
    checkNames(request, ["since", "until"]);
    const { params } = request;
    return await this.#ofHistory(peer, async (asking, store) => {
      const now = asking.now();
      const asked = stretchOf(params, now);
      const stretch = { ...asked, since: asked.since ?? (asked.until ?? now) - HOUR_MS };
      const isAsked = params["since"] !== undefined || params["until"] !== undefined;
      const { found, unwatchedNs } = await askKept(asking, store, { stretch, isAsked });
      if (unwatchedNs > UNWATCHED_MAX_NS) {
        const time = durationWords(unwatchedNs);
        asking.notes.add("coverage", `nobody looked for trouble in ${time} of it; fh trouble can`);
      }
      const timeOf = (moment: number) => shortTime(moment, now);
      const words = { users: asking.users, timeOf };
      const told: string[] = [];
      let length = 0;
      for (const finding of found) {
        const text = findingJson(finding, words);
        length += text.length;
        if (length > answerMax(peer)) throw tooLongAnswer(peer);
        told.push(text);
        await asking.breath.take();
      }
      return { findings: new RawJson(`[${told.join(",")}]`), notes: asking.notes };
    });
  }

  /** Asks the history with a filter, whose patterns take of the peer's share meanwhile. */
  async #withFilter(
    peer: Peer,
    { params: { filter = {} } }: Request,
    question: (asking: Asking, store: PastStore, options: FilterOptions) => Promise<Fields>,
  ): Promise<Fields> {
    const { shares } = this.#world;
    const { options, bytes } = filterOptions(filter, peer.privileged);
    if (!shares.patterns.take(payer(peer), bytes)) {
      throw new Refusal("EUSERS", "No room for its patterns: your share is used; ask for less");
    }
    try {
      return await this.#ofHistory(peer, (asking, store) => question(asking, store, options));
    } finally {
      shares.patterns.give(payer(peer), bytes);
    }
  }

  /** Asks the history; throws {@linkcode Refusal} where none is kept. */
  async #ofHistory(
    peer: Peer,
    question: (asking: Asking, store: PastStore) => Promise<Fields>,
  ): Promise<Fields> {
    const { db, procRoot, elsewhere } = this.#world;
    if (db === null && elsewhere === undefined) {
      throw new Refusal("EOPNOTSUPP", "No history: this server keeps none; ask one of fh record");
    }
    const ask = (asking: Asking) => question(asking, asking.store.past!);
    return await this.#ask(peer, () => Promise.resolve(openProcfs(procRoot)), ask, nothingThen);
  }

  /** All processes, read while others have their turns. */
  async #processes(): Promise<ProcReader> {
    return await readAhead(openProcfs(this.#world.procRoot));
  }

  async #ask<T>(
    viewer: Peer,
    look: () => Promise<ProcReader>,
    question: (asking: Asking) => Promise<T>,
    hidden: () => Refusal = noneOfYours,
  ): Promise<T> {
    try {
      const { elsewhere } = this.#world;
      return await (elsewhere?.(question) ?? this.#askHere(viewer, look, question));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === null) throw error;
      // Whether there was one that the peer may not see is not told.
      if (!viewer.privileged && fault.status === EXIT.notFound) throw hidden();
      throw refusalOf(fault);
    }
  }

  async #askHere<T>(
    viewer: Peer,
    look: () => Promise<ProcReader>,
    question: (asking: Asking) => Promise<T>,
  ): Promise<T> {
    const reader = await look();
    const { db, procRoot, redact, users, signal, shares } = this.#world;
    const boot = new RunningBoot(readShortBootId(reader), await this.#world.epoch());
    const notes = new Notes();
    const { turnMs, ancestors } = QUESTION_LIMITS;
    const breath = viewer.privileged
      ? new Breath(signal, turnMs)
      : new PaidBreath(signal, turnMs, shares.time, viewer.uid);
    const past = db === null ? null : openHistory(this.#world, db, { breath, notes });
    try {
      return await question({
        store: past ?? new LivingStore(procRoot),
        historyPlace: { path: db ?? "", isOfRoot: false },
        reader,
        procRoot,
        boot,
        users,
        redact,
        viewer,
        crontabs: readCrontabs,
        breath,
        followed: ancestors,
        notes,
        now: () => this.#world.now(),
      });
    } finally {
      past?.close();
    }
  }
}

/** The line of an exit with what that process has cost. */
async function withCost(line: string, store: PastStore, process: Process): Promise<string> {
  const account = await store.accountOf(process as PastProcess);
  return `${line.slice(0, -1)},"cost":${jsonText(account && accountJson(account))}}`;
}

/** A stretch of time as requests have it; throws UsageError. */
function stretchOf({ since, until }: Request["params"], now: number): Stretch {
  const text = (name: string, value: unknown) => {
    if (value === undefined || typeof value === "string") return value;
    throw bad(name, value, 'give a time such as "10m ago"');
  };
  const [from, to] = [text("since", since), text("until", until)];
  return readStretch(
    { ...from === undefined ? {} : { since: from }, ...to === undefined ? {} : { until: to } },
    now,
  );
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

function nothingThen(): Refusal {
  return new Refusal("ESRCH", "No history at that time: nothing was recorded; give another");
}

function refusalOf({ status, message }: CommandError): Refusal {
  const name = status === EXIT.notFound ? "ESRCH" : status === EXIT.usage ? "EFAULT" : "EIO";
  return new Refusal(name, message);
}
