/**
 * The living of /proc and the dead of a history as one family: true parents, and what has ended.
 *
 * @module
 */
import type { Boot } from "../history/boots.ts";
import type { BootSpan, History } from "../history/history.ts";
import { Life } from "../history/life.ts";
import { type Process, processId } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import { localTime } from "./local_time.ts";
import { CommandError, EXIT } from "./command.ts";
import type { Target } from "./target.ts";

/** Joins what /proc shows now with what a history knows. */
export class Kin {
  readonly #history: History;
  readonly #reader: ProcReader;
  readonly #boot: Boot | undefined;
  /** Living processes by the number of their life. */
  readonly #living = new Map<number, Process>();
  readonly #lives = new Map<Process, Life>();
  readonly #byPid = new Map<number, Process>();
  /** Those that are linked to their parents, up to the last. */
  readonly #linked = new Set<Process>();

  /**
   * `living` are processes as `reader` shows them, some or all; those that the history knows get
   * their true parents, dead or alive.
   */
  constructor(history: History, reader: ProcReader, living: readonly Process[]) {
    this.#history = history;
    this.#reader = reader;
    this.#boot = history.boot(readBootId(reader));
    for (const process of living) {
      this.#byPid.set(process.pid, process);
      const life = this.#boot === undefined ? null : history.lifeNow(this.#boot, process);
      if (life === null) continue;
      this.#living.set(life.key, process);
      this.#lives.set(process, life);
      // /proc tells it to a clock tick only.
      if (life.start !== null) process.start = life.start;
      if (process.state === "running") continue;
      // Of a zombie /proc has neither the command line nor, for all readers, the status.
      if (process.image.parts.argv === null) process.image = life.image;
      if (process.state === "exited") process.status ??= life.status;
    }
    for (const process of this.#lives.keys()) this.#link(process);
  }

  /** The process that a target names; throws CommandError when it is none, or not the only one. */
  find(target: Target): Process | null {
    const { pid, at, id } = target;
    const living = this.#byPid.get(pid);
    // A file of another host or boot is asked about what it has; its pids are not those of here.
    if (id === null && at === null && living !== undefined && this.#boot !== undefined) {
      return living;
    }
    const life = chooseLife(this.#history.byPid(pid), target);
    if (life !== null) return this.of(life);
    if (living === undefined || at !== null) return null;
    const here = readBootId(this.#reader).slice(0, 8);
    return id === null || processId(here, living) === id ? living : null;
  }

  /** The one object that stands for a life: the living process, or the life itself, linked. */
  of(life: Life): Process {
    const living = this.#living.get(life.key);
    if (living !== undefined) return living;
    this.#link(life);
    return life;
  }

  /** What the history knows of a process; null when nothing. */
  lifeOf(process: Process): Life | null {
    return process instanceof Life ? process : this.#lives.get(process) ?? null;
  }

  /** From its start to its end, or on; null where the history does not know its boot. */
  spanOf(process: Process): BootSpan | null {
    const boot = process instanceof Life ? process.boot : this.#boot;
    if (boot === undefined) return null;
    const until = process.alive ? null : process.end;
    return { boot, since: process.born, until: until ?? Number.MAX_SAFE_INTEGER };
  }

  /** What descends from a process and has ended, up to `limit`, and whether there is more. */
  deadBelow(process: Process, limit: number): { readonly dead: Process[]; readonly more: boolean } {
    const top = this.lifeOf(process);
    const dead: Process[] = [];
    const queue = new Set(top === null ? [] : [top]);
    for (const life of queue) {
      // One more than there is room for tells that there is more; the living take none.
      const most = limit - dead.length + this.#living.size + 1;
      for (const child of this.#history.children(life, most)) {
        if (queue.has(child)) continue;
        if (this.of(child) === child) {
          if (dead.length >= limit) return { dead, more: true };
          dead.push(child);
        }
        queue.add(child);
      }
    }
    return { dead, more: false };
  }

  /** The history has it open, but it may be gone: then nobody has seen its end. */
  #check(life: Life): void {
    if (life.state !== "running") return;
    const bytes = life.boot === this.#boot ? this.#reader.read(life.pid, "stat") : null;
    const stat = bytes === null ? null : parseStat(bytes);
    const there = stat !== null && Math.abs(stat.startTicks - life.startTicks) <= 1;
    if (!there) life.state = "unknown";
  }

  /** Links a process upwards; where a life is a living process, that one stands above. */
  #link(process: Process): void {
    const path = new Set<Process>();
    for (let at: Process | null = process; at !== null && !this.#linked.has(at);) {
      path.add(at);
      at = this.#linkOne(at, path);
    }
    for (const one of path) this.#linked.add(one);
  }

  /**
   * Gives a process the parent that forked it, or leaves it the one that /proc shows; none that
   * leads back to the process itself, as a file of others may have it.
   */
  #linkOne(at: Process, path: ReadonlySet<Process>): Process | null {
    if (at instanceof Life) this.#check(at);
    const key = this.lifeOf(at)?.parentKey ?? null;
    const known = key === null ? null : this.#living.get(key) ?? this.#history.lives.get(key);
    if (known !== null && !path.has(known)) {
      if (!(at instanceof Life) && at.ppid !== known.pid) at.reaper = at.ppid;
      at.ppid = known.pid;
      at.parent = known;
    } else if (at.parent !== null && path.has(at.parent)) {
      at.parent = null;
    }
    return at.parent;
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
  const exact = meant.find((life) => processId(life.boot.shortId, life) === id);
  if (exact === undefined && meant.length > 1) throw whichOne(pid, meant);
  return exact ?? meant[0] ?? null;
}

/** Whether an id is that of a life: an id made from /proc can be a tick off. */
function isNamed(life: Life, id: string): boolean {
  const [boot, pid, ticks = ""] = id.split("-");
  if (boot !== life.boot.shortId || Number(pid) !== life.pid) return false;
  if (processId(boot, life) === id) return true;
  return Math.abs(Number(ticks) - life.startTicks) <= 1;
}

function livedAt(life: Life, moment: number): boolean {
  // A time is given to the second: what lived at some time within it is meant.
  const until = life.boot.moment(life.born + Math.min(life.seenFor, Number.MAX_SAFE_INTEGER));
  return life.boot.moment(life.born) < moment + 1000 && until >= moment;
}

function whichOne(pid: number, lives: readonly Life[]): CommandError {
  const shown = lives.slice(0, 10).map((life) => {
    const id = processId(life.boot.shortId, life);
    return `  ${id}  ${localTime(life.boot.moment(life.born))}  ${life.image.comm ?? "?"}`;
  });
  const more = lives.length - shown.length;
  const what = `Which process ${pid}: ${lives.length} had that pid; give one of these ids`;
  return new CommandError(EXIT.usage, what, more > 0 ? [...shown, `  and ${more} more`] : shown);
}
