/**
 * Findings as sentences for tired people, each with the command that shows more, and as JSON.
 *
 * @module
 */
import type { Notes } from "../ask/notes.ts";
import type { Finding, FindingKind } from "../detect/finding.ts";
import type { Turn } from "../detect/findings.ts";
import type { Image } from "../model/image.ts";
import { exitStatus, type Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import { SHELLS } from "../model/shells.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import type { Users } from "../proc/passwd.ts";
import { argvFields } from "../text/argv_fields.ts";
import { escapeText } from "../text/escape.ts";
import { jsonText } from "../text/json_text.ts";
import { endFields, hostFields, momentField, userFields } from "../text/process_fields.ts";
import { quoteArgv } from "../text/quote.ts";
import { WallClock } from "../text/time.ts";
import { durationWords, exitWords } from "../text/words.ts";
import { commandText } from "./line.ts";

/** How findings are told. */
export interface TroubleOptions {
  readonly users: Users;
  /** Local time of a moment, milliseconds since the Unix epoch. */
  timeOf(moment: number): string;
}

/** A name that needs no quotes, and stands for itself in a pattern. */
const PLAIN = /^[\w+.:@-]+$/;
const PERCENT = 100;
/** Characters of a name in a sentence, and of a variable of the environment. */
const NAME_MAX = 64;
const FIELD_MAX = 1024;
/** Characters of the path of a program in a sentence. */
const PROGRAM_MAX = 120;

/** A finding in one sentence, without its end. */
export function troubleSentence(finding: Finding, options: TroubleOptions): string {
  const { host } = finding.process.boot;
  return escapeText(`${host == null ? "" : `${host}: `}${WORDS[finding.kind](finding, options)}`);
}

/** The command that shows more of it. */
export function troubleCommand({ kind, process, facts, since }: Finding): string {
  const { by } = facts;
  const { host } = process.boot;
  const where = host == null ? "" : ` --host ${quoteArgv([host])}`;
  if (kind === "ship-lag") return "fh record --status";
  if (kind === "fork-storm" && by !== null && by.alive) return `fh tree${where} ${by.pid}`;
  if (kind === "fork-storm" && by !== null) return `fh why${where} ${by.id}`;
  const name = nameOf(process.image) ?? "";
  const isSeries = kind === "crash-loop" || kind === "restart-loop" || kind === "failing";
  const moment = process.boot.moment(since);
  // All that a shell runs has its name.
  const isNamed = PLAIN.test(name) && !isInline(process.image);
  if (!isSeries || !isNamed || moment === null) return `fh why${where} ${process.id}`;
  const begin = new Date(Math.floor(moment / 1000) * 1000).toISOString().replace(".000", "");
  return `fh log${where} -c ${name} --since ${begin}`;
}

const WORDS: Readonly<Record<FindingKind, (one: Finding, options: TroubleOptions) => string>> = {
  "crash-loop": (one, options) =>
    `${subject(one, options)} crashes again and again: ${times(one)} in ${span(one)}, ` +
    `${end(one)} each time${life(one)}; ${starter(one)} starts it again${every(one)}` +
    state(one, options),
  "restart-loop": (one, options) =>
    `${subject(one, options)} ends and is started again: ${times(one)} in ${span(one)}, ` +
    `${end(one)} each time${life(one)}; by ${starter(one)}${every(one)}${state(one, options)}`,
  "fork-storm": (one, options) => {
    const { by, share, rate, usual } = one.facts;
    const source = by === null
      ? "from no single place"
      : `${Math.round((share ?? 1) * PERCENT)} % below ${named(by, options)}`;
    const before = usual === null ? "" : ` where ${number(usual)} are usual`;
    return `fork storm: ${one.count} processes in ${span(one)}, ${number(rate ?? 0)} a second` +
      `${before}, ${source}${state(one, options)}`;
  },
  "oom-kill": (one, options) =>
    `the kernel killed ${subject(one, options)}${several(one)}: ${one.facts.reason}` +
    at(one, options),
  "killed": (one, options) =>
    `${subject(one, options)} was ended by SIGKILL${several(one)}, sender not known` +
    `${livedFor(one)}${at(one, options)}`,
  "core-dump": (one, options) =>
    `${subject(one, options)} dumped core${several(one)}: ${end(one)}${livedFor(one)}` +
    at(one, options),
  "failing": (one, options) => {
    const { lastGood } = one.facts;
    const moment = lastGood === null ? null : one.process.boot.moment(lastGood);
    const good = moment === null
      ? "it has not ended well since it is known"
      : `it ended well last at ${options.timeOf(moment)}`;
    return `${subject(one, options)} fails each time, or nearly: ${times(one)}${every(one)}, ` +
      `${end(one)} the last time; ${good}${state(one, options)}`;
  },
  "first-seen": (one, options) => {
    const { by, reason } = one.facts;
    const starter = by === null ? "" : `, started by ${named(by, options)}`;
    const path = [...reason ?? "?"];
    const shown = path.length <= PROGRAM_MAX ? path : ["…", ...path.slice(1 - PROGRAM_MAX)];
    return `${subject(one, options)} was never run on this host before: ${shown.join("")}` +
      `${starter}${at(one, options)}`;
  },
  "ship-lag": (one, options) =>
    `the history is not shipped for ${span(one)}, and ${one.count} processes wait; to ` +
    `${one.facts.reason ?? "?"}${state(one, options)}`,
  "runaway": (one, options) =>
    `${named(one.process, options)} uses ${share(one.facts.cpu)} of a CPU for ${span(one)}, and ` +
    "nobody waits for it: who started it has ended",
  "zombies": (one, options) =>
    `${named(one.process, options)} does not wait for its children: ${one.count} zombies`,
  "stuck": (one, options) =>
    `${named(one.process, options)} is stuck, for ${span(one)} or longer: in a system call that ` +
    "cannot be interrupted, or stopped",
};

function named({ pid, image, uid }: Process, { users }: TroubleOptions): string {
  const whose = uid === null ? "" : ` of ${users.name(uid) ?? uid}`;
  return `${calledIn(image)} (${pid})${whose}`;
}

/** Whoever chooses a name chooses how long it is. */
function shownName(image: Image): string {
  return shortened(escapeText(nameOf(image) ?? "?"));
}

/** The same in a sentence: of what a shell runs that stands in its command line, that. */
function calledIn(image: Image): string {
  return isInline(image) ? shortened(commandText(image)) : shownName(image);
}

/** Whether it is a shell, as in `sh -c 'cd /srv && make'`. */
function isInline(image: Image): boolean {
  const [, option = ""] = image.argv ?? [];
  return SHELLS.has(nameOf(image) ?? "") && /^-[a-z]*c$/.test(option);
}

function shortened(text: string): string {
  return text.length <= NAME_MAX ? text : `${text.slice(0, NAME_MAX - 1)}…`;
}

/** What it is about, many processes at times: the name, whose, and where it belongs to. */
function subject({ process }: Finding, { users }: TroubleOptions): string {
  const { image, uid } = process;
  const whose = uid === null ? "" : ` of ${users.name(uid) ?? uid}`;
  const { unit, container } = parseCgroup(image.cgroupText ?? "");
  const place = container === null ? unit : `the container ${container.slice(0, 12)}`;
  return `${calledIn(image)}${whose}${place === null ? "" : ` in ${place}`}`;
}

function times({ count }: Finding): string {
  return `${count} times`;
}

function several({ count }: Finding): string {
  return count === 1 ? "" : ` ${count} times`;
}

function span({ since, until }: Finding): string {
  return durationWords(Math.max(0, until - since));
}

function end({ process }: Finding): string {
  return exitWords(exitStatus(process.status));
}

function life({ facts: { meanLifeNs } }: Finding): string {
  return meanLifeNs === null ? "" : ` after ${durationWords(meanLifeNs)}`;
}

function livedFor({ process: { durationNs } }: Finding): string {
  return durationNs === null ? "" : ` after ${durationWords(durationNs)}`;
}

function starter({ facts: { by } }: Finding): string {
  return by === null ? "somebody" : `${calledIn(by.image)} (${by.pid})`;
}

function every({ facts: { everyNs } }: Finding): string {
  return everyNs === null ? "" : ` every ${durationWords(everyNs)}`;
}

function share(cpu: number | null): string {
  return `${Math.round((cpu ?? 0) * PERCENT)} %`;
}

function number(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value));
}

