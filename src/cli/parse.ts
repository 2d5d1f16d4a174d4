/**
 * From the words of a command line to the command that they call, through groups of commands.
 *
 * @module
 */
import { suggest } from "../ask/text/suggest.ts";
import { quoted } from "../ask/text/values.ts";
import { UsageError } from "../fault.ts";
import { type CommandSpec, type GroupSpec, operandsOf, type Spec } from "./command.ts";
import { GLOBAL_DEFAULTS, GLOBAL_OPTIONS, HELP_OPTIONS } from "./globals.ts";
import { nameOf, type OptionSpec, spellingOf } from "./option.ts";
import { callOf, isGroup, leavesOf, optionsBefore, shownOf } from "./spec_tree.ts";
import { type Reading, readWords, type Words } from "./words.ts";

/** What a command line asks for. */
export type Asked =
  | {
    readonly kind: "call";
    readonly command: CommandSpec;
    readonly operands: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  }
  | { readonly kind: "version" }
  /** Nothing at all. */
  | { readonly kind: "nothing"; readonly path: readonly Spec[] }
  /** Of the program, a command, or an action: its names, outermost first. */
  | { readonly kind: "help"; readonly path: readonly Spec[] };

/**
 * What a command line asks for.
 *
 * @throws {UsageError} It is wrong.
 */
export function parseLine(program: GroupSpec, words: readonly string[]): Asked {
  return parseGroup([program], program, words);
}

function parseGroup(path: readonly Spec[], group: GroupSpec, words: readonly string[]): Asked {
  const read = readWords(words, {
    ...wording(path, optionsBefore(path.length, group)),
    stops: true,
  });
  const [name, ...rest] = read.operands;
  if (read.asks === "version") return { kind: "version" };
  if (name === undefined) {
    if (read.asks === null && path.length > 1) throw missingAction(path);
    return { kind: words.length === 0 ? "nothing" : "help", path };
  }
  if (name === "help") return { kind: "help", path: findPage(path, rest) };
  const found = findSpec(path, group, name);
  const page = [...path, found];
  // What stands before the name of a command is as good as if it stood behind it.
  const before = words.slice(0, words.length - read.operands.length);
  if (read.isMarked) before.splice(before.lastIndexOf("--"), 1);
  const all = [...before, ...rest];
  return isGroup(found) ? parseGroup(page, found, all) : parseCommand(page, found, all);
}

/** Checks in this order: options, too few operands, too many, operands that are none. */
function parseCommand(page: readonly Spec[], spec: CommandSpec, words: readonly string[]): Asked {
  const heard = wording(page, [...spec.options, ...GLOBAL_OPTIONS]);
  const read = readWords(words, { ...heard, stops: spec.startsCommand === true });
  if (read.asks === "version") return { kind: "version" };
  if (read.asks === "help") return { kind: "help", path: page };
  checkOperands(page, spec, read.operands);
  checkStray(spec, read);
  const initial = spec.options.filter((option) => option.initial !== undefined)
    .map((option) => [nameOf(spellingOf(option)), option.initial]);
  return {
    kind: "call",
    command: spec,
    operands: read.operands,
    options: { ...GLOBAL_DEFAULTS, ...Object.fromEntries(initial), ...read.options },
  };
}

function checkOperands(
  page: readonly Spec[],
  spec: CommandSpec,
  { length }: readonly string[],
): void {
  const wanted = operandsOf(spec);
  const missing = wanted.filter(({ isNeeded }) => isNeeded)[length];
  const most = wanted.some(({ isMany }) => isMany) ? Infinity : wanted.length;
  if (missing === undefined && length <= most) return;
  // An action's operands say more than a page could.
  if (page.length > 2) {
    const call = `${callOf(page)} ${spec.operands.replace(/[<>]/g, "").toUpperCase()}`;
    const what = missing === undefined ? "Too many" : "Missing";
    throw new UsageError(`${what} operands: ${call.trimEnd()}`);
  }
  const what = missing === undefined
    ? `Too many operands: ${length}, not ${most}`
    : `Missing operand: ${missing.word}`;
  throw new UsageError(`${what}; ${adviceOf(page)}`);
}

