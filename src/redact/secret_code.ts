/**
 * Passwords in what programs are told in languages of their own: SQL, calls that log in, and
 * answers for debconf.
 *
 * As in secret_forms.ts, no expression may look at a character more than a few times.
 *
 * @module
 */
import type { Found } from "./secret_found.ts";
import { hideValue } from "./secret_words.ts";

/** Passwords in SQL. */
const SQL: readonly RegExp[] = [
  /\bidentified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?(?:by|as)\s{1,8}'([^']+)/dgi,
  /\bidentified\s{1,8}(?:with\s{1,8}\S{1,64}\s{1,8})?(?:by|as)\s{1,8}"([^"]+)/dgi,
  /\bidentified\s{1,8}by\s{1,8}password\s{1,8}'([^']+)/dgi,
  /\bpassword\s{0,8}[=(\s]\s{0,8}[NE]?'([^']+)/dgi,
  /\bset\s{1,8}password\s{1,8}for\s{1,8}[^\s;]{1,128}\s{0,8}=\s{0,8}'([^']+)/dgi,
  /\bset\s{1,8}password\s{1,8}for\s{1,8}[^\s;]{1,128}\s{0,8}=\s{0,8}"([^"]+)/dgi,
  // Oracle takes it without quotes.
  new RegExp(
    "\\b(?:user|role|to)\\s{1,8}\\S{1,128}\\s{1,8}identified\\s{1,8}by\\s{1,8}" +
      "(?!['\"]|password\\b|values\\b)([^\\s;'\"]+)",
    "dgi",
  ),
  /\bidentified\s{1,8}by\s{1,8}\S{1,128}\s{1,8}replace\s{1,8}["']?([^\s;'"]+)/dgi,
  /\bsp_(?:addlogin|password)\s{1,8}N?'[^']{0,128}'\s{0,4},\s{0,4}N?'([^']+)/dgi,
  /\bsp_password\s{1,8}N?'([^']+)/dgi,
  /\bpragma\s{1,8}(?:\w{1,32}\.)?(?:re|hex)?key\s{0,8}=\s{0,8}["']([^"']+)/dgi,
  /\battach\s[^;]{0,128}?\skey\s{1,8}'([^']+)/dgi,
];

/** `db.auth("user", "secret")`, `auth=("user", "secret")`: where the second text begins. */
const CALL = new RegExp(
  "\\b(?:auth|login|authenticate|changeUserPassword|HTTP(?:Basic|Digest)Auth)\\s{0,2}=?\\s{0,2}" +
    "\\(\\s{0,4}\\\\{0,3}([\"'])[^\"'\\\\]{1,128}\\\\{0,3}\\1\\s{0,4},\\s{0,4}(?=\\\\{0,3}[\"'])",
  "g",
);

/** `echo "package package/question password secret" | debconf-set-selections`. */
const DEBCONF = "debconf-set-selections";
const DEBCONF_ANSWER =
  /password(?<=\/[\w.+-]{1,100}[ \t]{1,8}password)[ \t]{1,8}(?!true\b|false\b)([^\s'"\\|]+)/dg;

/** In which languages there may be one. */
export const CODE_WORDS = "[Ii]dentified|IDENTIFIED|[Ll]ogin\\s{0,2}\\(|addlogin";

/** Finds passwords in the code of a command line; in `line` spaces part the words. */
export function findInCode(found: Found, line: string): void {
  for (const pattern of SQL) {
    for (const { indices } of line.matchAll(pattern)) found.hide(...indices![1]!);
  }
  for (const { index, 0: call } of line.matchAll(CALL)) {
    found.look();
    hideValue(found, "secret", { start: index + call.length, end: line.length }, true);
  }
  if (!line.includes(DEBCONF)) return;
  for (const { indices } of line.matchAll(DEBCONF_ANSWER)) {
    const [start, end] = indices![1]!;
    hideValue(found, "secret", { start, end }, true);
  }
}
