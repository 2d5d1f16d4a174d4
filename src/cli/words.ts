/**
 * Words of a command line as options and operands, tokenized by `parseArgs` of node:util.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { UsageError } from "../fault.ts";
import { HELP_OPTIONS } from "./globals.ts";
import { nameOf, type OptionSpec, type Spelling, spellingOf } from "./option.ts";

/** What words say. */
export interface Words {
  /** What options have given, by name. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly operands: readonly string[];
  /** `--` stands before the first operand. */
  readonly isMarked: boolean;
  /** What was asked for instead; the words behind it are not read. */
  readonly asks: "help" | "version" | null;
}

/** How words are read. */
export interface Reading {
  readonly options: readonly OptionSpec[];
  /** From the first operand on, all are operands. */
  readonly stops: boolean;
  /** The error of an option that is not among these: `--depht`, `-x`. */
  unknown(option: string): UsageError;
  /** The end of other messages: "see fh tree --help". */
  readonly advice: string;
}

interface Known extends Spelling {
  readonly spec: OptionSpec;
}

/** A negative number is an operand: no option is a digit. */
const NUMBER = /^-(?:\d+|\d*\.\d+)(?:e[+-]?\d+)?$/;

/**
 * Reads words from left to right; the first that is wrong is told.
 *
 * @throws {UsageError} An option is unknown, or its value is missing, bad, or too much.
 */
export function readWords(words: readonly string[], reading: Reading): Words {
  const known = new Map<string, Known>();
  for (const spec of [...reading.options, ...HELP_OPTIONS]) {
    const spelling = spellingOf(spec);
    // A command's own stands before that of all.
    if (!known.has(spelling.long)) known.set(spelling.long, { ...spelling, spec });
  }
  const tokens = tokenize(words, known);
  const options: Record<string, unknown> = {};
  const operands: number[] = [];
  let mark = Infinity;
  let asks: Words["asks"] = null;
  for (const token of tokens) {
    const word = words[token.index]!;
    if (token.kind === "positional" || NUMBER.test(word)) {
      // A number is a cluster to parseArgs: one token for each digit.
      if (operands.at(-1) !== token.index) operands.push(token.index);
      if (reading.stops) break;
    } else if (word === "--") {
      mark = token.index;
    } else {
      const option = token.name === undefined ? undefined : known.get(token.name);
      if (option === undefined) {
        if (!tokens.some((one) => isHelp(one, words))) {
          throw reading.unknown(unknownIn(word, known));
        }
        asks = "help";
        break;
      }
      if (option.long === "help" || option.long === "version") {
        asks = option.long;
        break;
      }
      const name = nameOf(option);
      options[name] = option.spec.read(textOf(option, token, reading), options[name]);
    }
  }
  const [first = words.length] = operands;
  return {
    options,
    operands: reading.stops ? words.slice(first) : operands.map((index) => words[index]!),
    isMarked: mark < first,
    asks,
  };
}

interface Token {
  readonly kind: string;
  readonly index: number;
  readonly name?: string;
  readonly value?: string | undefined;
}

/** All of it is told apart, and nothing refused: messages are the reader's business. */
function tokenize(words: readonly string[], known: ReadonlyMap<string, Known>): readonly Token[] {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const { long, short, isSwitch } of known.values()) {
    const type = isSwitch ? "boolean" : "string";
    options[long] = short === null ? { type } : { type, short };
  }
  const args = [...words];
  return parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true }).tokens;
}

/** Whoever asks for help beside what is wrong is helped; letters of a cluster do not ask. */
function isHelp({ kind, index }: Token, words: readonly string[]): boolean {
  return kind === "option" && ["-h", "--help"].includes(words[index]!);
}

/** What was given to an option; empty for a switch. */
function textOf({ spec, long, value, isSwitch }: Known, token: Token, { advice }: Reading): string {
  if (value === null && token.value !== undefined) {
    throw new UsageError(`Stray value: --${long} takes none; ${advice}`);
  }
  if (!isSwitch && token.value === undefined) {
    throw new UsageError(`Missing value: ${spec.flags}; ${advice}`);
  }
  return token.value ?? "";
}

/**
 * The unknown option of a word. What is behind its name is not told: it may be a secret of a
 * command that was given without a `--`.
 */
function unknownIn(word: string, known: ReadonlyMap<string, Known>): string {
  if (word.startsWith("--")) return word.replace(/=[^]*/, "");
  const shorts = new Set(Array.from(known.values(), ({ short }) => short));
  const unknown = [...word.slice(1)].find((letter) => !shorts.has(letter));
  return `-${unknown ?? ""}`;
}
