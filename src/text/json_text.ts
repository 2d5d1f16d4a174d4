/**
 * JSON that does no harm where somebody looks at it: on a terminal, in a pager, in a log.
 *
 * @module
 */

/** What JSON.stringify() leaves as it is and a terminal would act on or not show: see escape.ts. */
const UNSEEN =
  /[[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--\p{Variation_Selector}]/v;
const EVERY_UNSEEN = new RegExp(UNSEEN.source, "gv");
const OTHER_THAN_ASCII = /[^\x20-\x7e]/;

/** `value` as JSON; controls, format and other invisible characters stand there as `\u202e`. */
export function jsonText(value: unknown): string {
  return safeJson(JSON.stringify(value));
}

/** The same for what is JSON already. */
export function safeJson(text: string): string {
  // Outside of strings all of JSON is ASCII: what is found stands in one.
  return OTHER_THAN_ASCII.test(text) ? text.replace(EVERY_UNSEEN, escapeOne) : text;
}

function escapeOne(character: string): string {
  let escaped = "";
  for (let at = 0; at < character.length; at++) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
