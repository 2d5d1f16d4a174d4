/**
 * The question of `why`: finds a process, follows its parents, and tells where they lead.
 *
 * @module
 */
import type { Account, Figure } from "../model/account.ts";
import { decodeText, Image, NO_IMAGE } from "../model/image.ts";
import { type Process, TICK_NS } from "../model/process.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import { findTarget } from "./find.ts";
import { familyOf } from "./here.ts";
import { addMissing } from "./missing.ts";
import { readLiving } from "./living.ts";
import { findNamed } from "./named.ts";
import { neverSeen } from "./never_seen.ts";
import { noProcess } from "./not_found.ts";
import { noteNoHistory, notePids, type Notes } from "./notes.ts";
import { belowCron, type Origin, originOf } from "./origin.ts";
import type { Came, Family, Missing, Spread } from "./store.ts";
import { type CronEntry, Crontabs } from "./text/crontab.ts";
import { isTarget, parseTarget, type Target } from "./text/target.ts";
import { maySee } from "./viewer.ts";

/** What /proc does not tell of all tasks of a process. */
const UNKNOWN_OF_LIVING: readonly Figure["name"][] = [
  "voluntarySwitches",
  "involuntarySwitches",
];
/** What /proc tells of one's own processes alone, and root of all. */
const STORAGE: readonly Figure["name"][] = ["readBytes", "writeBytes"];

/** Between cron and the shell that it starts there may be copies of cron, and pam's. */
const NEAR_CRON = 16;

/** Ancestors and hosts that are named where the same chain is told of. */
const NAMED_ABOVE = 4;
const NAMED_HOSTS = 4;

const ENVIRONMENT = /^(?:SSH_CONNECTION|TRIGGER_UNIT)=/;

/** One process of a chain. */
export interface Link {
  readonly process: Process;
  /** What is below it in the chain, which it has started; null for the first. */
  readonly child: Process | null;
  /** Its id, and that of its parent: as the history has them, where it knows them. */
  readonly id: string;
  readonly parent: string | null;
}

/** What a process has cost. */
export interface Cost {
  readonly account: Account;
  /** It still runs. */
  readonly isSoFar: boolean;
  /** Figures that are not known. */
  readonly unknown: readonly Figure["name"][];
}

/** Who started a process, and where that leads. */
export interface WhyAnswer {
  /** The process and its ancestors, those that may be shown. */
  readonly chain: readonly Link[];
  /** There are more ancestors than were followed. */
  readonly isCut: boolean;
  /** Where it came from; null where an ancestor may not be shown. */
  readonly origin: Origin | null;
  /** What it has cost up to now or its end; null where that is not known. */
  readonly cost: Cost | null;
  /** How often the same was started; null where that is not known. */
  readonly came: Came | null;
  /** On which hosts of a fleet the same chain occurs; null where none was asked. */
  readonly spread: Spread | null;
  /** What is not known of its life, and of the moments in which those above it began. */
  readonly missing: readonly Missing[];
}

/** Throws UsageError where an operand that looks like a pid or an id is none. */
export function checkOperand(operand: string, now: number): void {
  if (isTarget(operand)) parseTarget(operand, now, { latest: Infinity });
}

/** Answers for a pid, PID@TIME, an id or a name; throws CommandError where there is none. */
export async function askWhy(asking: Asking, operand: string): Promise<WhyAnswer> {
  const { store, notes } = asking;
  const why = new Why(asking);
  const found = isTarget(operand)
    ? await why.findTarget(parseTarget(operand, asking.now(), store.bounds))
    : await why.findName(operand);
  const answer = await why.answer(found);
  if (!store.isElsewhere) notePids(notes, asking.reader);
  noteSpread(notes, answer);
  if (store.past === null && isDoubtful(answer)) {
    noteNoHistory(notes, "parents that have ended are not known", asking.historyPlace);
  }
  return answer;
}

/** Whether somebody may have been in the chain who has ended. */
function isDoubtful({ chain, origin }: WhyAnswer): boolean {
  if (chain.some(({ process }) => process.adopted)) return true;
  if (origin === null || origin.kind === "unknown") return true;
  return origin.kind === "boot" && chain.length > 1;
}

/** Notes on how many hosts the same story is known. */
function noteSpread(notes: Notes, { spread }: WhyAnswer): void {
  if (spread === null) return;
  const { names, of, isAll, above } = spread;
  const some = above.slice(0, NAMED_ABOVE).map((name) => name ?? "?").join(", ");
  const more = above.length > NAMED_ABOVE ? ", …" : "";
  const below = above.length === 0 ? "" : ` below the same ancestors (${some}${more})`;
  const count = `${isAll ? "" : "at least "}${names.length} of ${of} hosts`;
  const hosts = names.slice(0, NAMED_HOSTS).join(", ") + (names.length > NAMED_HOSTS ? ", …" : "");
  notes.add("hosts", `the same command line${below} is known on ${count}: ${hosts}`);
}

class Why {
  readonly #asking: Asking;
  readonly #living: Process[];
  readonly #family: Family;

  constructor(asking: Asking) {
    this.#asking = asking;
    const { reader, redact, boot } = asking;
    this.#living = takeSnapshot(readProcesses(reader, reader.pids()), redact, boot);
    this.#family = familyOf(asking, this.#living);
  }

