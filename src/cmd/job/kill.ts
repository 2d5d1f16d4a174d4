/**
 * `fh job kill`: a signal to every member, and to nobody else.
 *
 * It is sent by who runs the command, so the kernel decides whether that is permitted. Members are
 * asked for again until there are no new ones: a job may fork while it is hit.
 *
 * @module
 */
import { constants, setPriority } from "node:os";
import process from "node:process";
import type { Context } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import { MemberSignals } from "../../host/members.ts";
import { hasOwnNumbering } from "../../proc/numbering.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { parseStat } from "../../proc/stat.ts";
import type { Fields } from "../../serve/protocol.ts";
import { pause } from "../../steps.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { signalName, signalNumber } from "../../text/words.ts";
import type { JobDoor } from "./door.ts";

const SIGNAL_MAX = 64;
const [SIGKILL, SIGTERM, SIGSTOP, SIGCONT] = [9, 15, 19, 18];
/** A fork is told so much later at most: after two looks in which nobody is new, all are hit. */
const LOOK_EVERY_MS = 30;
const QUIET_LOOKS = 3;
/** Who ends by SIGKILL has ended by then, unless the kernel does not let it. */
const PATIENCE_MS = 10_000;

interface KillOptions {
  readonly signal?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A member that lives. */
interface Target {
  readonly pid: number;
  readonly start_ticks: number;
}

/** Sends the signal; status 1 when a member could not be hit. */
export async function killJob(
  context: Context,
  door: JobDoor,
  job: string,
  options: KillOptions,
): Promise<number> {
  const sig = parseSignal(options.signal ?? "TERM");
  hurry();
  const found = await signalJob(context, door, job, sig);
  report(context, job, sig, found, options);
  return found.denied > 0 || found.left > 0 ? EXIT.failed : EXIT.done;
}

/** Sends a signal to all members, with the rights of this process. */
export async function signalJob(
  context: Pick<Context, "procRoot">,
  door: Pick<JobDoor, "ask">,
  job: string,
  sig: number,
): Promise<Signalled> {
  const reader = openProcfs(context.procRoot);
  if (!hasOwnNumbering(reader, process.pid)) {
    const what = "Cannot signal a job: this /proc is another pid namespace's";
    throw new CommandError(EXIT.failed, `${what}; do it in that one (nsenter --pid)`);
  }
  const signals = await MemberSignals.open((pid) => {
    const bytes = reader.read(pid, "stat");
    return (bytes && parseStat(bytes))?.startTicks ?? null;
  });
  if (signals === null) {
    const what = "Cannot signal a job: this kernel has no pidfds";
    throw new CommandError(EXIT.failed, `${what}; it takes Linux 5.3`);
  }
  // Whoever records must go on, or nobody would say who is left.
  const { pid: recorder } = await door.ask("hello", {});
  const hunt = new Hunt(door, signals, job, new Set([process.pid, Number(recorder)]));
  return await hunt.run(sig);
}

/** Goes before what it hunts, where that is permitted. */
function hurry(): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Only root may.
  }
}

/** Whom a signal has reached. */
export interface Signalled {
  readonly signalled: number;
  readonly denied: number;
  /** Members that live though they were sent SIGKILL. */
  readonly left: number;
  /** The recorder is a member, and was spared. */
  readonly spared: boolean;
}

class Hunt {
  readonly #door: Pick<JobDoor, "ask">;
  readonly #signals: MemberSignals;
  /** Its name, then its number: another may have the name when this one has ended. */
  #job: string | number;
  readonly #spared: ReadonlySet<number>;
  readonly #hit = new Set<string>();
  readonly #denied = new Set<string>();
  #isSpared = false;

  constructor(
    door: Pick<JobDoor, "ask">,
    signals: MemberSignals,
    job: string,
    spared: ReadonlySet<number>,
  ) {
    this.#door = door;
    this.#signals = signals;
    this.#job = job;
    this.#spared = spared;
  }

