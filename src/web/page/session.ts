/**
 * The token of this tab: it came in the fragment of the address, which no browser sends anywhere,
 * and is kept for as long as the tab is open.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";

const NAME = "fh-token";
const IN_FRAGMENT = /^#token=([\w-]{16,128})(?:&(.*))?$/;

/** The token; empty while nobody has given one. */
export const token = signal("");

/**
 * Takes the token out of the address, or else of what this tab has kept, and from now on out of
 * each URL that is opened in this tab. Who follows the address listens after this.
 */
export function openSession(): void {
  addEventListener("hashchange", takeFromAddress);
  if (!takeFromAddress()) token.value = sessionStorage.getItem(NAME) ?? "";
}

function takeFromAddress(): boolean {
  const [, given, rest = ""] = IN_FRAGMENT.exec(location.hash) ?? [];
  if (given === undefined) return false;
  // Nothing of it stays in the history, or in what is copied out of the address bar.
  history.replaceState(null, "", rest === "" ? location.pathname : `#${rest}`);
  keep(given);
  return true;
}

function keep(given: string): void {
  sessionStorage.setItem(NAME, given);
  token.value = given;
}

/** Takes a token that somebody has typed or pasted, alone or in its URL. */
export function enterToken(text: string): boolean {
  const [, given] = /(?:^|token=)([\w-]{16,128})$/.exec(text.trim()) ?? [];
  if (given === undefined) return false;
  keep(given);
  return true;
}

/**
 * The gateway does not know this token: it was started anew, and has another. One that was given
 * meanwhile is kept.
 */
export function forgetToken(refused: string): void {
  if (token.value !== refused) return;
  sessionStorage.removeItem(NAME);
  token.value = "";
}
