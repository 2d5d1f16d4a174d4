/**
 * This program's own questions, which have what they look for in their command lines.
 *
 * @module
 */

/** Programs that start others as another user, and their short options that have a value. */
const STARTERS: Readonly<Record<string, string>> = { sudo: "ugpChrtTUDR", doas: "uC" };
/** Long options of sudo(8) that have one. */
const LONG_WITH_VALUE = new RegExp(
  "^--(?:user|group|prompt|close-from|host|role|type|command-timeout|other-user|chdir|chroot)$",
);
/** Programs that run what stands in their arguments, and how many may stand before it. */
const WRAPPERS: ReadonlySet<string> = new Set(
  ["env", "nice", "ionice", "nohup", "setsid", "stdbuf", "time", "timeout"],
);
const WRAPPED_WITHIN = 4;
const IS_FH = /^(?:.*\/)?fh$/;
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
  if (!IS_FH.test(words[at] ?? "")) return words;
  let command = at + 1;
  while (words[command]?.startsWith("-")) command += WITH_VALUE.has(words[command]!) ? 2 : 1;
  if (command >= words.length || words[command] === "run") return words;
  const mark = words.indexOf("--", command);
  return [...words.slice(0, command + 1), ...mark < 0 ? [] : words.slice(mark)];
}

/** Where the command of sudo(8) or doas(1) stands: behind options, variables and wrappers. */
function startedAt(words: readonly string[], withValue: string): number {
  let at = 1;
  for (; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") && !/^\w+=/.test(word)) break;
    if (LONG_WITH_VALUE.test(word) || endsWithValue(word, withValue)) at++;
  }
  if (!WRAPPERS.has(words[at]?.replace(/^.*\//, "") ?? "")) return at;
  const within = words.slice(at + 1, at + 1 + WRAPPED_WITHIN).findIndex((word) => IS_FH.test(word));
  return within < 0 ? at : at + 1 + within;
}

/** Whether the value of the last of some short options is the next word: `-nu root`. */
function endsWithValue(word: string, withValue: string): boolean {
  if (!/^-[a-zA-Z]+$/.test(word)) return false;
  const first = [...word.slice(1)].findIndex((letter) => withValue.includes(letter));
  return first === word.length - 2;
}
