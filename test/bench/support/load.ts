/**
 * Runs test/programs/load.c and other programs that do something to be seen.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "../../support/programs.ts";
import type { Bench } from "./bench.ts";
import { kill, undoAtEnd } from "./cleanup.ts";
import { exited } from "./run.ts";
import { sum } from "./stats.ts";
import { type LoadOutput, parseLoadOutput, parseTruth, type Task } from "./truth.ts";

/** A load that has run. */
export interface Load extends LoadOutput {
  readonly tasks: readonly Task[];
  /** Of all phases together. */
  readonly seconds: number;
}

/** Runs phases in the notation of load.c, one after the other. */
export async function runLoad(bench: Bench, phases: readonly string[], seed = 1): Promise<Load> {
  const truth = join(bench.folder, `truth-${performance.now()}`);
  const args = ["--seed", `${seed}`, "--truth", truth];
  const child = spawn(
    program("load") ?? "",
    [...args, ...phases.flatMap((phase) => ["--phase", phase])],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const done = undoAtEnd(() => kill(child.pid ?? 0, "SIGKILL"));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
  await new Promise((resolve) => child.once("close", resolve));
  if (child.exitCode !== 0) throw new Error(`Load ended with status ${child.exitCode}`);
  done();
  const output = parseLoadOutput(text);
  const tasks = parseTruth(readFileSync(truth, "utf8"));
  rmSync(truth);
  return { ...output, tasks, seconds: sum(output.phases.map((phase) => phase.seconds)) };
}

/** Runs phases alone: nothing of what they did is read. */
export async function runPhases(phases: readonly string[]): Promise<void> {
  const args = phases.flatMap((phase) => ["--phase", phase]);
  const child = spawn(program("load") ?? "", args, { stdio: ["ignore", "ignore", "inherit"] });
  const done = undoAtEnd(() => kill(child.pid ?? 0, "SIGKILL"));
  await exited(child);
  if (child.exitCode !== 0) throw new Error(`Load ended with status ${child.exitCode}`);
  done();
}

/** Processes that sleep until they are ended. */
export interface Sleepers {
  readonly parent: number;
  readonly pids: readonly number[];
  /** Ends them all and waits for it. */
  end(): Promise<void>;
}

const SLEEP_MS = 3_600_000;
const END_MS = 10_000;

/** Starts `count` processes that sleep, children of one parent. */
export async function startSleepers(count: number): Promise<Sleepers> {
  const child = spawn(program("cases") ?? "", ["sleepers", `${count}`, `${SLEEP_MS}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const done = undoAtEnd(() => kill(child.pid ?? 0, "SIGKILL"));
  const text = await outputUntil(child, /^ready=/m);
  const pids = [...text.matchAll(/^pid=(\d+)/gm)].map((match) => Number(match[1]));
  const end = async () => {
    done();
    await exited(child);
    const until = Date.now() + END_MS;
    while (pids.some(alive) && Date.now() < until) await sleep(20);
  };
  return { parent: child.pid ?? 0, pids, end };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function outputUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (pattern.test(text)) resolve(text);
    });
    child.once("exit", () => reject(new Error(`Program ended before it printed ${pattern}`)));
  });
}
