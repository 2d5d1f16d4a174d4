/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Keys and mouse.
 *
 * @module
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Key, KEYS, TIMELINE_KEYS } from "./keys.ts";
import type { State } from "./state.ts";

const MOUSE = [
  ["wheel", "zoom"],
  ["drag", "move"],
  ["drag on the curves", "zoom to what was drawn over"],
  ["click", "choose"],
  ["double click", "fill the timeline with it; beside the bars: all of it"],
  ["Shift+wheel", "scroll up and down"],
] as const;
const SIGNS: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
};

/** A dialogue, where it is open. */
export function Help({ state }: { state: State }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = state.isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const close = () => state.isHelpOpen.value = false;
  return (
    <dialog ref={dialog} class="help" aria-label="Help" onClose={close}>
      <h2>Keys</h2>
      <Rows rows={[...KEYS, ...TIMELINE_KEYS].flatMap(wordsOf)} />
      <h2>Mouse</h2>
      <Rows rows={MOUSE} />
      <p>
        The address has what is looked at: a link to this page shows the same. Figures of one
        process are exact within one in a hundred.
      </p>
      <button type="button" class="tool" onClick={close}>Close</button>
    </dialog>
  );
}

function wordsOf({ key, says }: Key): (readonly [string, string])[] {
  const sign = key.replace(/\w+$/, (name) => SIGNS[name] ?? name);
  return says === undefined ? [] : [[sign, says]];
}

function Rows({ rows }: { rows: readonly (readonly [string, string])[] }): JSX.Element {
  return (
    <dl>
      {rows.map(([key, says]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{says}</dd>
        </div>
      ))}
    </dl>
  );
}