  async run(sig: number): Promise<Signalled> {
    // What is stopped forks no more: members cannot be born faster than they are killed.
    if (sig === SIGKILL) await this.#hitAll(SIGSTOP);
    this.#hit.clear();
    this.#denied.clear();
    await this.#hitAll(sig);
    const left = sig === SIGKILL ? await this.#untilGone() : 0;
    const [signalled, denied] = [this.#hit.size, this.#denied.size];
    return { signalled, denied, left, spared: this.#isSpared };
  }

  /** Hits all members once, until nobody new has come for a while, or it has taken too long. */
  async #hitAll(sig: number): Promise<void> {
    const seen = new Set<string>();
    const until = performance.now() + PATIENCE_MS;
    for (let quiet = 0; quiet < QUIET_LOOKS && performance.now() < until;) {
      const fresh = (await this.#members()).filter((member) => !seen.has(keyOf(member)));
      for (const member of fresh) {
        seen.add(keyOf(member));
        this.#send(member, sig);
      }
      quiet = fresh.length === 0 ? quiet + 1 : 0;
      if (quiet > 0 && quiet < QUIET_LOOKS) await pause(LOOK_EVERY_MS);
    }
  }

  #send(member: Target, sig: number): void {
    const key = keyOf(member);
    const { pid, start_ticks: startTicks } = member;
    const sent = this.#signals.send(pid, startTicks, sig);
    if (sent === "sent") this.#hit.add(key);
    else if (sent === "denied") this.#denied.add(key);
    // A stopped process takes SIGTERM only when it goes on.
    if (sent === "sent" && sig === SIGTERM) this.#signals.send(pid, startTicks, SIGCONT);
  }

  /** How many have not ended though they were sent SIGKILL. */
  async #untilGone(): Promise<number> {
    const until = performance.now() + PATIENCE_MS;
    while (true) {
      const left = (await this.#members()).filter((member) => !this.#denied.has(keyOf(member)));
      if (left.length === 0 || performance.now() > until) return left.length;
      for (const member of left) this.#send(member, SIGKILL);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Those that live; none when the job has ended, which it does when it is empty. */
  async #members(): Promise<readonly Target[]> {
    let answer: Fields;
    try {
      answer = await this.#door.ask("job_members", { job: this.#job, running: true });
    } catch (error) {
      const isOver = error instanceof CommandError && error.status === EXIT.notFound;
      if (isOver && typeof this.#job === "number") return [];
      throw error;
    }
    const { job, members } = answer;
    this.#job = Number(job);
    return (members as readonly Target[]).filter(({ pid }) => {
      if (!this.#spared.has(pid)) return true;
      this.#isSpared ||= pid !== process.pid;
      return false;
    });
  }
}

function keyOf({ pid, start_ticks: start }: Target): string {
  return `${pid} ${start}`;
}

/** The number of a signal that is named; throws UsageError. */
export function parseSignal(text: string): number {
  const name = /^\d+$/.test(text) ? "" : text.toUpperCase().replace(/^(?:SIG)?/, "SIG");
  const number = name === "" ? Number(text) : signalNumber(name);
  if (number !== null && number >= 1 && number <= SIGNAL_MAX) return number;
  throw new UsageError(`Bad signal: ${escapeText(text)}; give a name such as TERM or a number`);
}

function report(
  context: Context,
  job: string,
  sig: number,
  { signalled, denied, left, spared }: Signalled,
  { json, quiet }: KillOptions,
): void {
  if (json) {
    const fields = { job, signal: signalName(sig), signalled, denied, left, spared };
    context.stdout.write(`${jsonText(fields)}\n`);
    return;
  }
  const parts = [`${signalName(sig)} to ${signalled} members of ${job}`];
  if (denied > 0) parts.push(`${denied} not permitted`);
  if (left > 0) parts.push(`${left} have not ended`);
  if (spared) parts.push("the recorder is a member and was left out");
  tell(context, parts.join("; "), quiet && denied === 0 && left === 0);
}
