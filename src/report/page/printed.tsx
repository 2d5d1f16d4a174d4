/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What is on paper only: sums, hints and failures, which a screen has in parts that scroll.
 *
 * @module
 */
import type { JSX } from "preact";
import { NoteList } from "./header.tsx";
import { sentence } from "./hints.tsx";
import { notesOf } from "./notes.ts";
import { count, duration, ending } from "./said.ts";
import type { State } from "./state.ts";

const COMMANDS_MAX = 25;
const FAILED_MAX = 25;
const HEADINGS = ["command", "count", "failed", "own time", "CPU"];

/** Tables with all of their rows, the first of many. */
export function Printed({ state }: { state: State }): JSX.Element {
  const { model, commands } = state;
  const failed: number[] = [];
  for (let place = 0; place < model.count && failed.length < FAILED_MAX; place++) {
    if (model.failed[place] === 1) failed.push(place);
  }
  const notes = notesOf(model);
  return (
    <div class="printed" aria-hidden="true">
      {notes.length > 0 && <h2>Notes</h2>}
      <NoteList notes={notes} />
      {model.head.hints.length > 0 && <h2>Hints</h2>}
      <ul>
        {model.head.hints.map(({ words, advice }, at) => (
          <li key={at}>{sentence(words)} {sentence(advice)}</li>
        ))}
      </ul>
      {failed.length > 0 && <h2>Failed</h2>}
      <ul>
        {failed.map((place) => (
          <li key={place}>
            {ending(model, place)}: <code>{model.commandOf(place)}</code>
          </li>
        ))}
      </ul>
      <h2>Commands</h2>
      <table>
        <tr>{HEADINGS.map((name) => <th key={name}>{name}</th>)}</tr>
        {commands.slice(0, COMMANDS_MAX).map((sum) => (
          <tr key={sum.name}>
            <td>{sum.name}</td>
            <td>{count(sum.count)}</td>
            <td>{count(sum.failed)}</td>
            <td>{duration(sum.own)}</td>
            <td>{sum.accounted === 0 ? "?" : duration(sum.cpu)}</td>
          </tr>
        ))}
      </table>
      {commands.length > COMMANDS_MAX && <p>and {count(commands.length - COMMANDS_MAX)} more</p>}
    </div>
  );
}