/** What `--` does not stand before is no command to be run: a name, more likely. */
function checkStray({ meant }: CommandSpec, { operands, isMarked }: Words): void {
  if (meant === undefined || operands.length === 0 || isMarked) return;
  throw new UsageError(`Stray operand: ${quoted(operands[0]!)}; did you mean ${meant(operands)}?`);
}

function adviceOf(path: readonly Spec[]): string {
  return `see ${callOf(path)} --help`;
}

/** The page that `fh help job add` asks for; options and what a page does not have say nothing. */
function findPage(path: readonly Spec[], words: readonly string[]): readonly Spec[] {
  let page: readonly Spec[] = path;
  for (const name of words) {
    const group = page.at(-1)!;
    if (name.startsWith("-") || name === "help" || !isGroup(group)) break;
    page = [...page, findSpec(page, group, name)];
  }
  return page;
}

function findSpec(path: readonly Spec[], group: GroupSpec, name: string): Spec {
  const found = group.actions.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  const names = shownOf(group).map((spec) => spec.name);
  const meant = suggest(name, names);
  // Beside the program and its command: `rule ` of `fh job rule`.
  const before = path.slice(2).map((spec) => `${spec.name} `).join("");
  const advice = before === ""
    ? adviceOf(path)
    : `give ${before}${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  const what = `Unknown ${path.length === 1 ? "command" : "action"}: ${before}${quoted(name)}`;
  throw new UsageError(
    `${what}; ${meant === null ? advice : `did you mean ${before}${meant}?`}`,
  );
}

function missingAction(path: readonly Spec[]): UsageError {
  return new UsageError(`Missing operand: action; ${adviceOf(path)}`);
}

/** What is said of the options of what stands at the end of a path. */
function wording(
  path: readonly Spec[],
  options: readonly OptionSpec[],
): Pick<Reading, "options" | "unknown" | "advice"> {
  const advice = adviceOf(path);
  const unknown = (option: string): UsageError => {
    const others = ofOthers(path, option);
    if (others !== null) {
      const what = `Bad options: ${callOf(path.slice(1))} with --${others.long}`;
      return new UsageError(`${what}; that is for ${others.names.join(", ")}`);
    }
    const meant = option.startsWith("--") ? meantBy(option.slice(2), options) : null;
    const help = meant === null ? advice : `did you mean --${meant}?`;
    return new UsageError(`Unknown option: ${option}; ${help}`);
  };
  return { options, advice, unknown };
}

/** Which other actions of a command have an option. */
function ofOthers(
  [, group]: readonly Spec[],
  option: string,
): { readonly long: string; readonly names: readonly string[] } | null {
  if (group === undefined || !isGroup(group)) return null;
  const found = leavesOf(group).flatMap(({ names, spec }) => {
    const spelling = spec.options.map(spellingOf).find(({ short, long }) => {
      return option === `-${short}` || option === `--${long}`;
    });
    return spelling === undefined ? [] : [{ long: spelling.long, name: names.join(" ") }];
  });
  const [first] = found;
  return first === undefined ? null : { long: first.long, names: found.map(({ name }) => name) };
}

/** The option that is nearest, its opposite, or the only one that begins like that. */
function meantBy(name: string, options: readonly OptionSpec[]): string | null {
  const names = [...options, ...HELP_OPTIONS].map((option) => spellingOf(option).long);
  const opposite = names.find((long) => long === `no-${name}` || name === `no-${long}`);
  const [begun, other] = names.filter((long) => long.startsWith(name));
  return suggest(name, names) ?? opposite ?? (other === undefined ? begun : null) ?? null;
}
