/**
 * Runs dist/fh, which `npm run build` makes.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Path of the executable. */
export const FH: string = fileURLToPath(new URL("../../dist/fh", import.meta.url));

/** How a program ended, and what it wrote. */
export interface Outcome {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and as whom a program runs; the folder, environment and user of the test by default. */
export interface Place {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

/** What others start meanwhile is in a history, too: on a busy host that is much. */
const OUTPUT_MAX = 256 << 20;

/** Runs `command` without standard input until it ends, at most 30 seconds. */
export function runProgram(command: string, args: readonly string[], place: Place = {}): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...place,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30_000,
    killSignal: "SIGKILL",
    maxBuffer: OUTPUT_MAX,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Runs the executable. */
export function runFh(args: readonly string[], place: Place = {}): Outcome {
  return runProgram(FH, args, place);
}
