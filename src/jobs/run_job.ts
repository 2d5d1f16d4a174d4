/**
 * A job: processes that belong together by birth, and what they have cost. Pure.
 *
 * @module
 */
import { Account, type TaskFigures } from "../model/account.ts";
import { decodeText, type Image } from "../model/image.ts";
import type { Change } from "../model/machine.ts";
import { type Failure, failureOf, FailuresBelow, type Program, wayOf } from "../model/passed_on.ts";
import type { Process } from "../model/process.ts";
import { JobTimes, type PathStep } from "./job_times.ts";
import { OTHER_NAMES } from "./kept_job.ts";

/** Failed processes that are remembered with their command lines: the last so many. */
const FAILED_MAX = 100;
/** Processes that are remembered as the slowest. */
const SLOWEST_MAX = 20;
/** Who has passed a failure on is remembered so far up. */
const PASSED_MAX = 16;
/** Names that have a sum of their own; all others have one together. */
const TOTALS_MAX = 10_000;

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
  /** What has failed below it; null as long as it has had no child, and when it has ended. */
  below: FailuresBelow<Cause> | null;
}

/** Where a failure began. */
interface Cause {
  readonly ended: EndedProcess;
  /** What those ran that have passed it on, the nearest first. */
  readonly passedBy: readonly Image[];
}

/** Members by birth, and sums over them. */
export class Job {
  /** When the first process was forked, or met, nanoseconds since boot; null before. */
  start: number | null = null;
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
  /** The failed ones, the last so many, in the order of their ends. */
  readonly failures: EndedProcess[] = [];
  /**
   * Whose failure the first process has passed on, the deepest of its line; itself where that began
   * it (src/model/passed_on.ts), null where it has not failed.
   */
  cause: EndedProcess | null = null;
  /** What those ran that have passed it on, the nearest first, up to 16. */
  causePassedBy: readonly Image[] = [];
  /** Those that lived longest, longest first. */
  readonly slowest: EndedProcess[] = [];
  readonly #root: number;
  readonly #reaper: number | null;
  readonly #members = new WeakMap<Process, Member>();
  readonly #totals = new Map<string, CommandTotal>();
  /** Members that have not ended. */
  readonly living: Set<Process> = new Set();
  readonly #times = new JobTimes();

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

  /**
   * Sums by name, all beyond a number in one; the one that took most CPU time first, or most time
   * where that is not known.
   */
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
    this.start ??= process.start ?? time;
    if (above !== undefined) (above.below ??= new FailuresBelow()).begin();
    this.living.add(process);
    const index = this.#times.begin(process, process.start ?? time, above?.index ?? -1);
    const member = {
      index,
      account: new Account(),
      accounted: false,
      ended: false,
      total: null,
      below: null,
    };
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
    this.#times.end(member.index, process);
    const ended = { pid, image, status, start: process.start ?? 0, durationNs: durationNs ?? 0 };
    const isFailed = status !== null && status !== 0;
    const total = member.total = this.#totalOf(image);
    total.count++;
    total.elapsedNs += ended.durationNs;
    total.account.add(member.account);
    if (isFailed) {
      this.failed++;
      total.failed++;
      this.failures.push(ended);
      if (this.failures.length > FAILED_MAX) this.failures.shift();
    }
    this.#passOn(process, member, ended);
    if (member.accounted) this.#countAccounted(member);
    this.#addSlow(ended);
  }

  /** Takes note of where its failure began, and hands that on to its parent. */
  #passOn(process: Process, member: Member, ended: EndedProcess): void {
    const { status } = ended;
    const { below } = member;
    member.below = null;
    const time = process.end ?? 0;
    const failure = status === null || status === 0 ? null : failureOf(status, time);
    const cause = failure === null ? null : causeOf(process, ended, failure, below);
    if (member.index === 0) {
      [this.cause, this.causePassedBy] = [cause?.ended ?? null, cause?.passedBy ?? []];
    }
    const above = process.parent === null ? undefined : this.#members.get(process.parent);
    if (above === undefined || above.ended) return;
    above.below ??= new FailuresBelow();
    if (failure === null) above.below.end(time, status === 0);
    else above.below.fail(failure, cause!);
  }

  /** An exec after what looked like the end: another thread lives on as the process. */
  #revive(process: Process, member: Member): void {
    if (!process.alive) {
      this.#times.runs(member.index, process);
      return;
    }
    member.ended = false;
    this.#times.revive(member.index, process);
    this.ended--;
    this.living.add(process);
    const above = process.parent === null ? undefined : this.#members.get(process.parent);
    above?.below?.begin();
  }

  #countAccounted(member: Member): void {
    this.accounted++;
    member.total!.accounted++;
  }

  #totalOf({ parts }: Image): CommandTotal {
    let name = parts.comm === null ? "?" : decodeText(parts.comm);
    if (this.#totals.size >= TOTALS_MAX && !this.#totals.has(name)) name = OTHER_NAMES;
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

/** Where the failure of a process began: below it, or with itself. */
function causeOf(
  process: Process,
  ended: EndedProcess,
  failure: Failure,
  below: FailuresBelow<Cause> | null,
): Cause {
  const from = below?.passedOn(failure, wayOf(programOf(process), programsAbove(process))) ?? null;
  if (from === null) return { ended, passedBy: [] };
  const passedBy = [...from.passedBy, process.image].slice(0, PASSED_MAX);
  return { ended: from.ended, passedBy };
}

function programOf({ image: { comm, program: exe, argv } }: Process): Program {
  return { comm, exe, argv };
}

function* programsAbove({ parent }: Process): Generator<Program> {
  for (let at = parent; at !== null; at = at.parent) yield programOf(at);
}
