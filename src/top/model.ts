/**
 * Who costs, who forks and who fails: sums of what lives, and of what began and ended since the
 * last look.
 *
 * The CPU of the living is utime and stime of /proc/PID/stat: those count all threads of a process,
 * where schedstat has the leader's alone, and a tick of 10 ms is 1 % of a second. What was idle for
 * {@linkcode IDLE_LOOKS} looks is read at every {@linkcode IDLE_EVERY}th only, each at another one:
 * that it works again is seen three looks later at most. The CPU of what has ended is its account.
 *
 * @module
 */
import type { Change } from "../model/change.ts";
import type { Process } from "../model/process.ts";
import type { TopKey } from "./columns.ts";
import { climb, type Group, Sum, type TopRow } from "./row.ts";

/** Looks without CPU after which a process is looked at less often. */
export const IDLE_LOOKS = 3;
/** At each how many looks that is. */
export const IDLE_EVERY = 4;
/** Ends and starts of one interval that are kept; what is beyond is counted alone. */
export const CHANGES_MAX = 65_536;
/** Rows of what has ended that are kept at most. */
export const ENDED_MAX = 1000;
const ENDED_NS = 10e9;
/** An account comes so much later than the end: until then the end waits for the next look. */
const ACCOUNT_NS = 0.25e9;
/** An end that comes sooner after the start is that of a short life. */
const SHORT_NS = 1e9;
const SECOND_NS = 1e9;

/** A process as a look has found it. */
export interface Used {
  /** CPU since its start, of all its threads, nanoseconds. */
  readonly cpuNs: number;
  /** Resident memory, bytes. */
  readonly bytes: number;
}

/** What a row is by. */
export interface TopWorld {
  /** Whether a process is one of those that are asked for. */
  concerns(process: Process): boolean;
  /** Reads a living process; null when it is gone or hidden. */
  read(process: Process): Used | null;
  /** The values of a key other than subtree; empty where the process has none. */
  valuesOf(process: Process, key: Exclude<TopKey, "subtree">): readonly string[];
  /** Whether it is told what a process has cost, soon after its end. */
  readonly isAccounted: boolean;
  /** Whether an end is a failure. */
  isFailure(status: number | null): boolean;
}

interface Seen {
  cpuNs: number;
  bytes: number;
  /** Share of a CPU at the last look. */
  share: number;
  /** Nanoseconds since boot. */
  at: number;
  idle: number;
}

interface End {
  readonly process: Process;
  /** CPU that is in earlier shares already; null: not known. */
  readonly before: number | null;
}

/** The sums. */
export class TopModel {
  readonly #world: TopWorld;
  readonly #seen = new Map<Process, Seen>();
  #begun: Process[] = [];
  #ended: End[] = [];
  #rows = new Map<Group, TopRow>();
  #key: TopKey;
  #at: number;
  #looks = 0;
  #since: number;
  /** Starts and ends that were too many to be told apart, all in all. */
  dropped = 0;
  /** Ends before the last look of which nobody says what they have cost. */
  unaccounted = 0;
  /** Living processes that could not be read at the last two looks. */
  hidden = 0;
  /** Those of the last look: they may have ended, and that is still to be told. */
  #unread = new Set<Process>();
  #unreadBefore: ReadonlySet<Process> = new Set();

  /** `now` is nanoseconds since boot, as everywhere here. */
  constructor(world: TopWorld, key: TopKey, now: number) {
    this.#world = world;
    this.#key = key;
    this.#at = this.#since = now;
  }

  /** What the rows are by. */
  get key(): TopKey {
    return this.#key;
  }

