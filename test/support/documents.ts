/**
 * What is asked of the documents: short lines, links that lead somewhere, plain sentences.
 *
 * @module
 */
import { posix } from "node:path";
import type { Spec } from "../../src/cli/command.ts";
import { GLOBAL_OPTIONS, HELP_OPTIONS } from "../../src/cli/globals.ts";
import type { OptionSpec } from "../../src/cli/option.ts";
import { leavesOf } from "../../src/cli/spec_tree.ts";

/** A document of the project; `path` is relative to its root, with slashes. */
export interface Document {
  readonly path: string;
  readonly text: string;
}

/** A line of a document that is no part of a code block. */
interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

const FENCE = /^ *```/;

/** The lines outside code blocks. */
function linesOf(text: string): Line[] {
  let isCode = false;
  return text.split("\n").flatMap((line, at) => {
    const isFence = FENCE.test(line);
    if (isFence) isCode = !isCode;
    return isCode || isFence ? [] : [{ number: at + 1, text: line }];
  });
}

const isRow = (text: string) => text.trimStart().startsWith("|");

/** Lines longer than `limit` characters; a row of a table cannot be broken, nor an address. */
export function checkWidth(documents: readonly Document[], limit: number): string[] {
  return documents.flatMap(({ path, text }) =>
    linesOf(text)
      .filter(({ text }) => !isRow(text) && !text.includes("https://"))
      .map(({ number, text }) => ({ number, length: Array.from(text).length }))
      .filter(({ length }) => length > limit)
      .map(({ number, length }) => `${path}:${number}: ${length} characters`)
  );
}

/** Rows of tables that wrapping has made a paragraph of: a row follows a row, or begins a table. */
export function checkTables(documents: readonly Document[]): string[] {
  return documents.flatMap(({ path, text }) =>
    linesOf(text)
      .filter(({ text }) => text.trim().length > 1 && isRow(text) !== /\|\s*$/.test(text))
      .map(({ number }) => `${path}:${number}: half a row of a table`)
  );
}

const LINK = /\]\(([^)\s]+)\)/g;

/** Links within the project that lead to no file, or to no heading of it. */
export function checkLinks(
  documents: readonly Document[],
  exists: (path: string) => boolean,
): string[] {
  const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]));
  return documents.flatMap(({ path, text }) =>
    linesOf(text).flatMap(({ number, text }) =>
      Array.from(text.replace(/`[^`]*`/g, "").matchAll(LINK), ([, target]) => target!)
        .filter((target) => !/^[a-z]+:/.test(target))
        .flatMap((target) => {
          const [file, anchor] = target.split("#") as [string, string?];
          const to = file === "" ? path : posix.join(posix.dirname(path), file);
          const leads = (to === path || exists(to)) &&
            (anchor === undefined || anchors.get(to)?.has(anchor) === true);
          return leads ? [] : [`${path}:${number}: ${target} leads nowhere`];
        })
    )
  );
}

/** The anchors that GitHub gives to the headings of a document. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of linesOf(text)) {
    const heading = /^#+ (.*)$/.exec(line.text)?.[1];
    if (heading === undefined) continue;
    const name = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim()
      .replaceAll(" ", "-");
    let anchor = name;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${name}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The sentences of a document: no headings, no tables, code as one word. */