/** Whether it goes on, and since when or up to when. */
function state({ process, since, until, isOver }: Finding, { timeOf }: TroubleOptions): string {
  const moment = process.boot.moment(isOver ? until : since);
  if (moment === null) return "";
  return isOver ? `; over since ${timeOf(moment)}` : `; since ${timeOf(moment)}`;
}

function at({ process, until }: Finding, { timeOf }: TroubleOptions): string {
  const moment = process.boot.moment(until);
  return moment === null ? "" : `, at ${timeOf(moment)}`;
}

/** The fields of all, as JSON has them. */
export function troubleJson(
  findings: readonly Finding[],
  notes: Notes,
  options: TroubleOptions,
): Record<string, unknown> {
  const clock = new WallClock();
  return { findings: findings.map((one) => findingFields(one, options, clock)), notes };
}

/** One finding as JSON. */
export function findingJson(finding: Finding, options: TroubleOptions): string {
  return jsonText(findingFields(finding, options, new WallClock()));
}

/** A finding as a line of a stream: what became of it, and its fields. */
export function findingEvent(turn: Turn, finding: Finding, options: TroubleOptions): string {
  const clock = new WallClock();
  const { process, until } = finding;
  const time = momentField(process, until, clock);
  const fields = findingFields(finding, options, clock);
  return `${jsonText({ event: "finding", time, turn, ...fields })}\n`;
}

