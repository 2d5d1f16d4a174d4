/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * A table of events: what is started, what becomes of it, and what is missing.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import type { EventFields } from "./answers.ts";
import { ProcessLink } from "./parts.tsx";
import {
  clockText,
  commandLine,
  countText,
  endText,
  isFailure,
  lengthText,
  userOf,
} from "./words.ts";

/** What a table shows. */
export interface EventTableProps {
  readonly rows: readonly EventFields[];
  /** What it is a table of, for who hears it. */
  readonly label: string;
  /** Tells one row from all others. */
  keyOf(row: EventFields): string | number | undefined;
}

/** A row for each event, as wide as its command line. */
export function EventTable({ rows, label, keyOf }: EventTableProps): VNode {
  return (
    <div class="scroll events" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Event</th>
            <th scope="col" class="n">PID</th>
            <th scope="col" class="hide">User</th>
            <th scope="col" class="n">Duration</th>
            <th scope="col">Status</th>
            <th scope="col">Command</th>
          </tr>
        </thead>
        <tbody>{rows.map((row) => <EventRow key={keyOf(row)} row={row} />)}</tbody>
      </table>
    </div>
  );
}

/** A row of an event; a gap takes all of it. */
function EventRow({ row }: { readonly row: EventFields }): VNode {
  if (row.event === "gap") {
    return (
      <tr class="gap">
        <td>{clockText(row.time)}</td>
        <td colSpan={6}>{gapText(row)}</td>
      </tr>
    );
  }
  const isExit = row.event === "exit";
  return (
    <tr>
      <td>{clockText(row.time)}</td>
      <td>{row.event}</td>
      <td class="n">
        <ProcessLink id={row.id} pid={row.pid} />
      </td>
      <td class="hide">{userOf(row)}</td>
      <td class="n">{isExit ? lengthText(row.duration_ns) : ""}</td>
      <td class={isExit && isFailure(row) ? "bad" : ""}>{isExit ? endText(row) : ""}</td>
      <td class="cmd">{commandLine(row)}</td>
    </tr>
  );
}

function gapText({ reason = "", lost, since }: EventFields): string {
  const many = lost == null ? "it is not known how many" : `${countText(lost)} events`;
  return `gap: ${many} are missing since ${clockText(since ?? null)}: ${escapeText(reason)}`;
}
