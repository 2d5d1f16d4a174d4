/**
 * A job: processes that belong together by birth, and what they have cost. Pure.
 *
 * @module
 */
import { Account, type TaskFigures } from "./account.ts";
import { decodeText, type Image } from "./image.ts";
import type { Change } from "./machine.ts";
import type { Process } from "./process.ts";

/** Failed processes that are remembered with their command lines. */
const FAILED_MAX = 100;
/** Processes that are remembered as the slowest. */
const SLOWEST_MAX = 20;
/** Processes whose times are remembered, for the critical path: 24 bytes each. */
const TIMES_MAX = 1_000_000;

/** What processes of one name have cost. */
export interface CommandTotal {
  readonly name: string;
  /** Processes that have ended with this name. */
  count: number;
  failed: number;
  /** Sum of their life times, nanoseconds. */
  elapsedNs: number;
  /** Those whose account is known. */
  accounted: number;
  readonly account: Account;
}

/** A process of a job that has ended. */
export interface EndedProcess {
  readonly pid: number;
  readonly image: Image;
  /** Wait status; null when not known. */
  readonly status: number | null;
  /** Nanoseconds since boot. */
  readonly start: number;
  readonly durationNs: number;
}

/** What is known of one member while it lives, and a little longer. */
interface Member {
  /** Its place in the times. */
  readonly index: number;
  readonly account: Account;
  accounted: boolean;
  ended: boolean;
  total: CommandTotal | null;
}

/** Members by birth, and sums over them. */
export class Job {
  /** Processes that were started in it, the first one included. */
  started = 0;
  ended = 0;
  failed = 0;
  /** Processes that have ended and whose account is known. */
  accounted = 0;
  /** Events that the source has lost: members among them are not known. */
  lost = 0;
  /** Of all accounts that are known. */
  readonly account: Account = new Account();
  /** The failed ones, the first so many. */
  readonly failures: EndedProcess[] = [];
  /** Those that lived longest, longest first. */
  readonly slowest: EndedProcess[] = [];
  readonly #root: number;
  readonly #reaper: number | null;
  readonly #members = new WeakMap<Process, Member>();
  readonly #totals = new Map<string, CommandTotal>();
  /** Members that have not ended. */
  readonly living: Set<Process> = new Set();
  readonly #times = new Times(TIMES_MAX);

  /**
   * `root` is the pid of the first process, which is met with the first change about it; `reaper`
   * that of a process whose children all belong to the job: orphans that a source has seen too
   * late to know whose they were.
   */
  constructor(root: number, reaper: number | null = null) {
    this.#root = root;
    this.#reaper = reaper;
  }

  /** Takes note of a change; whether it is about a member. */
  note(change: Change): boolean {
    const { process, kind } = change;
    if (process === null) {
      if (change.a > 0) this.lost += change.a;
      return true;
    }
    const member = this.#members.get(process) ?? this.#join(process, change.time);
    if (member === null) return false;
    if (kind === "exit") this.#end(process, member);
    else if (member.ended) this.#revive(process, member);
    return true;
  }

  /** Takes note of what a task has cost. */
  noteAccount(process: Process, figures: TaskFigures, last: boolean): void {
    const member = this.#members.get(process);
    if (member === undefined) return;
    const before = member.accounted;
    const one = new Account();
    one.addTask(figures);
    member.account.add(one);
    this.account.add(one);
    member.total?.account.add(one);
    if (!last || before) return;
    member.accounted = true;
    if (member.ended) this.#countAccounted(member);
  }

  /** Sums by name, the one that took most CPU time first, or most time where that is not known. */
  commands(): CommandTotal[] {
    return [...this.#totals.values()].sort((a, b) =>
      b.account.cpuNs - a.account.cpuNs || b.elapsedNs - a.elapsedNs || b.count - a.count
    );
  }

  /** What the end of the job waited for, from the beginning on; see {@linkcode PathStep}. */
  criticalPath(): PathStep[] {
    return this.#times.criticalPath();
  }

  #join(process: Process, time: number): Member | null {
    const above = process.parent === null ? undefined : this.#members.get(process.parent);
    if (above === undefined && !this.#isFirst(process)) return null;
    this.started++;
    this.living.add(process);
    const index = this.#times.begin(process, process.start ?? time, above?.index ?? -1);
    const member = { index, account: new Account(), accounted: false, ended: false, total: null };
    this.#members.set(process, member);
    return member;
  }

  /** Whether it belongs to the job, though no parent of it is known to. */
  #isFirst({ pid, ppid }: Process): boolean {
    return (pid === this.#root && this.started === 0) || (ppid !== null && ppid === this.#reaper);
  }

