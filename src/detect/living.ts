/**
 * What is wrong with those that live, by two looks at /proc.
 *
 * @module
 */
import { TICK_NS } from "../model/process.ts";
import type { FindingKind } from "./finding.ts";
import type { Limits } from "./thresholds.ts";

/** A process as a look has found it: fields of proc_pid_stat(5). */
export interface Look {
  readonly pid: number;
  readonly ppid: number;
  /** Char code of the state letter. */
  readonly state: number;
  /** Device number of its terminal, 0 for none. */
  readonly tty: number;
  readonly utime: number;
  readonly stime: number;
  readonly startTicks: number;
}

/** A kind of trouble that some process has. */
export interface LivingTrouble {
  readonly kind: Extract<FindingKind, "zombies" | "stuck" | "runaway">;
  readonly pid: number;
  readonly count: number;
  /** Since when at the latest, nanoseconds since boot. */
  readonly since: number;
  /** Share of a CPU between the looks. */
  readonly cpu: number;
}

const [ZOMBIE, DISK, STOPPED] = ["Z", "D", "T"].map((letter) => letter.charCodeAt(0));
/** Of a whole CPU, for all of its life and between the looks. */
const RUNAWAY_SHARE = 0.9;
const RUNAWAY_NOW = 0.8;
const INIT = 1;

/** Whether a process may have trouble: what all others have is not kept from look to look. */
export function mayBeTrouble(look: Look, limits: Limits): boolean {
  const { state } = look;
  if (state === ZOMBIE || state === DISK || state === STOPPED) return true;
  return ticksOf(look) * TICK_NS >= limits.runaway * RUNAWAY_SHARE / 2;
}

interface TakenLook {
  readonly at: number;
  readonly look: ReadonlyMap<number, Look>;
}

/** Looks that are taken again and again: each is judged with one some time ago. */
export class LivingLooks {
  readonly #limits: Limits;
  /** The oldest first. */
  readonly #looks: TakenLook[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Another look, at a time (nanoseconds since boot): what it and the one before agree on; what is
   * stuck is so in all of them for long enough.
   */
  add(look: ReadonlyMap<number, Look>, at: number): LivingTrouble[] {
    const looks = this.#looks;
    // What is stuck is seen by two that are so far apart.
    while (looks.length > 1 && at - looks[1]!.at >= this.#limits.stuck) looks.shift();
    const [first, ...between] = looks;
    const last = looks.at(-1);
    looks.push({ at, look });
    if (first === undefined || last === undefined) return [];
    const stuck = this.#judge(first, look, at).filter(({ kind, pid }) => {
      const now = look.get(pid);
      return kind === "stuck" && between.every(({ look }) => {
        const then = look.get(pid);
        return then !== undefined && isStuck(now!, then);
      });
    });
    return [...stuck, ...this.#judge(last, look, at).filter(({ kind }) => kind !== "stuck")];
  }

  #judge(before: TakenLook, look: ReadonlyMap<number, Look>, at: number): LivingTrouble[] {
    return judgeLooks(before.look, look, [before.at, at], this.#limits);
  }
}

/** What both looks agree on; they were at two times, nanoseconds since boot. */
export function judgeLooks(
  before: ReadonlyMap<number, Look>,
  after: ReadonlyMap<number, Look>,
  [began, now]: readonly [number, number],
  limits: Limits,
): LivingTrouble[] {
  const found: LivingTrouble[] = [];
  const zombies = new Map<number, number>();
  for (const look of after.values()) {
    const { pid, ppid, startTicks } = look;
    const earlier = before.get(pid);
    if (earlier === undefined || earlier.startTicks !== startTicks) continue;
    const cpu = (ticksOf(look) - ticksOf(earlier)) * TICK_NS / Math.max(1, now - began);
    if (isBoth(look, earlier, ZOMBIE!)) zombies.set(ppid, (zombies.get(ppid) ?? 0) + 1);
    if (now - began >= limits.stuck && isStuck(look, earlier)) {
      found.push({ kind: "stuck", pid, count: 1, since: began, cpu });
    }
    const age = now - startTicks * TICK_NS;
    const used = ticksOf(look) * TICK_NS;
    const isBusy = used >= limits.runaway * RUNAWAY_SHARE && used >= age * RUNAWAY_SHARE;
    if (isBusy && ppid === INIT && cpu >= RUNAWAY_NOW) {
      found.push({ kind: "runaway", pid, count: 1, since: startTicks * TICK_NS, cpu });
    }
  }
  for (const [pid, count] of zombies) {
    if (count < limits.zombies) continue;
    found.push({ kind: "zombies", pid, count, since: began, cpu: 0 });
  }
  return found;
}

function isStuck(look: Look, earlier: Look): boolean {
  if (ticksOf(look) !== ticksOf(earlier)) return false;
  // Whoever has stopped a job of a terminal knows of it.
  return isBoth(look, earlier, DISK!) || (isBoth(look, earlier, STOPPED!) && look.tty === 0);
}

function isBoth(look: Look, earlier: Look, state: number): boolean {
  return look.state === state && earlier.state === state;
}

function ticksOf({ utime, stime }: Look): number {
  return utime + stime;
}
