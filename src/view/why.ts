/**
 * Who started a process: the answer in a sentence, then the chain.
 *
 * @module
 */
import type { Came } from "../ask/store.ts";
import type { WhyAnswer } from "../ask/why.ts";
import { leftBehind, wasLeft } from "../model/left_behind.ts";
import { exitStatus, type Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import { SHELLS } from "../model/shells.ts";
import type { Users } from "../proc/passwd.ts";
import type { Steps } from "../steps.ts";
import { displayWidth, escapeText } from "../text/escape.ts";
import { type Column, tableSteps, type TableStyle } from "../text/table.ts";
import { durationWords, exitWords } from "../text/words.ts";
import { commandText } from "./line.ts";

/** What is said about the processes of a chain. */
export interface WhyOptions {
  readonly users: Users;
  /** Local time of a moment, milliseconds since the Unix epoch. */
  timeOf(moment: number): string;
  /** How long a living process has run, nanoseconds; null when not known. */
  ageOf(process: Process): number | null;
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

function isShellBetween(process: Process): boolean {
  const { image, parent } = process;
  // A copy of itself that a shell forks is no shell of its own.
  return isShellCommand(process) && !(parent !== null && parent.image.sameProgram(image));
}

function isShellCommand({ image: { comm, argv } }: Process): boolean {
  return comm !== null && SHELLS.has(comm) && argv !== null && /^-\w*c$/.test(argv[1] ?? "");
}

/**
 * The answer in one sentence, without its end: what it is and whose, who started it and where that
 * comes from, how often it came, and what became of it.
 */
export function whySentence(answer: WhyAnswer, options: WhyOptions): string {
  const processes = answer.chain.map(({ process }) => process);
  const [process] = processes;
  const { uid } = process!;
  const whose = uid === null ? "" : ` of ${options.users.name(uid) ?? uid}`;
  const { origin, came } = answer;
  const host = process!.boot.host == null ? "" : ` on ${process!.boot.host}`;
  return escapeText([
    `${nameOf(process!.image) ?? "?"} (${process!.pid})${whose}${host}${starterWords(processes)}` +
    (origin === null ? "" : `: ${origin.text}`),
    ...came === null || came.times < 2 ? [] : [cameWords(came, options)],
    fateWords(process!, options),
  ].join("; "));
}

/** The nearest above that runs another program and is no mere shell in between. */
function starterWords(chain: readonly Process[]): string {
  const [process] = chain;
  const at = chain.findIndex((one, i) => {
    return i > 0 && !one.image.sameProgram(process!.image) && !isShellCommand(one);
  });
  const starter = chain[at];
  // The first process, and what starts the kernel's threads, are nobody's answer.
  if (starter === undefined || starter.pid === 1 || starter.kernel) return "";
  const gone = starter.alive ? "" : ", which has ended";
  return `, started by ${nameOf(starter.image) ?? "?"} (${starter.pid}${gone})`;
}

function cameWords({ times, isAll, failed, since, everyMs }: Came, options: WhyOptions): string {
  const often = isAll ? `${times} times` : `more than ${times} times`;
  const every = everyMs === null ? "" : `, about every ${durationWords(everyMs * 1e6)}`;
  const bad = failed === 0 ? "" : `, ${failed === times ? "all" : failed} failed`;
  return `${often} since ${options.timeOf(since)}${every}${bad}`;
}

function fateWords(process: Process, { timeOf, ageOf }: WhyOptions): string {
  if (process.alive) {
    const age = ageOf(process);
    return age === null ? "it runs" : `it runs for ${durationWords(age)}`;
  }
  if (process.state === "unknown") return "it ended while nobody recorded";
  const { end, durationNs, status, boot } = process;
  const words = exitWords(exitStatus(status));
  if (end === null) return `it is a zombie, ${words}`;
  const moment = boot.moment(end);
  const when = moment === null ? "" : ` at ${timeOf(moment)}`;
  const after = durationNs === null ? "" : ` after ${durationWords(durationNs)}`;
  return `it ended with ${words}${when}${after}`;
}

/** A row of a chain. */
interface Row {
  readonly process: Process;
  readonly command: string;
}

/**
 * The chain as a table, from the process itself upwards, and lines of what is remarkable. Each
 * line comes with its process; null for the heading.
 */
export function* whyLines(
  { chain }: WhyAnswer,
  options: WhyOptions,
  style: TableStyle,
): Steps<(readonly [line: string, process: Process | null])[]> {
  const rows = chain.map(({ process }): Row => ({ process, command: commandText(process.image) }));
  const columns: Column<Row>[] = [
    ["PID", ({ process }) => process.pid, true],
    ["USER", ({ process: { uid } }) => uid === null ? "?" : options.users.name(uid) ?? uid],
    ["STARTED", ({ process }) => startText(process, options)],
    ["DURATION", ({ process }) => durationText(process, options), true],
    ["STATUS", ({ process }) => statusText(process)],
    ["COMMAND", ({ command }) => command],
  ];
  const lines = yield* tableSteps(rows, columns, style);
  const told: (readonly [string, Process | null])[] = [[lines[0]!, null]];
  const pidCells = chain.reduce((most, { process }) => {
    return Math.max(most, String(process.pid).length);
  }, "PID".length);
  for (const [i, { process, child }] of chain.entries()) {
    const line = lines[i + 1]!;
    const notes = [...forkNotes(process), ...linkNotes(process, child)].map(escapeText).join("; ");
    // What does not fit beside a command stands below.
    const isBeside = displayWidth(`${line}  # ${notes}`) <= style.width;
    if (notes === "") told.push([line, process]);
    else if (isBeside) told.push([`${line}  # ${notes}`, process]);
    else told.push([line, process], [`${" ".repeat(pidCells)}  # ${notes}`, process]);
  }
  return told;
}

function forkNotes({ parent, ppid, moreAbove }: Process): string[] {
  if (parent !== null || ppid === null || ppid <= 0) return [];
  return [moreAbove ? `forked by ${ppid}` : `forked by ${ppid}, of which nothing is known`];
}

function startText({ start, boot }: Process, { timeOf }: WhyOptions): string {
  const moment = start === null ? null : boot.moment(start);
  return moment === null ? "?" : timeOf(moment);
}

function durationText(process: Process, { ageOf }: WhyOptions): string {
  const ns = process.alive ? ageOf(process) : process.durationNs;
  return ns === null ? "?" : durationWords(ns);
}

function statusText(process: Process): string {
  if (process.alive) return "running";
  if (process.state === "unknown") return "unseen";
  const words = exitWords(exitStatus(process.status));
  return process.end === null ? "zombie" : words;
}
