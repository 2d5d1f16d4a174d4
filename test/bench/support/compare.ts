/**
 * Holds what a tool printed against what was started.
 *
 * @module
 */
import type { Seen } from "./seen.ts";
import type { Task } from "./truth.ts";

/** How much of one phase of a load a tool saw. */
export interface Catch {
  /** Processes started; threads are not counted. */
  readonly tasks: number;
  /** Of these, with a program of their own. */
  readonly programs: number;
  forks: number;
  /** Forks with the right parent. */
  parents: number;
  execs: number;
  /** Execs with exactly the words of the command. */
  argvs: number;
  exits: number;
  /** Exits with exactly the wait status. */
  statuses: number;
  /** Exits with another wait status than the true one. */
  wrongStatuses: number;
  /** Things told more often than they happened. */
  doubles: number;
}

/** What a tool saw of a load. */
export interface Comparison {
  readonly phases: readonly Catch[];
  readonly total: Catch;
  /** Losses the tool itself reported, by reason. */
  readonly lost: Readonly<Record<string, number>>;
}

interface Expected {
  readonly task: Task;
  forked: number;
  executed: number;
  exited: number;
}

/** Compares; `told` comes in the order the tool printed it. */
export function compare(tasks: readonly Task[], told: Iterable<Seen>): Comparison {
  const book = new Book(tasks);
  for (const seen of told) book.enter(seen);
  return book.close();
}

class Book {
  readonly #phases: Catch[] = [];
  /** In order of their start; a pid may come round again. */
  readonly #byPid = new Map<number, Expected[]>();
  readonly #byArgv = new Map<string, Expected>();
  readonly #lost: Record<string, number> = {};

  constructor(tasks: readonly Task[]) {
    for (const task of [...tasks].sort((a, b) => a.start - b.start)) {
      while (this.#phases.length <= task.phase) {
        this.#phases.push(emptyCatch(tasks, this.#phases.length));
      }
      if (task.kind === "thread") continue;
      const expected = { task, forked: 0, executed: 0, exited: 0 };
      const same = this.#byPid.get(task.pid);
      if (same === undefined) this.#byPid.set(task.pid, [expected]);
      else same.push(expected);
      if (task.argv !== null) this.#byArgv.set(task.argv, expected);
    }
  }

  enter(seen: Seen): void {
    if (seen.kind === "gap") {
      this.#lost[seen.reason] = (this.#lost[seen.reason] ?? 0) + seen.lost;
      return;
    }
    const same = this.#byPid.get(seen.pid)?.filter(({ task }) =>
      seen.ppid === null || seen.ppid === task.ppid
    );
    if (seen.kind === "fork") this.#fork(seen, same);
    else if (seen.kind === "exec") this.#exec(seen, same);
    else this.#exit(seen, same);
  }

  close(): Comparison {
    const total = emptyCatch([], 0);
    const sum: Record<string, number> = { ...total };
    for (const phase of this.#phases) {
      for (const [name, value] of Object.entries(phase)) sum[name] = (sum[name] ?? 0) + value;
    }
    return { phases: this.#phases, total: { ...total, ...sum }, lost: this.#lost };
  }

  #fork(seen: Seen, same: Expected[] | undefined): void {
    const expected = same?.find((one) => one.forked === 0) ?? same?.at(-1);
    if (expected === undefined) return;
    const before = expected.forked++;
    this.#count(expected, before, "forks");
    const phase = this.#phases[expected.task.phase];
    if (seen.ppid !== null && before === 0 && phase !== undefined) phase.parents++;
  }

  #exec(seen: Seen, same: Expected[] | undefined): void {
    const right = seen.argv === null ? undefined : this.#byArgv.get(seen.argv);
    const programs = same?.filter((one) => one.task.argv !== null);
    const expected = right ?? programs?.find((one) => one.executed === 0) ?? programs?.at(-1);
    if (expected === undefined) return;
    const before = expected.executed++;
    this.#count(expected, before, "execs");
    const phase = this.#phases[expected.task.phase];
    if (right !== undefined && before === 0 && phase !== undefined) phase.argvs++;
  }

  #exit(seen: Seen, same: Expected[] | undefined): void {
    const expected = same?.find((one) => one.exited === 0) ?? same?.at(-1);
    if (expected === undefined) return;
    const before = expected.exited++;
    this.#count(expected, before, "exits");
    const phase = this.#phases[expected.task.phase];
    if (before > 0 || seen.status === null || phase === undefined) return;
    if (seen.status === expected.task.status) phase.statuses++;
    else phase.wrongStatuses++;
  }

  #count(expected: Expected, before: number, what: "forks" | "execs" | "exits"): void {
    const phase = this.#phases[expected.task.phase];
    if (phase === undefined) return;
    if (before === 0) phase[what]++;
    else phase.doubles++;
  }
}

function emptyCatch(tasks: readonly Task[], phase: number): Catch {
  const processes = tasks.filter((task) => task.phase === phase && task.kind !== "thread");
  return {
    tasks: processes.length,
    programs: processes.filter((task) => task.argv !== null).length,
    forks: 0,
    parents: 0,
    execs: 0,
    argvs: 0,
    exits: 0,
    statuses: 0,
    wrongStatuses: 0,
    doubles: 0,
  };
}
