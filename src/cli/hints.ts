/**
 * Hints for newcomers: each comes once, and never where nobody reads it.
 *
 * @module
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "./command.ts";

/** The file has a line for each hint that was told. */
const FILE_MAX = 4096;

/** Where it is remembered which were told (XDG_STATE_HOME); null where there is no such place. */
export function hintsFile({ env }: Pick<Context, "env">): string | null {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  if (state?.startsWith("/")) return join(state, "fh", "hints");
  return home?.startsWith("/") ? join(home, ".local", "state", "fh", "hints") : null;
}

/** Whether a hint is to be told: for the first time, to somebody at a terminal. */
export function isHintDue(context: Context, name: string): boolean {
  const { stdout, stderr } = context;
  if (!stdout.isTerminal || !stderr.isTerminal) return false;
  const path = hintsFile(context);
  return path !== null && remember(path, name);
}

/** False where it was remembered before, or cannot be: it would come again and again. */
function remember(path: string, name: string): boolean {
  const known = read(path);
  if (known === null || known.split("\n").includes(name)) return false;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${known}${name}\n`, { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

/** Empty where there is none; null where it is no file of ours. */
function read(path: string): string | null {
  try {
    const text = readFileSync(path, "utf8");
    return text.length <= FILE_MAX ? text : null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : null;
  }
}
