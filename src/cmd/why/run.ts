/**
 * What `fh why` does: finds a process, follows its parents, and tells where they lead.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import type { RedactSettings } from "../../cli/redact_options.ts";
import { CommandError, EXIT } from "../../fault.ts";
import type { History } from "../../history/history.ts";
import { Life } from "../../history/life.ts";
import { type Missing, missingSteps } from "../../history/missing.ts";
import type { Account } from "../../model/account.ts";
import type { BootEpoch } from "../../model/batch.ts";
import { RunningBoot } from "../../model/boot.ts";
import { decodeText, Image, NO_IMAGE } from "../../model/image.ts";
import { isBelow } from "../../model/lineage.ts";
import { exitStatus, type Process, TICK_NS } from "../../model/process.ts";
import { takeSnapshot } from "../../model/snapshot.ts";
import { readShortBootId } from "../../proc/boot_id.ts";
import { parseCgroup } from "../../proc/cgroup.ts";
import type { Users } from "../../proc/passwd.ts";
import { readProcesses } from "../../proc/processes.ts";
import { openProcfs, type ProcReader } from "../../proc/procfs.ts";
import { openUsers } from "../../proc/users.ts";
import { Breath, type Steps } from "../../steps.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import { WallClock } from "../../text/time.ts";
import { signalName } from "../../text/words.ts";
import { accountJson, costWords } from "../../view/account_json.ts";
import { argvFields } from "../../view/argv_fields.ts";
import { type Origin, originOf } from "../../view/origin.ts";
import { STATE_WORDS } from "../../view/tree_json.ts";
import { linkNotes, whyLines } from "../../view/why.ts";
import { readEpoch } from "../boot_time.ts";
import { askHistory } from "../history_open.ts";
import { Kin } from "../kin.ts";
import { localTime } from "../local_time.ts";
import { missingClause, missingJson, sayMissing } from "../missing.ts";
import { adviseOnPids, adviseToRecord } from "../past.ts";
import { createRedactFrom } from "../redact.ts";
import { isTarget, parseTarget, type Target } from "../target.ts";
import { noProcess } from "../tree/options.ts";
import { neverSeen } from "../tree/past.ts";

const ENVIRONMENT = /^(?:SSH_CONNECTION|TRIGGER_UNIT)=/;
const NS_PER_MS = 1e6;
/** Links of a chain between two pauses. */
const LINKS_AT_ONCE = 100;

/** What the command line asks for. */
export interface WhyOptions {
  readonly db?: string;
  readonly redact?: RedactSettings;
  /** Reads /proc, if it is not to be read right away. */
  readonly reader?: ProcReader;
  /** The users of this host, where somebody knows them already. */
  readonly users?: Users;
  /** Ancestors out of the history that are followed. */
  readonly followed?: number;
  /** Whether a process may be shown; every one may, if not given. */
  sees?(process: Process): boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runWhy(
  context: Context,
  operand: string,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options = given as unknown as WhyOptions;
  const isName = !isTarget(operand);
  if (!isName) parseTarget(operand, Date.now(), { latest: Infinity });
  const history = await askHistory(context, options.db);
  try {
    const why = new Why(context, await readEpoch(context), history, options);
    const breath = new Breath(context.signal);
    const found = await breath.finish(
      isName ? why.findName(operand) : why.findTarget(parseTarget(operand, Date.now(), history)),
    );
    await breath.finish(why.tell(found));
    await context.stdout.flush();
    adviseOnPids(context, openProcfs(context.procRoot), options.quiet);
    if (history === null) {
      adviseToRecord(context, "parents that have ended are not known", options.quiet);
    }
    return EXIT.done;
  } finally {
    history?.close();
  }
}

/** Answers the question for one operand. */
export class Why {
  readonly #context: Context;
  readonly #options: WhyOptions;
  readonly #history: History | null;
  readonly #reader: ProcReader;
  readonly #living: Process[];
  readonly #kin: Kin | null;
  readonly #users: Users;

