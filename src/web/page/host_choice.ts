/**
 * The host of a fleet that this tab looks at; empty: all that may be chosen.
 *
 * @module
 */
/// <reference lib="dom" />
import { signal } from "@preact/signals";

const NAME = "fh-host";

/** Its name. */
export const chosenHost = signal("");

/** Takes what this tab has looked at before. */
export function rememberHost(): void {
  chosenHost.value = sessionStorage.getItem(NAME) ?? "";
}

/** Looks at another. */
export function chooseHost(name: string): void {
  sessionStorage.setItem(NAME, name);
  chosenHost.value = name;
}
