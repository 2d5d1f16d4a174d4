/**
 * The command line: which commands there are, and how they are called.
 *
 * @module
 */
import { Command, CommanderError, Option, type OutputConfiguration } from "commander";
import { suggest } from "./ask/text/suggest.ts";
import { quoted } from "./ask/text/values.ts";
import type { CommandSpec, Context, OptionSpec } from "./cli/command.ts";
import { completionCommand } from "./cli/completion.ts";
import { GLOBAL_DEFAULTS, GLOBAL_OPTIONS } from "./cli/globals.ts";
import { commandHelp, HELP_WIDTH, programHelp } from "./cli/help.ts";
import { accountCommand } from "./cmd/account/command.ts";
import { doctorCommand } from "./cmd/doctor/command.ts";
import { exportCommand } from "./cmd/export/command.ts";
import { failure } from "./cmd/failure.ts";
import { jobCommand } from "./cmd/job/command.ts";
import { listenersCommand } from "./cmd/listen/listeners.ts";
import { registerCommand } from "./cmd/listen/register.ts";
import { unregisterCommand } from "./cmd/listen/unregister.ts";
import { logCommand } from "./cmd/log/command.ts";
import { recordCommand } from "./cmd/record/command.ts";
import { runCommand } from "./cmd/run/command.ts";
import { serveCommand } from "./cmd/serve/command.ts";
import { treeCommand } from "./cmd/tree/command.ts";
import { watchCommand } from "./cmd/watch/command.ts";
import { whyCommand } from "./cmd/why/command.ts";
import { EXIT, UsageError } from "./fault.ts";
import { onZoneTrouble } from "./host/local_time.ts";
import { VERSION } from "./version.ts";

/** Every command of fh. */
export const COMMANDS: readonly CommandSpec[] = [
  watchCommand,
  treeCommand,
  whyCommand,
  logCommand,
  recordCommand,
  exportCommand,
  runCommand,
  jobCommand,
  serveCommand,
  registerCommand,
  unregisterCommand,
  listenersCommand,
  accountCommand,
  doctorCommand,
  completionCommand(() => COMMANDS),
];

