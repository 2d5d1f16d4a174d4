/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What could be better, and where it is seen.
 *
 * @module
 */
import type { JSX } from "preact";
import { escapeText } from "../../text/escape.ts";
import type { State } from "./state.ts";

/** All hints; pressed, one is marked on the timeline. */
export function Hints({ state }: { state: State }): JSX.Element {
  const { hints } = state.model.head;
  const within = state.within.value;
  if (hints.length === 0) {
    return <p class="empty">Nothing that fh looks for: no serial make, tail, repeats, checks.</p>;
  }
  return (
    <ol class="hints">
      {hints.map(({ words, advice }, at) => {
        const isShown = within?.kind === "hint" && within.at === at;
        return (
          <li key={at}>
            <button
              type="button"
              aria-pressed={isShown}
              onClick={() => show(state, at, isShown)}
            >
              <b>{sentence(words)}</b> <span>{sentence(advice)}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}

function show(state: State, at: number, isShown: boolean): void {
  if (isShown) {
    state.show(null);
    return;
  }
  state.show({ kind: "hint", at });
  const { stretches, processes } = state.model.head.hints[at]!;
  const [first, last] = [stretches[0], stretches.at(-1)];
  if (processes.length === 1) state.select(processes[0]!, false);
  if (first === undefined || last === undefined) return;
  const [from, to] = state.view.value;
  if (last[1] < from || first[0] > to) state.look([first[0], last[1]]);
}

/** With a capital, but for the name of a process, and a full stop. */
export function sentence(words: string): string {
  const text = escapeText(words);
  const begin = /^\S+ \(\d+\) /.test(text) ? text.slice(0, 1) : text.slice(0, 1).toUpperCase();
  return `${begin}${text.slice(1)}${text.endsWith("…") ? "" : "."}`;
}
