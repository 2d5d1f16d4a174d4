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

/** Takes the token out of the address, or of what this tab has kept. */
export function openSession(): void {
  const [, given, rest = ""] = IN_FRAGMENT.exec(location.hash) ?? [];
  if (given !== undefined) {
    sessionStorage.setItem(NAME, given);
    // Nothing of it stays in the history, or in what is copied out of the address bar.
    history.replaceState(null, "", rest === "" ? location.pathname : `#${rest}`);
  }
  token.value = given ?? sessionStorage.getItem(NAME) ?? "";
}

/** Takes a token that somebody has typed or pasted, alone or in its URL. */
export function enterToken(text: string): boolean {
  const [, given] = /(?:^|token=)([\w-]{16,128})$/.exec(text.trim()) ?? [];
  if (given === undefined) return false;
  sessionStorage.setItem(NAME, given);
  token.value = given;
  return true;
}

/** The gateway does not know the token: it was started anew, and has another. */
export function forgetToken(): void {
  sessionStorage.removeItem(NAME);
  token.value = "";
}