/** What the command line asks for. */
interface Call {
  readonly command: CommandSpec;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Runs the command that `argv` (without the program) names; the exit status comes back. */
export async function runCli(
  context: Context,
  argv: readonly string[],
  commands: readonly CommandSpec[] = COMMANDS,
): Promise<number> {
  let verbose = false;
  onZoneTrouble((line) => context.stderr.write(line));
  try {
    const call = parseCall(context, argv, commands);
    if (call === null) {
      await context.stdout.flush();
      return EXIT.done;
    }
    verbose = call.options["verbose"] === true;
    const options = await withFiles(call.options, context);
    const status = await call.command.run(context, call.operands, options);
    await context.stdout.flush();
    await flushQuietly(context);
    return status;
  } catch (error) {
    const { status, text } = failure(error, verbose);
    context.stderr.write(text);
    await flushQuietly(context);
    return status;
  }
}

/** Options with what stands in the files that they name, where that may have to be waited for. */
async function withFiles(options: Call["options"], context: Context): Promise<Call["options"]> {
  if (options["redactFile"] === undefined) return options;
  const { withRedactText } = await import("./cmd/redact_text.ts");
  return { ...await withRedactText(options, context) };
}

/** There is nobody left to be told that standard error cannot be written. */
async function flushQuietly(context: Context): Promise<void> {
  await context.stderr.flush().catch(() => {});
}

/** Null when help or the version was asked for, and is written. */
function parseCall(
  context: Context,
  argv: readonly string[],
  commands: readonly CommandSpec[],
): Call | null {
  let call: Call | null = null;
  let text = "";
  const program = createProgram(commands, argv, {
    onCall: (found) => call = found,
    write: (part) => text += part,
  });
  const names = commands.map(({ name }) => name);
  try {
    program.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (text === "") throw usageError(error, program.args[0], names);
    checkCommandName(program, names);
    context.stdout.write(text);
  }
  return call;
}

/** commander has no message for a help that is asked for a command that does not exist. */
function checkCommandName(program: Command, names: readonly string[]): void {
  const [first, second] = program.args;
  for (const name of first === "help" ? [second] : [first]) {
    if (name === undefined || name.startsWith("-") || [...names, "help"].includes(name)) continue;
    const meant = suggest(name, names);
    throw new UsageError(
      `Unknown command: ${name}; ${meant === null ? "see fh --help" : `did you mean ${meant}?`}`,
    );
  }
}

/** What commander tells while it parses. */
interface Events {
  onCall(call: Call): void;
  /** Help, or the version. */
  write(text: string): void;
}

function createProgram(
  commands: readonly CommandSpec[],
  argv: readonly string[],
  events: Events,
): Command {
  const { onCall, write } = events;
  const program = new Command("fh")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(outputTo(write))
    .configureHelp({ formatHelp: () => programHelp(commands) });
  addGlobals(program);
  for (const spec of commands) {
    const command = program.command(spec.name);
    // Only a command that is named can be called: the options of the others are not needed.
    if (!argv.includes(spec.name)) continue;
    if (spec.operands !== "") command.arguments(spec.operands);
    command.configureHelp({ formatHelp: () => commandHelp(spec) });
    for (const option of spec.options) command.addOption(createOption(option));
    addGlobals(command);
    if (spec.startsCommand) command.passThroughOptions();
    command.action(() => {
      checkStray(spec, command, argv);
      const options = { ...GLOBAL_DEFAULTS, ...program.opts(), ...command.opts() };
      onCall({ command: spec, operands: command.args, options });
    });
  }
  return program;
}

/** What `--` does not stand before is no command to be run: a name, more likely. */
function checkStray(spec: CommandSpec, { args, options }: Command, argv: readonly string[]): void {
  if (spec.meant === undefined || args.length === 0) return;
  // With options of its own the command is the end of the line.
  const [option = "", before] = argv.slice(0, argv.length - args.length).slice(-2);
  // It may as well be what an option was given.
  const isValue = options.some(({ required, short, long }) => {
    return required && [short, long].includes(option);
  });
  if (before === "--" && !isValue) return;
  throw new UsageError(`Stray operand: ${quoted(args[0]!)}; did you mean ${spec.meant(args)}?`);
}

/** All of it: by itself commander asks process.stdout, which makes a shared pipe non-blocking. */
function outputTo(write: (text: string) => void): OutputConfiguration {
  return {
    writeOut: write,
    writeErr: write,
    outputError: () => {},
    getOutHelpWidth: () => HELP_WIDTH,
    getErrHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

function addGlobals(command: Command): void {
  for (const option of GLOBAL_OPTIONS) command.addOption(createOption(option));
  command.version(VERSION);
}

function createOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.default !== undefined) option.default(spec.default);
  const { parse = (text: string): unknown => text, repeatable } = spec;
  if (repeatable) {
    // Before the first there may be the value of a default, or of the option with `--no-`.
    option.argParser((text, before: unknown) => {
      return [...Array.isArray(before) ? before : [], parse(text)];
    });
  } else if (spec.parse !== undefined) {
    option.argParser((text) => parse(text));
  }
  return option;
}

/** commander's messages, and what fh says instead. */
const WORDING: readonly (readonly [RegExp, string])[] = [
  // What is behind the name may be a secret of a command that was given without a `--`.
  [/^error: unknown option '(--[^=]*)=.*'$/s, "Unknown option: $1"],
  [/^error: unknown option '(-[^-]).+'$/su, "Unknown option: $1"],
  [/^error: unknown command ''$/, "Unknown command: ''"],
  [/^error: unknown (option|command) '(.*)'$/s, "Unknown $1: $2"],
  [/^error: missing required argument '(.*)'$/s, "Missing operand: $1"],
  [/^error: option '(.*)' argument missing$/s, "Missing value: $1"],
  [/^error: too many arguments.* Expected (\d+) .* got (\d+)\.$/s, "Too many operands: $2, not $1"],
];

function usageError(
  error: CommanderError,
  commandName: string | undefined,
  names: readonly string[],
): UsageError {
  const [, message = "", meant] = /^(.*?)(?:\n\(Did you mean (.*)\?\))?$/s.exec(error.message)!;
  const what = WORDING.reduce((text, [pattern, words]) => text.replace(pattern, words), message);
  if (meant !== undefined) return new UsageError(`${what}; did you mean ${meant}?`);
  const help = names.includes(commandName ?? "") ? `fh ${commandName} --help` : "fh --help";
  return new UsageError(`${what}; see ${help}`);
}