export function sentencesOf(text: string): string[] {
  const paragraphs: string[] = [""];
  for (const { text: line } of linesOf(text)) {
    const bare = line.trim();
    const isText = bare !== "" && !isRow(bare) && !bare.startsWith("#");
    if (!isText || /^(?:[*-]|\d+\.) /.test(bare)) paragraphs.push("");
    if (isText) paragraphs[paragraphs.length - 1] += ` ${bare.replace(/^(?:[*-]|\d+\.) /, "")}`;
  }
  return paragraphs
    .map((paragraph) =>
      paragraph.replace(/`[^`]*`/g, "code").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    )
    .flatMap((paragraph) => paragraph.split(/(?<=[.!?][*)"]*)\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

const wordsOf = (sentence: string) => sentence.split(/\s+/).length;

/** Documents whose sentences have more than `limit` words on average. */
export function checkSentences(documents: readonly Document[], limit: number): string[] {
  return documents.flatMap(({ path, text }) => {
    const lengths = sentencesOf(text).map(wordsOf);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
    return mean > limit ? [`${path}: ${mean.toFixed(1)} words in a sentence`] : [];
  });
}

/** What is said otherwise today; a user may be anybody. */
const OLD_WORDS =
  /\b(?:(?:to|can(?:not| not)?|could) be had|who (?:is|are) not privileged|he|his|him|himself)\b/gi;

/** Places where a document does not speak plain modern English. */
export function checkWords(documents: readonly Document[]): string[] {
  return documents.flatMap(({ path, text }) => {
    const lines = linesOf(text);
    // A phrase may go over the end of a line.
    const whole = lines.map((line) => line.text).join("\n");
    return Array.from(whole.matchAll(new RegExp(OLD_WORDS.source.replaceAll(" ", "\\s+"), "gi")))
      .map(({ 0: words, index }) => {
        const { number } = lines[whole.slice(0, index).split("\n").length - 1]!;
        return `${path}:${number}: "${words.replace(/\s+/g, " ")}"`;
      });
  });
}

/** A call of fh that a document shows. */
export interface Call {
  /** File and line. */
  readonly place: string;
  /** The name of the command. */
  readonly command: string;
  /** Its options, as `-p` or `--pid`. */
  readonly options: readonly string[];
}

/** The calls of fh in the code of documents, in blocks and in sentences. */
export function callsIn(documents: readonly Document[]): Call[] {
  return documents.flatMap(({ path, text }) => {
    let isCode = false;
    return text.split("\n").flatMap((line, at) => {
      if (FENCE.test(line)) isCode = !isCode;
      const commands = isCode ? [line] : Array.from(line.matchAll(/`([^`]*)`/g), ([, it]) => it!);
      return commands.flatMap((one) =>
        callsOf(one).map((call) => ({ place: `${path}:${at + 1}`, ...call }))
      );
    });
  });
}

/** In what is typed to a shell fh begins a command; other output is not looked at. */
function callsOf(line: string): Omit<Call, "place">[] {
  // Quoted text is a value, and what a comment says is no call.
  const bare = line.replace(/'[^']*'|"[^"]*"/g, "value").replace(/(^| )#.*/, "");
  return Array.from(
    bare.matchAll(/(?:^(?:[$#] )?|[|;&] *|\()(?:sudo )?fh ([a-z]+)((?: [^|;&)]*)?)/g),
    ([, command, rest]) => {
      const own = rest!.split(" -- ")[0]!;
      const options = Array.from(own.matchAll(/ (--?[a-z][a-z-]*)/g), ([, option]) => option!);
      return { command: command!, options };
    },
  );
}

/** The options that each command takes, with those of all, as `-p` and `--pid`. */
export function optionsIn(commands: readonly Spec[]): Map<string, Set<string>> {
  const flagsOf = (options: readonly OptionSpec[]) =>
    options.flatMap(({ flags }) => flags.match(/--?[a-z][a-z-]*/gi)!);
  const common = flagsOf([...GLOBAL_OPTIONS, ...HELP_OPTIONS]);
  return new Map(
    commands.map((spec) => [
      spec.name,
      new Set([...common, ...leavesOf(spec).flatMap(({ spec }) => flagsOf(spec.options))]),
    ]),
  );
}

/** Calls of a command or with an option that there is not. */
export function checkCalls(documents: readonly Document[], commands: readonly Spec[]): string[] {
  const known = optionsIn(commands);
  return callsIn(documents).flatMap(({ place, command, options }) => {
    if (!known.has(command)) return [`${place}: there is no fh ${command}`];
    return options.filter((option) => !known.get(command)!.has(option))
      .map((option) => `${place}: fh ${command} has no ${option}`);
  });
}
