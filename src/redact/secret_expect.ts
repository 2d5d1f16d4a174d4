/**
 * Secrets that a script of expect(1) sends when it is asked: `expect "password:"; send "secret\r"`.
 *
 * @module
 */
import type { ScriptCommand, Word } from "./script.ts";
import type { Found } from "./secret_found.ts";
import { hideValue } from "./secret_words.ts";

/** What somebody is asked who has a secret; the first letter may be large. */
const PROMPT = /ass(?:word|wd|phrase|code)|\bPIN\b|\bsecret\b/i;
const PROMPT_MAX = 256;
/** Longer passwords are typed by nobody. */
const ANSWER_MAX = 1024;
const SEND = /^(?:exp_)?send$/;
/** Signs that a key has and no secret. */
const KEYS = /(?:\\[rn]){1,4}$/;

/** Finds what the commands of one script answer to who asks for a secret. */
export function findAnswers(found: Found, commands: readonly ScriptCommand[]): void {
  let expects = false;
  let isAsked = false;
  for (const { words } of commands) {
    for (let at = 0; at < words.length; at++) {
      const { start, end } = words[at]!;
      const text = end - start <= PROMPT_MAX ? found.text.slice(start, end) : "";
      if (text === "expect") {
        expects = true;
        isAsked = false;
      } else if (expects && isAsked && SEND.test(text) && isFirst(found, words, at)) {
        isAsked = false;
        hideAnswer(found, words, at + 1);
      } else if (expects) {
        isAsked ||= PROMPT.test(text);
      }
    }
  }
}

/** Whether a word is a command, also in the braces behind what is expected. */
function isFirst({ text }: Found, words: readonly Word[], at: number): boolean {
  return at === 0 || text[words[at - 1]!.end - 1] === "{";
}

function hideAnswer(found: Found, words: readonly Word[], at: number): void {
  while (at < words.length && found.text[words[at]!.start] === "-") at++;
  const word = words[at];
  if (word === undefined) return;
  const isInBraces = found.text[word.start] === "{";
  const start = isInBraces ? word.start + 1 : word.start;
  const limit = Math.min(start + ANSWER_MAX, isInBraces ? words.at(-1)!.end : word.end);
  const text = found.text.slice(start, limit);
  const brace = isInBraces ? text.indexOf("}") : text.search(/\}$/);
  const answer = (brace < 0 ? text : text.slice(0, brace)).replace(KEYS, "");
  hideValue(found, "secret", { start, end: start + answer.length }, true);
}
