/**
 * The living of /proc and the dead of a history as one family: true parents, and what has ended.
 *
 * @module
 */
import { CommandError, EXIT } from "../fault.ts";
import { type Climb, linkUp } from "../history/ancestors.ts";
import type { Boot } from "../history/boots.ts";
import type { BootSpan, History } from "../history/history.ts";
import { asLife, type Life } from "../history/life.ts";
import { localTime } from "../host/local_time.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Process } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { Target } from "./text/target.ts";

/** Joins what /proc shows now with what a history knows. */
export class Kin {
  readonly #history: History;
  readonly #reader: ProcReader;
  readonly #boot: Boot | undefined;
  readonly #most: number;
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

  /**
   * `living` are processes as `reader` shows them, some or all. Of the ancestors that the history
   * knows `most` are followed at a time.
   */
  constructor(
    history: History,
    reader: ProcReader,
    living: readonly Process[],
    most: number = ANCESTORS_MAX,
  ) {
    this.#history = history;
    this.#reader = reader;
    this.#most = most;
    this.#boot = history.boot(readBootId(reader));
    for (const process of living) this.#byPid.set(process.pid, process);
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

  /** The process that a target names; throws CommandError when it is none, or not the only one. */
  *find(target: Target): Steps<Process | null> {
    const { pid, at, id } = target;
    const living = this.#byPid.get(pid) ?? null;
    let found: Process | null = null;
    // A file of another host or boot is asked about what it has; its pids are not those of here.
    if (id === null && at === null && living !== null && this.#boot !== undefined) {
      found = living;
    } else {
      const life = chooseLife(this.#history.byPid(pid), target);
      if (life !== null) return yield* this.of(life);
      if (living === null || at !== null) return null;
      if (id === null || living.id === id) found = living;
    }
    if (found !== null) yield* this.link([found]);
    return found;
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

  /** What descends from a process and has ended, up to `limit`, and whether there is more. */
  *deadBelow(process: Process, limit: number): Steps<{ readonly dead: Process[]; more: boolean }> {
    const top = this.lifeOf(process);
    const dead: Process[] = [];
    const queue = new Set(top === null ? [] : [top]);
    let seen = 0;
    for (const life of queue) {
      // One more than there is room for tells that there is more; the living take none.
      const most = limit - dead.length + this.#byPid.size + 1;
      for (const child of this.#history.childrenOf(life, most)) {
        if (++seen % STEP_ROWS === 0) yield;
        if (queue.has(child)) continue;
        if ((yield* this.of(child)) === child) {
          if (dead.length >= limit) return { dead, more: true };
          dead.push(child);
        }
        queue.add(child);
      }
    }
    return { dead, more: false };
  }

  /** Links processes upwards; where a life is a living process, that one stands above. */
  *link(some: Iterable<Process>): Steps<void> {
    const all = [...some];
    yield* linkUp(all, this.#climb, this.#most);
    yield* this.#openRings(all);
  }

  #livingOf(life: Life): Process | null {
    const living = life.boot === this.#boot ? this.#byPid.get(life.pid) : undefined;
    return living !== undefined && this.lifeOf(living)?.key === life.key ? living : null;
  }

  /** The history has it open, but it may be gone: then nobody has seen its end. */
  #check(life: Life): void {
    if (life.state !== "running") return;
    const bytes = life.boot === this.#boot ? this.#reader.read(life.pid, "stat") : null;
    const stat = bytes === null ? null : parseStat(bytes);
    const there = stat !== null && Math.abs(stat.startTicks - life.startTicks) <= 1;
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

/**
 * The one of some lives that a target names; null when none is. Throws CommandError when several
 * are.
 */
export function chooseLife(lives: readonly Life[], { pid, at, id }: Target): Life | null {
  const meant = lives.filter((life) =>
    id !== null ? isNamed(life, id) : at === null || livedAt(life, at)
  );
  const exact = meant.find((life) => life.id === id);
  if (exact === undefined && meant.length > 1) throw whichOne(pid, meant);
  return exact ?? meant[0] ?? null;
}

/** Whether an id is that of a life: an id made from /proc can be a tick off. */
function isNamed(life: Life, id: string): boolean {
  const [boot, pid, ticks = ""] = id.split("-");
  if (boot !== life.boot.shortId || Number(pid) !== life.pid) return false;
  if (life.id === id) return true;
  return Math.abs(Number(ticks) - life.startTicks) <= 1;
}

function livedAt(life: Life, moment: number): boolean {
  // A time is given to the second: what lived at some time within it is meant.
  const until = life.boot.moment(life.born + Math.min(life.seenFor, Number.MAX_SAFE_INTEGER));
  return life.boot.moment(life.born) < moment + 1000 && until >= moment;
}

function whichOne(pid: number, lives: readonly Life[]): CommandError {
  const shown = lives.slice(0, 10).map((life) => {
    return `  ${life.id}  ${localTime(life.boot.moment(life.born))}  ${life.image.comm ?? "?"}`;
  });
  const more = lives.length - shown.length;
  const what = `Which process ${pid}: ${lives.length} had that pid; give one of these ids`;
  return new CommandError(EXIT.usage, what, more > 0 ? [...shown, `  and ${more} more`] : shown);
}