/** The main fields for a program's environment; what others chose is escaped. */
export function troubleFields(
  finding: Finding,
  options: TroubleOptions,
): Record<string, string> {
  const { kind, key, process, count } = finding;
  const { unit, container } = parseCgroup(process.image.cgroupText ?? "");
  const user = process.uid === null ? null : options.users.name(process.uid) ?? process.uid;
  const fields = {
    FH_KIND: kind,
    FH_KEY: key,
    FH_WORDS: troubleSentence(finding, options),
    FH_COMMAND: troubleCommand(finding),
    FH_COUNT: count,
    FH_PID: process.pid,
    FH_NAME: shownName(process.image),
    FH_USER: user,
    FH_UNIT: unit,
    FH_CONTAINER: container,
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      return [name, escapeText(String(value ?? "")).slice(0, FIELD_MAX)];
    }),
  );
}

function findingFields(finding: Finding, options: TroubleOptions, clock: WallClock) {
  const { kind, key, process, since, until, isOver, count, facts } = finding;
  const { by } = facts;
  const { unit, container } = parseCgroup(process.image.cgroupText ?? "");
  const whole = (ns: number | null) => ns === null ? null : Math.round(ns);
  return {
    kind,
    key,
    words: troubleSentence(finding, options),
    command: troubleCommand(finding),
    since: momentField(process, since, clock),
    until: momentField(process, until, clock),
    over: isOver,
    count,
    ...hostFields(process),
    id: process.id,
    pid: process.pid,
    name: nameOf(process.image),
    ...userFields(process.uid, options.users),
    ...argvFields(process.image),
    unit,
    container,
    ...endFields(process.status),
    by: by === null ? null : { ...hostFields(by), id: by.id, pid: by.pid, name: nameOf(by.image) },
    mean_life_ns: whole(facts.meanLifeNs),
    every_ns: whole(facts.everyNs),
    last_good: momentField(process, facts.lastGood, clock),
    per_second: facts.rate,
    usual_per_second: facts.usual,
    share: facts.share,
    cpu: facts.cpu,
    reason: facts.reason,
  };
}
