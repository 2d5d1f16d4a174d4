/**
 * Secrets whose name stands in another field or in a tag: `{"name":"DB_PASSWORD","value":"x"}`,
 * `<password>x</password>`.
 *
 * @module
 */
import { NextOf } from "./next_of.ts";
import type { Found } from "./secret_found.ts";
import { isSecretName } from "./secret_names.ts";
import { hideValue } from "./secret_words.ts";

const QUOTE = "\\\\{0,7}[\"']?";
const SEPARATOR = `${QUOTE}\\s{0,4}(?:[:=]|=>)\\s{0,4}`;
const FIELD = `(?<![\\w-])(?:parameter|option|variable|env)?(?:name|key)${SEPARATOR}${QUOTE}`;
/** The field that names, and the value behind it. */
const NAME_THEN_VALUE = new RegExp(
  `${FIELD}([\\w.-]{1,100})${QUOTE}\\s{0,4}[,;]\\s{0,8}` +
    `${QUOTE}(?:parameter|option|default|string)?value${SEPARATOR}`,
  "gi",
);
/** The value in quotes stands first; the expression begins where it ends. */
const VALUE_THEN_NAME = new RegExp(
  `["']\\s{0,4},\\s{0,8}${QUOTE}${FIELD}([\\w.-]{1,100})(?![\\w.-])`,
  "gi",
);
const VALUE_BEFORE = new RegExp(`value${SEPARATOR}$`, "i");
const UNQUOTED_END = /[\s,;&)}\]"'`|<>]/g;
const LOOK_BACK = 64;

/** Finds values whose name stands beside them; in `line` spaces part the words. */
export function findPairs(found: Found, line: string): void {
  const unquotedEnd = new NextOf(line, UNQUOTED_END);
  for (const { index, 0: all, 1: name } of line.matchAll(NAME_THEN_VALUE)) {
    if (!isSecretName(name!)) continue;
    const start = index + all.length;
    const isQuoted = /^\\{0,7}["']/.test(line.slice(start, start + 8));
    const end = isQuoted ? line.length : unquotedEnd.after(start);
    hideValue(found, name!, { start, end }, true);
  }
  for (const { index, 1: name } of line.matchAll(VALUE_THEN_NAME)) {
    if (!isSecretName(name!)) continue;
    found.look();
    const open = line.lastIndexOf(line[index]!, index - 1);
    if (open < 0) continue;
    const before = line.slice(Math.max(0, open - LOOK_BACK), open + 1);
    if (!VALUE_BEFORE.test(before.slice(0, -1).replace(/\\+$/, ""))) continue;
    const end = index - (/\\*$/.exec(line.slice(index - 8, index))?.[0].length ?? 0);
    hideValue(found, name!, { start: open + 1, end }, true);
  }
}

/** A tag with what may be its attributes. */
const TAG = /<([A-Za-z][\w:.-]{0,63})(?:\s[^<>]{0,256})?>/g;
const CDATA = "<![CDATA[";
/** `<name>DB_PASSWORD</name><value>x</value>`. */
const NAME_TAG = /^(?:\w{0,32}:)?(?:name|key)$/i;
const VALUE_TAG = /^(?:\w{0,32}:)?(?:string)?value$/i;

/** Finds what stands between a tag that is named for a secret and its end. */
export function findTagged(found: Found, line: string): void {
  const next = new NextOf(line, /</g);
  let named = "";
  for (const { index, 0: tag, 1: name } of line.matchAll(TAG)) {
    const start = index + tag.length;
    const end = next.after(start);
    if (NAME_TAG.test(name!)) named = end - start <= 100 ? line.slice(start, end).trim() : "";
    const secret = VALUE_TAG.test(name!) ? named : name!;
    if (!isSecretName(secret)) continue;
    if (line.startsWith(CDATA, end)) {
      const close = line.indexOf("]]>", end);
      found.hide(end + CDATA.length, close < 0 ? line.length : close);
      if (close < 0) return;
    } else if (line[end + 1] === "/") {
      hideValue(found, secret, { start, end }, true);
    }
  }
}
