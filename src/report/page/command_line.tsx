/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/**
 * A command line where there is little room.
 *
 * @module
 */
import type { JSX } from "preact";
import { fileEnd, lastCells } from "../../text/middle.ts";

/** Of the file that is always seen; style/panel.css leaves a little more room. */
const END_CELLS = 30;

/** Cut in its middle where it is too long: what is run stands in front, the file at the end. */
export function CommandLine({ text }: { text: string }): JSX.Element {
  const at = fileEnd(text);
  const end = lastCells(text.slice(0, at), END_CELLS);
  const begin = text.slice(0, at - end.length);
  return (
    <code title={text}>
      {begin !== "" && <span class="begin">{begin}</span>}
      {end + text.slice(at)}
    </code>
  );
}
