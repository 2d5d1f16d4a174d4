/**
 * This program's own questions, which have what they look for in their command lines.
 *
 * @module
 */

/** What is named so asks, or has others ask. */
const NAMES: ReadonlySet<string> = new Set(["fh", "sudo", "doas"]);
/** The program may stand behind so many words of who starts it as another user. */
const WORDS_BEFORE = 8;

/**
 * The text by which a process is found, its command line: of `fh log -m curl` and `sudo fh log -m
 * curl` without what they look for, lest whoever asks again finds the question. What fh runs is
 * part of it: `fh run -- make`.
 *
 * @param argv The command line, NUL between its words.
 * @param comm The name that the kernel keeps.
 */
export function searchedText(argv: string, comm: string | null): string {
  if (comm === null || !NAMES.has(comm)) return argv.replaceAll("\0", " ");
  return searchedWords(argv.split("\0")).join(" ");
}

function searchedWords(words: readonly string[]): readonly string[] {
  const at = words.slice(0, WORDS_BEFORE).findIndex((word) => /^(?:.*\/)?fh$/.test(word));
  if (at < 0) return words;
  const command = words.findIndex((word, i) => i > at && !word.startsWith("-"));
  if (command < 0 || words[command] === "run") return words;
  const mark = words.indexOf("--", command);
  return [...words.slice(0, command + 1), ...mark < 0 ? [] : words.slice(mark)];
}
