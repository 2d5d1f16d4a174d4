/**
 * What can stand where somebody is typing: the words before it are read like a command line, but
 * nothing is refused.
 *
 * @module
 */
import { type GroupSpec, operandsOf, type Spec } from "./command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "./globals.ts";
import {
  type Kind,
  nameOf,
  type Offers,
  type OptionSpec,
  type Spelling,
  spellingOf,
} from "./option.ts";
import { isGroup, optionsBefore, shownOf } from "./spec_tree.ts";

/** A word to be offered, and what it is. */
export interface Choice {
  readonly word: string;
  readonly about: string;
}

/** What can stand there. */
export interface Expected {
  /** Words, what is to be looked up, or a command of the host, which begins at a word. */
  readonly offers: readonly Choice[] | Kind | { readonly commandAt: number };
  /** What stands in the same word before what is offered: `--db=`. */
  readonly prefix: string;
  /** What has been typed of it. */
  readonly text: string;
  /** The text of options that have been given, by name. */
  readonly given: Readonly<Record<string, string>>;
}

/** What the words in `<>` of values and operands stand for. */
const KINDS: Readonly<Record<string, Kind>> = {
  file: "path",
  group: "group",
  path: "path",
  process: "process",
  signal: "signal",
  user: "user",
  when: "when",
};

interface Known extends Spelling {
  readonly spec: OptionSpec;
}

/** What is expected at the last of some words, which is being typed. */
export function expectLast(program: GroupSpec, words: readonly string[]): Expected {
  const walk = new Walk(program);
  for (const [at, word] of words.slice(0, -1).entries()) {
    const commandAt = walk.take(word, at);
    if (commandAt !== null) return walk.expected({ commandAt }, words.at(-1)!);
  }
  return walk.expect(words.at(-1) ?? "", words.length - 1);
}

/** Walks over words: knows what has been named, and what comes next. */
class Walk {
  #spec: Spec;
  #depth = 1;
  #options: readonly Known[];
  /** The option whose value comes next. */
  #open: Known | null = null;
  #isMarked = false;
  #isHelp = false;
  #operands = 0;
  readonly #given: Record<string, string> = {};

  constructor(program: GroupSpec) {
    this.#spec = program;
    this.#options = knownOf(optionsBefore(1, program));
  }