  #end(process: Process, member: Member): void {
    if (member.ended) return;
    member.ended = true;
    this.ended++;
    this.living.delete(process);
    const { pid, image, status, durationNs } = process;
    this.#times.end(member.index, process.end ?? 0);
    const ended = { pid, image, status, start: process.start ?? 0, durationNs: durationNs ?? 0 };
    const isFailed = status !== null && status !== 0;
    const total = member.total = this.#totalOf(image);
    total.count++;
    total.elapsedNs += ended.durationNs;
    total.account.add(member.account);
    if (isFailed) {
      this.failed++;
      total.failed++;
      if (this.failures.length < FAILED_MAX) this.failures.push(ended);
    }
    if (member.accounted) this.#countAccounted(member);
    this.#addSlow(ended);
  }

  /** An exec after what looked like the end: another thread lives on as the process. */
  #revive(process: Process, member: Member): void {
    if (!process.alive) return;
    member.ended = false;
    this.ended--;
    this.living.add(process);
  }

  #countAccounted(member: Member): void {
    this.accounted++;
    member.total!.accounted++;
  }

  #totalOf({ parts }: Image): CommandTotal {
    const name = parts.comm === null ? "?" : decodeText(parts.comm);
    let total = this.#totals.get(name);
    if (total === undefined) {
      total = { name, count: 0, failed: 0, elapsedNs: 0, accounted: 0, account: new Account() };
      this.#totals.set(name, total);
    }
    return total;
  }

  #addSlow(ended: EndedProcess): void {
    const { slowest } = this;
    const last = slowest.at(-1);
    if (slowest.length >= SLOWEST_MAX && ended.durationNs <= last!.durationNs) return;
    const at = slowest.findIndex(({ durationNs }) => durationNs < ended.durationNs);
    slowest.splice(at < 0 ? slowest.length : at, 0, ended);
    slowest.length = Math.min(slowest.length, SLOWEST_MAX);
  }
}

/** A stretch of time in which one process was what all the others waited for. */
export interface PathStep {
  readonly pid: number;
  readonly image: Image;
  /** Nanoseconds since boot, of the stretch. */
  readonly from: number;
  readonly to: number;
  /** How far below the first process it is. */
  readonly depth: number;
}

/** When members began and ended, in few bytes. */
class Times {
  readonly #limit: number;
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #parents = new Int32Array(1024);
  #pids = new Int32Array(1024);
  #processes: Process[] = [];
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The place of a new one; -1 when there is no room. */
  begin(process: Process, start: number, parent: number): number {
    if (this.#count >= this.#limit) return -1;
    if (this.#count === this.#starts.length) this.#grow();
    const index = this.#count++;
    this.#starts[index] = start;
    this.#ends[index] = Infinity;
    this.#parents[index] = parent;
    this.#pids[index] = process.pid;
    this.#processes.push(process);
    return index;
  }

  end(index: number, end: number): void {
    if (index >= 0) this.#ends[index] = end;
  }

  /**
   * From the end backwards: within a process the child that ended last before is what it waited
   * for; before that child began, the one that ended last then; what is left is its own time.
   */
  criticalPath(): PathStep[] {
    if (this.#count === 0) return [];
    const children = this.#childrenByEnd();
    const steps: PathStep[] = [];
    const work = [{ index: 0, until: this.#ends[0]!, depth: 0 }];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const { index, depth } = at;
      let until = Math.min(at.until, this.#ends[index]!);
      if (until === Infinity) until = this.#latest();
      const start = this.#starts[index]!;
      for (const child of children.get(index) ?? []) {
        const [from, to] = [this.#starts[child]!, this.#ends[child]!];
        if (to > until || from >= until || to <= start) continue;
        this.#add(steps, index, to, until, depth);
        work.push({ index: child, until: to, depth: depth + 1 });
        until = Math.max(start, from);
      }
      this.#add(steps, index, start, until, depth);
    }
    return steps.sort((a, b) => a.from - b.from);
  }

  #add(steps: PathStep[], index: number, from: number, to: number, depth: number): void {
    if (to <= from) return;
    const process = this.#processes[index]!;
    steps.push({ pid: this.#pids[index]!, image: process.image, from, to, depth });
  }

  /** Children of each, the one that ended last first. */
  #childrenByEnd(): Map<number, number[]> {
    const children = new Map<number, number[]>();
    for (let index = 0; index < this.#count; index++) {
      const parent = this.#parents[index]!;
      if (parent < 0) continue;
      const those = children.get(parent);
      if (those === undefined) children.set(parent, [index]);
      else those.push(index);
    }
    for (const those of children.values()) those.sort((a, b) => this.#ends[b]! - this.#ends[a]!);
    return children;
  }

  #latest(): number {
    let latest = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#ends[i] !== Infinity) latest = Math.max(latest, this.#ends[i]!);
    }
    return latest;
  }

  #grow(): void {
    const room = this.#starts.length * 2;
    const starts = new Float64Array(room);
    starts.set(this.#starts);
    const ends = new Float64Array(room);
    ends.set(this.#ends);
    const parents = new Int32Array(room);
    parents.set(this.#parents);
    const pids = new Int32Array(room);
    pids.set(this.#pids);
    [this.#starts, this.#ends, this.#parents, this.#pids] = [starts, ends, parents, pids];
  }
}