  /** `epoch` is the wall-clock time of boot. */
  constructor(
    context: Context,
    epoch: BootEpoch,
    history: History | null,
    options: WhyOptions,
  ) {
    this.#context = context;
    this.#options = options;
    this.#history = history;
    this.#users = options.users ?? openUsers();
    this.#reader = options.reader ?? openProcfs(context.procRoot);
    const boot = new RunningBoot(readShortBootId(this.#reader), epoch);
    const sightings = readProcesses(this.#reader, this.#reader.pids());
    this.#living = takeSnapshot(sightings, createRedactFrom(options.redact ?? {}), boot);
    const { followed } = options;
    this.#kin = history === null ? null : new Kin(history, this.#reader, this.#living, followed);
  }

  /** The process that a target names; throws CommandError where it is not there. */
  *findTarget(target: Target): Steps<Process> {
    const found = yield* this.#find(target);
    if (this.#sees(found)) return found;
    throw noProcess(target.pid, "it is none that you may see; give one of your own");
  }

  *#find(target: Target): Steps<Process> {
    if (this.#kin !== null) {
      const found = yield* this.#kin.find(target);
      if (found !== null) return found;
      throw neverSeen(this.#history!, target);
    }
    const { pid, id, at } = target;
    const found = this.#living.find((process) => process.pid === pid);
    const named = found !== undefined && (id === null || this.#idOf(found) === id);
    if (named && at === null) return found;
    throw noProcess(pid, "it is not in /proc; what has ended only a history knows");
  }

  /** The process with a name: a living one that no other with that name is above of. */
  *findName(name: string): Steps<Process> {
    yield* this.#kin?.meet() ?? [];
    const named = new Set(
      this.#living.filter((one) => isNamed(one.image, name) && this.#sees(one)),
    );
    yield* this.#kin?.link(named) ?? [];
    const answers = new Map<Process, boolean>([...named].map((one) => [one, true]));
    const first = [...named].filter(({ parent }) => parent === null || !isBelow(parent, answers));
    const newest = first.sort((a, b) => b.born - a.born)[0];
    if (newest !== undefined) {
      this.#tellOthers(name, newest, [...named]);
      return newest;
    }
    const life = this.#history?.byComm(name) ?? null;
    if (life !== null && this.#sees(life)) return yield* this.#kin!.of(life);
    const history = this.#history;
    const where = history === null ? "in /proc" : `in /proc and in ${history.path}` +
      missingClause(history, history.spans(0, Number.MAX_SAFE_INTEGER));
    const message = `No process named ${name}: none is ${where}; give a pid, or the name ps shows`;
    throw new CommandError(EXIT.notFound, message);
  }

  /** Writes the chain and the origin. */
  *tell(process: Process): Steps<void> {
    const { stdout, stderr, env } = this.#context;
    const chain = this.chain(process);
    if (!this.#options.quiet) sayMissing(stderr, yield* this.#missing(chain));
    if (this.#options.json) {
      stdout.write(jsonText(yield* this.fields(process)) + "\n");
      return;
    }
    const origin = whence(chain);
    const lines = whyLines(chain, {
      users: this.#users,
      width: stdout.isTerminal ? stdout.columns : Infinity,
      timeOf: (one, ns) => localTime(one.boot.moment(ns) ?? 0),
      ageOf: (one) => this.#ageOf(one),
      isCut: (one) => isCut([one]),
    });
    const color = useColor(this.#options.color, stdout, env);
    lines.forEach((line, index) => {
      const style = chain[index]!.alive ? index === 0 ? "bold" : null : "dim";
      stdout.write(`${style === null ? line : paint(line, style, color)}\n`);
    });
    if (isCut(chain)) stdout.write(`… more above: ${chain.length - 1} ancestors are followed\n`);
    stdout.write(`${paint("Source:", "bold", color)} ${escapeText(origin.text)}\n`);
    const cost = this.#costOf(process);
    if (cost !== null) stdout.write(`${paint("Cost:", "bold", color)} ${costWords(cost)}\n`);
  }

  /** What is not known of its life, and of the moments in which those above it began. */
  *#missing([process, ...above]: readonly Process[]): Steps<Missing[]> {
    const whole = this.#kin?.spanOf(process!) ?? null;
    if (whole === null) return [];
    const begins = above.flatMap((one) => {
      const span = this.#kin!.spanOf(one);
      return span === null ? [] : [{ ...span, until: span.since + TICK_NS }];
    });
    return yield* missingSteps(this.#history!, [whole, ...begins]);
  }

  /**
   * The chain, the origin, the cost and what is not known, as JSON has them; no origin where a link
   * may not be seen.
   */
  *fields(process: Process): Steps<Record<string, unknown>> {
    const whole = this.chain(process);
    const chain = yield* this.#linksJson(whole);
    const origin = chain.length === whole.length ? this.#originJson(whole) : null;
    const cost = this.#costOf(process);
    return {
      chain,
      ...isCut(whole) ? { more_above: true } : {},
      origin,
      cost: cost === null ? null : accountJson(cost),
      gaps: missingJson(yield* this.#missing(whole)),
    };
  }

  /** What a process that has ended has cost; null where it is not known. */
  #costOf(process: Process): Account | null {
    const life = process instanceof Life ? process : this.#kin?.lifeOf(process) ?? null;
    return process.alive || life === null ? null : this.#history!.accountOf(life);
  }

  /** A process and its ancestors, as far as they are followed. */
  chain(process: Process): Process[] {
    const chain: Process[] = [];
    for (let at: Process | null = process; at !== null; at = at.parent) chain.push(at);
    for (const link of chain) this.#complete(link);
    return chain;
  }

  #sees(process: Process): boolean {
    return this.#options.sees?.(process) ?? true;
  }

  #tellOthers(name: string, shown: Process, named: readonly Process[]): void {
    const others = named.filter((process) => process !== shown).map(({ pid }) => pid);
    if (others.length === 0 || this.#options.quiet) return;
    const some = others.slice(0, 8).join(", ") + (others.length > 8 ? ", …" : "");
    const what = `${others.length} more of the name ${name} run, with pid ${some}`;
    this.#context.stderr.write(`fh: ${shown.pid} is shown; ${what}\n`);
  }

  /** What the history or /proc adds to a process that a snapshot shows. */
  #complete(process: Process): void {
    if (process instanceof Life) return;
    const life = this.#kin?.lifeOf(process) ?? null;
    const { parts } = process.image;
    const known = life?.image.parts ?? NO_IMAGE.parts;
    process.image = new Image({
      ...parts,
      exe: known.exe,
      cwd: known.cwd,
      cgroup: this.#reader.read(process.pid, "cgroup") ?? known.cgroup,
      env: known.env ?? this.#environment(process.pid),
    });
  }

  #environment(pid: number): Uint8Array | null {
    const bytes = this.#reader.read(pid, "environ");
    if (bytes === null) return null;
    const kept = decodeText(bytes).split("\0").filter((line) => ENVIRONMENT.test(line));
    return new TextEncoder().encode(kept.map((line) => `${line}\0`).join(""));
  }

  #idOf(process: Process): string {
    return (this.#kin?.lifeOf(process) ?? process).id;
  }

  #ageOf(process: Process): number | null {
    if (process.start === null) return null;
    const moment = process.boot.moment(process.start);
    return moment === null ? null : Math.max(0, Date.now() - moment) * NS_PER_MS;
  }

  #originJson(chain: readonly Process[]): unknown {
    const { text, ...rest } = whence(chain);
    return { ...rest, words: text };
  }

  /** The links that may be seen; what is noted of each depends on the one that it started. */
  *#linksJson(whole: readonly Process[]): Steps<unknown[]> {
    const links: unknown[] = [];
    for (const [index, link] of whole.entries()) {
      if (index % LINKS_AT_ONCE === 0) yield;
      if (this.#sees(link)) links.push(this.#linkJson(link, whole[index - 1] ?? null));
    }
    return links;
  }

  #linkJson(process: Process, child: Process | null): unknown {
    const { image, uid, parent, durationNs } = process;
    const { code, signal } = exitStatus(process.status);
    const { path, unit, container } = parseCgroup(image.cgroupText ?? "");
    return {
      id: this.#idOf(process),
      pid: process.pid,
      ppid: process.ppid,
      parent: parent === null ? null : this.#idOf(parent),
      reaper: process.reaper,
      comm: image.comm,
      exe: image.exe,
      ...argvFields(image),
      cwd: image.cwd,
      cgroup: path,
      unit,
      container,
      uid,
      user: uid === null ? null : this.#users.name(uid),
      state: STATE_WORDS[process.state],
      started: this.#time(process, process.start),
      ended: this.#time(process, process.alive ? null : process.end),
      exit_code: code,
      signal: signal === null ? null : signalName(signal),
      duration_ns: durationNs === null ? null : Math.round(durationNs),
      notes: linkNotes(process, child),
    };
  }

  #time(process: Process, ns: number | null): string | null {
    if (ns === null) return null;
    const epoch = process.boot.epochAt(ns);
    return epoch === null ? null : new WallClock().utc(epoch, ns);
  }
}

/** Whether there are more ancestors than are in a chain. */
function isCut(chain: readonly Process[]): boolean {
  const top = chain.at(-1);
  return top?.moreAbove ?? false;
}

/** Where a chain leads; not known where it was not followed to its end. */
function whence(chain: readonly Process[]): Origin {
  const origin = originOf(chain);
  if (origin.kind !== "unknown" || !isCut(chain)) return origin;
  return { ...origin, text: "not known: there are more ancestors than are followed" };
}

function isNamed({ comm, argv }: Image, name: string): boolean {
  if (comm === name) return true;
  // The kernel cuts names to 15 bytes; programs may be called by a path.
  return argv !== null && argv[0]?.split("/").at(-1) === name;
}
