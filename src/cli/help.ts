/**
 * Help texts, made from the command table: they fit a terminal of 80 columns, and that of the
 * program one of 24 lines.
 *
 * @module
 */
import type { CommandSpec, GroupSpec, Spec } from "./command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "./globals.ts";
import type { OptionSpec } from "./option.ts";
import { callOf, isGroup, shownOf } from "./spec_tree.ts";

/** Cells that a line of help takes at most. */
const HELP_WIDTH = 80;
/** Lines of the smallest usual terminal. */
const HEIGHT = 24;
/** Commands that stand in the line of another in `fh --help`: a screen has not enough for all. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  register: ["unregister", "listeners"],
  job: ["account", "top"],
  record: ["metrics"],
  export: ["ship", "fleet"],
  run: ["report"],
  watch: ["web"],
  doctor: ["completion"],
};
const EVERYWHERE = [...GLOBAL_OPTIONS, ...HELP_OPTIONS];

/** The page of the program, of a command, or of an action, which stands last in its path. */
export function helpText(path: readonly Spec[]): string {
  const spec = path.at(-1)!;
  if (!isGroup(spec)) return commandHelp(path, spec);
  return path.length === 1 ? programHelp(spec) : groupHelp(path, spec);
}

function programHelp(program: GroupSpec): string {
  const commands = shownOf(program);
  return sections([
    ["Usage: fh [options] <command> ..."],
    ["Shows what is started on this host, by whom, and what becomes of it."],
    [
      "Commands (fh <command> --help tells more):",
      ...columns(commandRows(commands)),
    ],
    ["Options, for every command:", ...optionColumns(inPairs(EVERYWHERE))],
    examples(firstExamples(commands.slice(0, 1))),
  ]);
}

/** A line for each command, or for those that belong together. */
function commandRows(commands: readonly Spec[]): [string, string][] {
  const names = commands.map(({ name }) => name);
  const withOthers = Object.entries(TOGETHER).filter(([name]) => names.includes(name));
  const others = withOthers.flatMap(([, found]) => found);
  return commands.filter(({ name }) => !others.includes(name)).map(({ name, summary }) => {
    const also = TOGETHER[name]?.filter((other) => names.includes(other)) ?? [];
    return [name, also.length === 0 ? summary : `${summary}; also ${also.join(", ")}`];
  });
}

function groupHelp(path: readonly Spec[], group: GroupSpec): string {
  const actions = shownOf(group);
  const call = callOf(path);
  return sections([
    [`Usage: ${call} <action> ...`],
    [sentence(group)],
    [
      `Actions (${call} <action> --help tells more):`,
      ...columns(actions.map(({ name, summary }) => [name, summary])),
    ],
    [`Options: ${everywhere()} (see fh --help)`],
    examples(firstExamples(actions)),
  ]);
}

function commandHelp(path: readonly Spec[], command: CommandSpec): string {
  const { operands, options } = command;
  const usage = `Usage: ${callOf(path)} [options] ${operands.replace("[command", "[-- command")}`;
  return sections([
    [usage.trimEnd()],
    [sentence(command)],
    options.length === 0
      ? [`Options: ${everywhere()} (see fh --help)`]
      : [`Options, beside ${everywhere()} (see fh --help):`, ...optionColumns(options)],
    examples(command.examples),
  ]);
}

/** Only named, so that the screen has room for the command's own. */
function everywhere(): string {
  return EVERYWHERE.map(shortest).join(", ");
}

function sentence({ summary }: Spec): string {
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
}

/** One of each, down to the actions. */
function firstExamples(specs: readonly Spec[]): string[] {
  return specs.flatMap((spec) =>
    isGroup(spec) ? firstExamples(spec.actions) : spec.examples.slice(0, 1)
  );
}

/** With blank lines between them where the screen has room. */
function sections(parts: readonly (readonly string[])[]): string {
  const found = parts.filter((lines) => lines.length > 0);
  const height = found.flat().length + found.length - 1;
  return found.map((lines) => `${lines.join("\n")}\n`).join(height > HEIGHT ? "" : "\n");
}

function examples(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const rows = lines.map((line): [string, string] => {
    const at = line.search(/ {2}/);
    return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at).trim()];
  });
  return ["Examples:", ...columns(rows)];
}

/** Flags and what they do. */
type Row = Pick<OptionSpec, "flags" | "description">;

/** Two short options that take no value share a line: the screen has few. */
function inPairs(options: readonly Row[]): Row[] {
  const rows: Row[] = [];
  let first: Row | null = null;
  for (const option of options) {
    const isShort = /^-\w, [^<]*$/.test(option.flags);
    if (isShort && first !== null) {
      rows.push(pairOf(first, option));
      first = null;
    } else if (isShort) {
      first = option;
    } else {
      rows.push(option);
    }
  }
  return first === null ? rows : [...rows, first];
}

function pairOf(...options: readonly Row[]): Row {
  const described = options.map(({ flags, description }) => {
    return `${flags.replace(/^.*, /, "")}: ${description}`;
  });
  return { flags: options.map(shortest).join(", "), description: described.join("; ") };
}

/** Long options stand in line, whether they have a short form or not. */
function optionColumns(options: readonly Row[]): string[] {
  return columns(options.map(({ flags, description }) => {
    return [flags.startsWith("--") ? `    ${flags}` : flags, description];
  }));
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const first = Math.max(...rows.map(([left]) => left.length));
  const indent = " ".repeat(first + 4);
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, HELP_WIDTH - indent.length);
    return lines.map((line, i) => {
      return `${i === 0 ? `  ${left.padEnd(first + 2)}` : indent}${line}`.trimEnd();
    });
  });
}

/** The shorter name of an option. */
function shortest({ flags }: Row): string {
  return flags.replace(/[ ,].*/, "");
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