  /** Takes a whole word; where a command of the host begins, if one does. */
  take(word: string, at: number): number | null {
    const open = this.#open;
    this.#open = null;
    if (open !== null) this.#give(open, word);
    else if (this.#isMarked || !/^-./.test(word)) return this.#takeOperand(word, at);
    else if (word === "--") return this.#mark(at);
    else if (word.startsWith("--")) this.#takeLong(word);
    else this.#takeCluster(word);
    return null;
  }

  /** What can stand at `word`, of which a part is typed. */
  expect(word: string, at: number): Expected {
    if (this.#open !== null) return this.#value(this.#open, "", word);
    if (this.#isMarked || !word.startsWith("-")) return this.#operand(word, at);
    const [, long, text] = /^--([^=]+)=([^]*)$/.exec(word) ?? [];
    if (long !== undefined) {
      const option = this.#options.find((one) => one.long === long && one.value !== null);
      return option === undefined
        ? this.expected([], word)
        : this.#value(option, `--${long}=`, text!);
    }
    const short = this.#options.find((one) => one.value !== null && one.short === word[1]);
    if (short !== undefined) return this.#value(short, word.slice(0, 2), word.slice(2));
    return this.expected(this.#optionChoices(), word);
  }

  /** The answer. */
  expected(offers: Expected["offers"], text: string, prefix = ""): Expected {
    return { offers, prefix, text, given: this.#given };
  }

  #value({ spec, value, long }: Known, prefix: string, word: string): Expected {
    const offers = spec.offers === undefined ? KINDS[value!] ?? null : spec.offers;
    // Of names with commas between them, the last is being typed.
    const start = Array.isArray(offers) && long === "event" ? word.lastIndexOf(",") + 1 : 0;
    const text = word.slice(start);
    return this.expected(choices(offers), text, prefix + word.slice(0, start));
  }

  #operand(text: string, at: number): Expected {
    const spec = this.#spec;
    if (isGroup(spec)) return this.expected(this.#names(spec), text);
    if (this.#isHelp) return this.expected([], text);
    if (spec.startsCommand && (this.#isMarked || !spec.meant)) {
      return this.expected({ commandAt: at }, text);
    }
    const operands = operandsOf(spec);
    const last = operands.at(-1);
    const index = this.#operands < operands.length || !last?.isMany
      ? this.#operands
      : operands.length - 1;
    const operand = operands[index];
    // Where nothing else can stand, options can.
    if (operand === undefined || spec.startsCommand) {
      return this.expected(text === "" ? this.#optionChoices() : [], text);
    }
    const own = spec.offers?.[index];
    return this.expected(choices(own === undefined ? KINDS[operand.word] ?? null : own), text);
  }

  #names(group: GroupSpec): readonly Choice[] {
    const found = shownOf(group).map(({ name, summary }) => ({ word: name, about: summary }));
    return this.#depth === 1 && !this.#isHelp
      ? [...found, { word: "help", about: "the help of a command" }]
      : found;
  }

  #optionChoices(): readonly Choice[] {
    return this.#options.flatMap(({ short, long, spec: { description: about } }) => {
      const words = short === null ? [`--${long}`] : [`-${short}`, `--${long}`];
      return words.map((word) => ({ word, about }));
    });
  }

  #mark(at: number): number | null {
    this.#isMarked = true;
    const spec = this.#spec;
    return !isGroup(spec) && spec.startsCommand ? at + 1 : null;
  }

  #takeOperand(word: string, at: number): number | null {
    const spec = this.#spec;
    if (!isGroup(spec)) {
      this.#operands++;
      return spec.startsCommand && !spec.meant ? at : null;
    }
    if (word === "help" && !this.#isHelp) {
      this.#isHelp = true;
      return null;
    }
    // A name that there is not has nothing behind it.
    const found = spec.actions.find(({ name }) => name === word) ?? NOTHING;
    this.#spec = found;
    this.#depth++;
    this.#options = isGroup(found)
      ? knownOf(optionsBefore(this.#depth, found))
      : knownOf([...found.options, ...GLOBAL_OPTIONS]);
    this.#isMarked = false;
    return null;
  }

  #takeLong(word: string): void {
    const [, long, text] = /^--([^=]*)(?:=([^]*))?$/.exec(word)!;
    const option = this.#options.find((one) => one.long === long);
    if (option === undefined || option.value === null) return;
    if (text !== undefined) this.#give(option, text);
    else if (!option.isSwitch) this.#open = option;
  }

  #takeCluster(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const option = this.#options.find(({ short }) => short === word[at]);
      if (option === undefined) return;
      if (option.isSwitch) continue;
      if (at === word.length - 1) this.#open = option;
      else this.#give(option, word.slice(at + 1));
      return;
    }
  }

  #give(option: Known, text: string): void {
    this.#given[nameOf(option)] = text;
  }
}

const NOTHING: GroupSpec = { name: "", summary: "", actions: [] };

function knownOf(options: readonly OptionSpec[]): readonly Known[] {
  const known = new Map<string, Known>();
  for (const spec of [...options, ...HELP_OPTIONS]) {
    const spelling = spellingOf(spec);
    if (!known.has(spelling.long)) known.set(spelling.long, { ...spelling, spec });
  }
  return [...known.values()];
}

function choices(offers: Offers): readonly Choice[] | Kind {
  if (offers === null) return [];
  return typeof offers === "string" ? offers : offers.map((word) => ({ word, about: "" }));
}
