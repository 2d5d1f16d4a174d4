/**
 * The living of /proc and the dead of a history as one family: true parents, and what has ended.
 *
 * @module
 */
import type { DeadBelow, Living } from "../ask/store.ts";
import type { PastBoot } from "../model/boot.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { Process } from "../model/process.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import { type Climb, linkUp } from "./ancestors.ts";
import type { History } from "./history.ts";
import { asLife, type Life } from "./life.ts";

/** Descendants that are counted though they are not drawn: all of a host would take seconds. */
const COUNTED_MAX = 200_000;

/** Joins what /proc shows now with what a history knows, step by step. */
export class Kin {
  readonly #history: History;
  readonly #here: Living;
  readonly #boot: PastBoot | undefined;
  readonly #byPid = new Map<number, Process>();
  /** What the history knows of living processes, as far as it was asked. */
  readonly #lives = new Map<Process, Life | null>();
  readonly #linked = new Set<Process>();
  /** Those above which there is no ring. */
  readonly #sound = new Set<Process>();
  readonly #climb: Climb<Process> = {
    isLinked: (process) => this.#linked.has(process),
    link: (process) => this.#linkOne(process),
    cut: (process) => {
      this.#linked.add(process);
      const life = asLife(process);
      if (life === null) process.parent = null;
      else this.#history.lives.cut(life);
    },
  };

  constructor(history: History, here: Living) {
    this.#history = history;
    this.#here = here;
    this.#boot = history.bounds.boot(here.bootId);
    for (const process of here.processes) this.#byPid.set(process.pid, process);
  }

  /** Whether the history has something of the boot that runs. */
  get isOfHere(): boolean {
    return this.#boot !== undefined;
  }

  /** The living process with a pid; null where none was read. */
  living(pid: number): Process | null {
    return this.#byPid.get(pid) ?? null;
  }

  /** Asks the history about all living processes: of zombies /proc does not show everything. */
  *meet(): Steps<void> {
    let seen = 0;
    for (const process of this.#byPid.values()) {
      this.lifeOf(process);
      if (++seen % STEP_ROWS === 0) yield;
    }
  }

  /** Gives all living processes their true parents, dead or alive, the nearest first. */
  linkAll(): Steps<void> {
    return this.link(this.#byPid.values());
  }

  /** The one object that stands for a life: the living process, or the life itself, linked. */
  *of(life: Life): Steps<Process> {
    const found = this.#livingOf(life) ?? life;
    if (!this.#linked.has(found)) yield* this.link([found]);
    return found;
  }

  /** What the history knows of a process; null when nothing. */
  lifeOf(process: Process): Life | null {
    const own = asLife(process);
    if (own !== null) return own;
    const known = this.#lives.get(process);
    if (known !== undefined) return known;
    const life = this.#boot === undefined ? null : this.#history.lifeNow(this.#boot, process);
    this.#lives.set(process, life);
    if (life === null) return null;
    // /proc tells it to a clock tick only.
    if (life.start !== null) process.start = life.start;
    if (process.state === "running") return life;
    // Of a zombie /proc has neither the command line nor, for all readers, the status.
    if (process.image.parts.argv === null) process.image = life.image;
    if (process.state === "exited") process.status ??= life.status;
    return life;
  }

  /** From its start to its end, or on; null where the history does not know its boot. */
  spanOf(process: Process): BootSpan | null {
    const boot = asLife(process)?.boot ?? this.#boot;
    if (boot === undefined) return null;
    const until = process.alive ? null : process.end;
    return { boot, since: process.born, until: until ?? Number.MAX_SAFE_INTEGER };
  }

  /** What descends from a process and has ended, up to `limit`, and what more there is. */
  *deadBelow(process: Process, limit: number): Steps<DeadBelow> {
    const top = this.lifeOf(process);
    const dead: Process[] = [];
    const queue = new Set(top === null ? [] : [top]);
    let [seen, isFull] = [0, false];
    for (const life of queue) {
      // One more than there is room for tells that there is more; the living take none.
      const most = limit - dead.length + this.#byPid.size + 1;
      for (const child of this.#history.childrenOf(life, most)) {
        if (++seen % STEP_ROWS === 0) yield;
        if (queue.has(child)) continue;
        if ((yield* this.of(child)) === child) {
          isFull = dead.length >= limit;
          if (isFull) break;
          dead.push(child);
        }
        queue.add(child);
      }
      if (isFull) break;
    }
    if (!isFull) return { dead, hidden: new Map(), isWhole: true };
    return { dead, ...yield* this.#countHidden(top!, process, dead) };
  }

  /** How many have ended below those that are drawn, and are not drawn themselves. */
  *#countHidden(
    top: Life,
    process: Process,
    dead: readonly Process[],
  ): Steps<Pick<DeadBelow, "hidden" | "isWhole">> {
    const drawn = new Map<number, Process>([[top.key, process]]);
    for (const one of [...dead, ...this.#byPid.values()]) {
      for (let at: Process | null = one; at !== null; at = at.parent) {
        const key = this.lifeOf(at)?.key;
        if (key === undefined) continue;
        if (drawn.has(key)) break;
        drawn.set(key, at);
      }
    }
    const hidden = new Map<Process, number>();
    const queue: (readonly [key: number, above: Process])[] = [[top.key, process]];
    for (const [key, above] of queue) {
      for (const child of this.#history.childKeys(key)) {
        if (queue.length % STEP_ROWS === 0) yield;
        if (queue.length >= COUNTED_MAX) return { hidden, isWhole: false };
        const own = drawn.get(child);
        if (own === undefined) hidden.set(above, (hidden.get(above) ?? 0) + 1);
        queue.push([child, own ?? above]);
      }
    }
    return { hidden, isWhole: true };
  }

  /** Links processes upwards; where a life is a living process, that one stands above. */
  *link(some: Iterable<Process>): Steps<void> {
    const all = [...some];
    yield* linkUp(all, this.#climb, this.#here.followed);
    yield* this.#openRings(all);
  }

  #livingOf(life: Life): Process | null {
    const living = life.boot === this.#boot ? this.#byPid.get(life.pid) : undefined;
    return living !== undefined && this.lifeOf(living)?.key === life.key ? living : null;
  }

  /** The history has it open, but it may be gone: then nobody has seen its end. */
  #check(life: Life): void {
    if (life.state !== "running" || this.#here.isElsewhere) return;
    const began = life.boot === this.#boot ? this.#here.startTicks(life.pid) : null;
    const there = began !== null && Math.abs(began - life.startTicks) <= 1;
    if (!there) life.state = "unknown";
  }

  /** Gives a process the parent that forked it, or leaves it the one that /proc shows. */
  #linkOne(at: Process): Process | null {
    this.#linked.add(at);
    const own = asLife(at);
    if (own !== null) this.#check(own);
    const key = this.lifeOf(at)?.parentKey ?? null;
    const life = key === null ? null : this.#history.lives.get(key);
    const known = life === null ? null : this.#livingOf(life) ?? life;
    if (known !== null && known !== at) {
      if (own === null && at.ppid !== known.pid) at.reaper = at.ppid;
      at.ppid = known.pid;
      at.parent = known;
    }
    return at.parent;
  }

  /** No parent leads back to the process itself, as a file of others may have it. */
  *#openRings(some: Iterable<Process>): Steps<void> {
    let seen = 0;
    for (const one of some) {
      const path = new Set<Process>();
      for (let at: Process | null = one; at !== null && !this.#sound.has(at); at = at.parent) {
        path.add(at);
        if (at.parent !== null && path.has(at.parent)) at.parent = null;
        if (++seen % STEP_ROWS === 0) yield;
      }
      for (const at of path) this.#sound.add(at);
    }
  }
}
