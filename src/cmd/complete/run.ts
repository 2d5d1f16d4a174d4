/**
 * What `fh complete` does: it answers in lines that the scripts of the shells read.
 *
 * The first line says what can stand there: `words`, one in each following line, with a tab and
 * what it is behind it; `files`, whose names begin behind what the second line has; or `command`,
 * which begins at the word whose number (from 0) the second line has.
 *
 * @module
 */
import type { Context, GroupSpec } from "../../cli/command.ts";
import { type Choice, type Expected, expectLast } from "../../cli/expect.ts";
import { EXIT } from "../../fault.ts";
import { escapeText } from "../../text/escape.ts";

/** What every shell takes as one word without quotes: names of others may be anything. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** Answers; always with status 0, and without a word where something fails. */
export async function runComplete(
  context: Context,
  program: GroupSpec,
  words: readonly string[],
): Promise<number> {
  const { stdout } = context;
  const expected = expectLast(program, words);
  const { offers, prefix, text } = expected;
  if (offers === "path") {
    stdout.write(`files\n${prefix}\n`);
  } else if (typeof offers === "object" && "commandAt" in offers) {
    stdout.write(`command\n${offers.commandAt}\n`);
  } else {
    const found = typeof offers === "object" ? offers : await lookUp(context, expected);
    const lines = found.filter(({ word }) => word.startsWith(text) && PLAIN.test(word))
      .map(({ word, about }) => `${prefix}${word}\t${escapeText(about)}\n`);
    stdout.write(`words\n${lines.join("")}`);
  }
  return EXIT.done;
}

async function lookUp(
  context: Context,
  { offers, text, given }: Expected,
): Promise<readonly Choice[]> {
  const { LOOK_UPS } = await import("./look_ups.ts");
  try {
    return await LOOK_UPS[offers as keyof typeof LOOK_UPS](context, text, given);
  } catch {
    // No history, no recorder, no such file: there is nothing to offer, and nobody to be told.
    return [];
  }
}
