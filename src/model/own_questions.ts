/**
 * This program's own questions, which have what they look for in their command lines.
 *
 * @module
 */

/** Programs that start others as another user, and their options that have a value. */
const STARTERS: Readonly<Record<string, string>> = { sudo: "ugpChrtTUDR", doas: "uC" };
/** Options of fh that have a value and stand before a command. */
const WITH_VALUE: ReadonlySet<string> = new Set(["--db", "--source", "--color"]);

/**
 * The text of a process by which it is found, its command line: of `fh log -m curl` and `sudo fh
 * log -m curl` without what they look for, lest whoever asks again finds the question. What fh runs
 * is part of it: `fh run -- make`.
 *
 * @param argv The command line, NUL between its words.
 * @param comm The name that the kernel keeps.
 */
export function searchedText(argv: string, comm: string | null): string {
  if (comm !== "fh" && !Object.hasOwn(STARTERS, comm ?? "")) return argv.replaceAll("\0", " ");
  const words = argv.split("\0");
  return searchedWords(words, comm === "fh" ? 0 : startedAt(words, STARTERS[comm!]!)).join(" ");
}

function searchedWords(words: readonly string[], at: number): readonly string[] {
  if (!/^(?:.*\/)?fh$/.test(words[at] ?? "")) return words;
  let command = at + 1;
  while (words[command]?.startsWith("-")) command += WITH_VALUE.has(words[command]!) ? 2 : 1;
  if (command >= words.length || words[command] === "run") return words;
  const mark = words.indexOf("--", command);
  return [...words.slice(0, command + 1), ...mark < 0 ? [] : words.slice(mark)];
}

/** Where the command of sudo(8) or doas(1) stands: behind options and variables. */
function startedAt(words: readonly string[], withValue: string): number {
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") return at + 1;
    if (/^-[a-zA-Z]$/.test(word) && withValue.includes(word[1]!)) at++;
    else if (!word.startsWith("-") && !/^\w+=/.test(word)) return at;
  }
  return at;
}