  /** Rows by another key: their last minute begins anew. */
  set key(key: TopKey) {
    if (key === this.#key) return;
    this.#key = key;
    this.#rows.clear();
  }

  /** Takes note of a change. */
  note({ kind, process }: Pick<Change, "kind" | "process">): void {
    if (process === null || (kind !== "fork" && kind !== "exit")) return;
    if (kind === "exit" && !this.#world.concerns(process)) {
      this.#seen.delete(process);
      return;
    }
    const kept = kind === "fork" ? this.#begun : this.#ended;
    if (kept.length >= CHANGES_MAX) {
      this.dropped++;
      if (kind === "exit") this.#seen.delete(process);
      return;
    }
    if (kind === "fork") {
      this.#begun.push(process);
      return;
    }
    const isNew = process.start !== null && process.start >= this.#since;
    const before = this.#seen.get(process)?.cpuNs ?? (isNew ? 0 : null);
    this.#ended.push({ process, before });
    this.#seen.delete(process);
  }

  /** Looks at the living; the rows are those of the time since the last look. */
  look(processes: Iterable<Process>, now: number): readonly TopRow[] {
    const living: Process[] = [];
    this.hidden = 0;
    this.#unreadBefore = this.#unread;
    this.#unread = new Set();
    this.#looks++;
    for (const process of processes) {
      if (!process.alive || !this.#world.concerns(process)) continue;
      living.push(process);
      this.#lookAt(process, now);
    }
    // One whose end nobody has told.
    if (this.#seen.size > living.length) {
      for (const process of this.#seen.keys()) if (!process.alive) this.#seen.delete(process);
    }
    const sums = this.#sums(living, now, Math.max(1, now - this.#at));
    this.#at = now;
    this.#begun = [];
    return this.#update(sums, now);
  }

  #lookAt(process: Process, now: number): void {
    const before = this.#seen.get(process);
    const turn = (this.#looks + process.pid) % IDLE_EVERY === 0;
    if (before !== undefined && before.idle >= IDLE_LOOKS && !turn) return;
    const used = this.#world.read(process);
    if (used === null) {
      this.#unread.add(process);
      if (this.#unreadBefore.has(process)) this.hidden++;
      return;
    }
    if (before === undefined) {
      const isNew = process.start !== null && process.start >= this.#since;
      const ns = Math.max(1, now - Math.max(this.#at, process.start ?? 0));
      const share = isNew ? used.cpuNs / ns : 0;
      this.#seen.set(process, { ...used, share, at: now, idle: 0 });
      return;
    }
    const ns = Math.max(0, used.cpuNs - before.cpuNs);
    before.share = ns / Math.max(1, now - before.at);
    before.idle = ns === 0 ? before.idle + 1 : 0;
    before.cpuNs = used.cpuNs;
    before.bytes = used.bytes;
    before.at = now;
  }

  /** Ends to be counted now; those that wait for their accounts stay. */
  #ends(now: number): readonly End[] {
    const ends = this.#ended;
    const waits = ({ process: { accounted, end } }: End) =>
      this.#world.isAccounted && !accounted && end !== null && now - end < ACCOUNT_NS;
    this.#ended = ends.filter(waits);
    return this.#ended.length === 0 ? ends : ends.filter((end) => !waits(end));
  }

  #sums(living: readonly Process[], now: number, ns: number): Map<Group, Sum> {
    const sums = new Map<Group, Sum>();
    const second = SECOND_NS / ns;
    for (const process of living) {
      const seen = this.#seen.get(process);
      const share = seen?.share ?? 0;
      for (const sum of this.#sumsOf(process, sums)) {
        sum.live(process, share, seen?.bytes ?? 0);
      }
    }
    for (const process of this.#begun) {
      // What it runs, and as whom, may have changed since its fork.
      if (!this.#world.concerns(process)) continue;
      for (const sum of this.#sumsOf(process, sums)) sum.started += second;
    }
    this.unaccounted = 0;
    for (const { process, before } of this.#ends(now)) {
      // Some of its threads may be accounted, and others not.
      const cpuNs = process.account?.cpuNs ?? null;
      if (!process.accounted || before === null) this.unaccounted++;
      const share = cpuNs === null || before === null ? 0 : Math.max(0, cpuNs - before) / ns;
      const isFailure = this.#world.isFailure(process.status);
      const isShort = (process.durationNs ?? Infinity) < SHORT_NS;
      for (const sum of this.#sumsOf(process, sums)) {
        sum.cpu += share;
        sum.ended++;
        if (isFailure) sum.failed += second;
        if (isShort) sum.short++;
      }
    }
    return sums;
  }

  /** What a process counts for. */
  *#sumsOf(process: Process, sums: Map<Group, Sum>): Iterable<Sum> {
    if (this.#key === "subtree") {
      for (const at of climb(process)) if (this.#world.concerns(at)) yield sumFor(at, sums);
    } else {
      const values = this.#world.valuesOf(process, this.#key);
      if (values.length === 0) yield sumFor("-", sums);
      for (const value of values) yield sumFor(value, sums);
    }
  }

  #update(sums: Map<Group, Sum>, now: number): readonly TopRow[] {
    for (const [group, sum] of sums) {
      const row = this.#rows.get(group);
      this.#rows.set(group, sum.row(group, row?.minute ?? []));
    }
    let ended = 0;
    for (const [group, row] of [...this.#rows].reverse()) {
      if (sums.has(group)) {
        if (row.living === 0) row.endedAt = now;
      } else {
        sumless(row, now);
      }
      if (row.endedAt === null) continue;
      if (now - row.endedAt > ENDED_NS || ++ended > ENDED_MAX) this.#rows.delete(group);
    }
    return [...this.#rows.values()];
  }
}

function sumFor(group: Group, sums: Map<Group, Sum>): Sum {
  let sum = sums.get(group);
  if (sum === undefined) sums.set(group, sum = new Sum());
  return sum;
}

/** Nothing of it is left. */
function sumless(row: TopRow, now: number): void {
  const minute = Sum.next(row.minute, 0);
  const nothing = { cpu: 0, memory: 0, living: 0, started: 0, failed: 0, short: null, minute };
  Object.assign(row, nothing, { endedAt: row.endedAt ?? now, process: null });
}
