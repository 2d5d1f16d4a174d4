/**
 * What test/programs/load.c says it started.
 *
 * @module
 */

/** One task. Times are nanoseconds of CLOCK_MONOTONIC, as the parent saw them. */
export interface Task {
  readonly phase: number;
  readonly kind: string;
  readonly pid: number;
  readonly ppid: number;
  readonly start: number;
  readonly end: number;
  /** As wait(2) gives it. */
  readonly status: number;
  /** Words of its command with spaces between; null when it executed none. */
  readonly argv: string | null;
}

/** One phase of a load. */
export interface PhaseRun {
  readonly kind: string;
  readonly tasks: number;
  readonly seconds: number;
}

/** What the load prints while it runs. */
export interface LoadOutput {
  /** Pid of the load. */
  readonly pid: number;
  readonly phases: readonly PhaseRun[];
  /** Processes of the phases with `cpus=`: pid and how many tasks it started. */
  readonly workers: ReadonlyMap<number, number>;
}

/** Tasks from the file that `--truth` names. */
export function parseTruth(text: string): Task[] {
  const tasks: Task[] = [];
  for (const line of text.split("\n")) {
    const [phase, kind, pid, ppid, start, end, status, , argv] = line.split("\t");
    if (kind === undefined || argv === undefined) continue;
    tasks.push({
      phase: Number(phase),
      kind,
      pid: Number(pid),
      ppid: Number(ppid),
      start: Number(start),
      end: Number(end),
      status: Number(status),
      argv: argv === "-" ? null : argv,
    });
  }
  return tasks;
}

/** What the lines on its standard output say. */
export function parseLoadOutput(text: string): LoadOutput {
  const phases: PhaseRun[] = [];
  const workers = new Map<number, number>();
  for (const line of text.split("\n")) {
    const words = Object.fromEntries(line.split(" ").map((word) => word.split("=")));
    if (words["seconds"] !== undefined) {
      const [tasks, seconds] = [Number(words["tasks"]), Number(words["seconds"])];
      phases.push({ kind: String(words["kind"]), tasks, seconds });
    } else if (words["worker"] !== undefined) {
      workers.set(Number(words["worker"]), Number(words["tasks"]));
    }
  }
  return { pid: Number(/^load=(\d+)/.exec(text)?.[1] ?? NaN), phases, workers };
}
