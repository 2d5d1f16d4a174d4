/**
 * The chain of who started a process, in words.
 *
 * @module
 */
import { leftBehind, wasLeft } from "../model/left_behind.ts";
import { exitStatus, type Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import { displayWidth, escapeText, fitWidth } from "../text/escape.ts";
import { durationWords, exitWords } from "../text/words.ts";
import { commandText } from "./line.ts";

/** What happened matters more than how it was called, but so much of that is shown. */
const COMMAND_CELLS_MIN = 24;
const SHELLS: ReadonlySet<string> = new Set(
  ["sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "ash", "csh", "tcsh", "busybox"],
);

/** What is said about one process of a chain. */
export interface WhyOptions {
  readonly users: Users;
  /** Cells of a line; Infinity where lines need not be cut. */
  readonly width: number;
  /** Local time of a time since boot of that process. */
  timeOf(process: Process, ns: number): string;
  /** How long a living process has run, nanoseconds; null when not known. */
  ageOf(process: Process): number | null;
  /** Whether it has ancestors that are not followed. */
  isCut(process: Process): boolean;
}

/** What is remarkable about a link of a chain, as words. */
export function linkNotes(process: Process, child: Process | null): string[] {
  const notes: string[] = [];
  const { parent, reaper, image } = process;
  if (parent !== null && leftBehind(process, parent)) {
    const after = durationWords(Math.max(0, parent.end! - process.start!));
    const how = isDoubleFork(process, parent) ? "left by a double fork" : "orphaned";
    const by = reaper === null ? "" : `, adopted by ${reaper}`;
    notes.push(`${how}: ${parent.pid} ended ${after} later${by}`);
  } else if (reaper !== null && reaper !== parent?.pid) {
    notes.push(`adopted by ${reaper}`);
  }
  if (child !== null && isShellBetween(process)) notes.push("a shell in between");
  if (image.comm === "sudo" || image.comm === "su") notes.push("changes the user");
  return notes;
}

/** daemon(3): a parent without a program of its own that ends at once. */
function isDoubleFork(process: Process, parent: Process): boolean {
  const ownProgram = parent.parent !== null && !parent.parent.image.sameProgram(parent.image);
  return !ownProgram && wasLeft(process, parent);
}

function isShellBetween({ image, parent }: Process): boolean {
  const { comm, argv } = image;
  // A copy of itself that a shell forks is no shell of its own.
  if (parent !== null && parent.image.sameProgram(image)) return false;
  return comm !== null && SHELLS.has(comm) && argv !== null && /^-\w*c$/.test(argv[1] ?? "");
}

/** One line for each process of a chain, from the process itself upwards. */
export function whyLines(chain: readonly Process[], options: WhyOptions): string[] {
  const width = chain.reduce((most, { pid }) => Math.max(most, String(pid).length), 0);
  return chain.map((process, index) => {
    const pid = String(process.pid).padStart(width);
    const child = index === 0 ? null : chain[index - 1]!;
    const told = [startText(process, chain[index + 1] ?? null, options), endText(process, options)];
    const words = [...told, ...linkNotes(process, child)].filter((text) => text !== "");
    const note = `  # ${words.join("; ")}`;
    const room = options.width - width - 1 - displayWidth(note);
    const command = commandText(process.image);
    const fitted = fitWidth(command, Math.max(COMMAND_CELLS_MIN, room));
    return `${pid} ${options.width === Infinity ? command : fitted}${note}`;
  });
}

function startText(process: Process, above: Process | null, options: WhyOptions): string {
  const when = process.start === null
    ? "start not known"
    : `started ${options.timeOf(process, process.start)}`;
  const { uid } = process;
  const user = uid === null || uid === (above?.uid ?? 0)
    ? ""
    : ` as ${escapeText(options.users.name(uid) ?? String(uid))}`;
  const missing = process.parent === null && process.ppid !== null && process.ppid > 0;
  if (missing && options.isCut(process)) return `${when}${user} by ${process.ppid}`;
  return missing ? `${when}${user} by ${process.ppid}, of which nothing is known` : when + user;
}

function endText(process: Process, options: WhyOptions): string {
  if (process.alive) {
    const age = options.ageOf(process);
    return age === null ? "runs" : `runs for ${durationWords(age)}`;
  }
  if (process.state === "unknown") return "ended while nobody recorded";
  const words = exitWords(exitStatus(process.status));
  const { durationNs } = process;
  const after = durationNs === null ? "" : ` after ${durationWords(durationNs)}`;
  return process.end === null ? `zombie, ${words}` : `${words}${after}`;
}