  /** The process that a target names. */
  async findTarget(target: Target): Promise<Process> {
    const found = await this.#find(target);
    if (this.#sees(found)) return found;
    throw noProcess(target.pid, "it is none that you may see; give one of your own");
  }

  async #find(target: Target): Promise<Process> {
    const found = await findTarget(this.#family, target);
    if (found !== null) return found;
    const { store } = this.#asking;
    if (store.past !== null) throw await neverSeen(store, target);
    throw noProcess(target.pid, "it is not in /proc; what has ended only a history knows");
  }

  /** The process with a name. */
  findName(name: string): Promise<Process> {
    return findNamed(this.#asking, this.#family, this.#living, name);
  }

  /** The chain, and what is known of it. */
  async answer(process: Process): Promise<WhyAnswer> {
    const whole: Process[] = [];
    for (let at: Process | null = process; at !== null; at = at.parent) whole.push(at);
    for (const link of whole) this.#complete(link);
    const isCut = whole.at(-1)!.moreAbove;
    const missing = await this.#missing(whole);
    addMissing(this.#asking.notes, missing);
    const chain = whole.flatMap((link, i) => {
      return this.#sees(link) ? [this.#linkOf(link, whole[i - 1] ?? null)] : [];
    });
    return {
      chain,
      isCut,
      origin: chain.length === whole.length ? this.#whence(whole, isCut) : null,
      cost: await this.#costOf(process),
      came: await this.#cameOf(process),
      spread: await this.#spreadOf(process),
      missing,
    };
  }

  #linkOf(process: Process, child: Process | null): Link {
    const { parent } = process;
    return {
      process,
      child,
      id: this.#idOf(process),
      parent: parent === null ? null : this.#idOf(parent),
    };
  }

  /** What is not known of its life, and of the moments in which those above it began. */
  async #missing([process, ...above]: readonly Process[]): Promise<Missing[]> {
    const whole = this.#family.spanOf(process!);
    if (whole === null) return [];
    const begins = above.flatMap((one) => {
      const span = this.#family.spanOf(one);
      return span === null ? [] : [{ ...span, until: span.since + TICK_NS }];
    });
    return await this.#asking.store.missing([whole, ...begins]);
  }

  async #costOf(process: Process): Promise<Cost | null> {
    const { reader, store } = this.#asking;
    if (process.alive && this.#living.includes(process)) {
      const { processes, withStorage, account } = readLiving(reader, [process]);
      if (processes === 0) return null;
      const unknown = withStorage === 0 ? [...UNKNOWN_OF_LIVING, ...STORAGE] : UNKNOWN_OF_LIVING;
      return { account, isSoFar: true, unknown };
    }
    const known = this.#family.known(process);
    if (process.alive || known === null) return null;
    const account = await store.past?.accountOf(known) ?? null;
    return account === null ? null : { account, isSoFar: false, unknown: [] };
  }

  async #cameOf(process: Process): Promise<Came | null> {
    const known = this.#family.known(process);
    return known === null ? null : await this.#asking.store.past?.came(known) ?? null;
  }

  async #spreadOf(process: Process): Promise<Spread | null> {
    const known = this.#family.known(process);
    return known === null ? null : await this.#asking.store.past?.spread?.(known) ?? null;
  }

  /** Where a chain leads; not known where it was not followed to its end. */
  #whence(chain: readonly Process[], isCut: boolean): Origin {
    const origin = originOf(chain, () => this.#entriesOf(chain));
    if (origin.kind !== "unknown" || !isCut) return origin;
    return { ...origin, text: "not known: there are more ancestors than are followed" };
  }

  /** The lines of crontabs that may have started it: cron starts a shell, or what that became. */
  #entriesOf(chain: readonly Process[]): CronEntry[] {
    const { users } = this.#asking;
    const crontabs = new Crontabs(this.#asking.crontabs());
    // What cron starts is near to it; a chain can be as long as there are pids.
    for (const { image, uid } of belowCron(chain).slice(-NEAR_CRON).reverse()) {
      const user = uid === null ? null : users.name(uid);
      const found = crontabs.find({ argv: image.argv ?? [], user });
      if (found.length > 0) return found;
    }
    return [];
  }

  #sees({ uid }: Process): boolean {
    return maySee(this.#asking.viewer, uid);
  }

  /** What the history or /proc adds to a process that a snapshot shows. */
  #complete(process: Process): void {
    const past = this.#family.known(process);
    if (past === process) return;
    const { parts } = process.image;
    const known = past?.image.parts ?? NO_IMAGE.parts;
    process.image = new Image({
      ...parts,
      exe: known.exe,
      cwd: known.cwd,
      cgroup: this.#asking.reader.read(process.pid, "cgroup") ?? known.cgroup,
      env: known.env ?? this.#environment(process.pid),
    });
  }

  #environment(pid: number): Uint8Array | null {
    const bytes = this.#asking.reader.read(pid, "environ");
    if (bytes === null) return null;
    const kept = decodeText(bytes).split("\0").filter((line) => ENVIRONMENT.test(line));
    return new TextEncoder().encode(kept.map((line) => `${line}\0`).join(""));
  }

  /** The start of a living process is known to a clock tick, which may be the next one. */
  #idOf(process: Process): string {
    return (this.#family.known(process) ?? process).id;
  }
}
