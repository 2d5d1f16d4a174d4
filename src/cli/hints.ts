/**
 * Hints for newcomers: each comes once, and never where nobody reads it.
 *
 * @module
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "./command.ts";

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
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
  return path !== null && remember(path, name, context.euid);
}

/** False where it was remembered before, or cannot be: it would come again and again. */
function remember(path: string, name: string, euid: number): boolean {
  let fd: number | null = null;
  try {
    fd = openOwn(path, euid);
    if (fd === null) return false;
    const known = readFileSync(fd, "utf8");
    if (known.split("\n").includes(name)) return false;
    writeSync(fd, `${name}\n`);
    return true;
  } catch {
    return false;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Opens the file, through no link, where the place is this user's own; else null. */
function openOwn(path: string, euid: number): number | null {
  const folder = dirname(path);
  if (ownerAbove(folder) !== euid) return null;
  mkdirSync(dirname(folder), { recursive: true });
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  const fd = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  const found = fstatSync(fd);
  if (found.isFile() && found.uid === euid && found.size <= FILE_MAX) return fd;
  closeSync(fd);
  return null;
}

/** Whose the lowest folder is that is there. */
function ownerAbove(folder: string): number {
  return existsSync(folder) ? statSync(folder).uid : ownerAbove(dirname(folder));
}
