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
import { cpuText } from "./sums.ts";
import {
  bytesText,
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
  /** What has ended is shown with what it has cost. */
  readonly hasCosts?: boolean;
}

/** A row for each event, as wide as its command line. */
export function EventTable({ rows, label, keyOf, hasCosts = false }: EventTableProps): VNode {
  const hasHost = rows.some(({ host }) => host !== undefined);
  return (
    <div
      class={hasCosts ? "scroll events costs" : "scroll events"}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {hasHost && <th scope="col">Host</th>}
            <th scope="col" class="hide">Event</th>
            <th scope="col" class="n">PID</th>
            <th scope="col" class="hide">User</th>
            <th scope="col" class="n hide">Duration</th>
            <th scope="col">Status</th>
            {hasCosts && <th scope="col" class="n hide">CPU</th>}
            {hasCosts && <th scope="col" class="n hide">Memory</th>}
            <th scope="col">Command</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <EventRow key={keyOf(row)} row={row} hasCosts={hasCosts} hasHost={hasHost} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A row of an event; a gap takes all of it. */
function EventRow({ row, hasCosts, hasHost }: {
  readonly row: EventFields;
  readonly hasCosts: boolean;
  readonly hasHost: boolean;
}): VNode {
  const host = hasHost && <td>{escapeText(row.host ?? "")}</td>;
  if (row.event === "gap") {
    return (
      <tr class="gap">
        <td>{clockText(row.time)}</td>
        {host}
        <td colSpan={hasCosts ? 8 : 6}>{gapText(row)}</td>
      </tr>
    );
  }
  const isExit = row.event === "exit";
  return (
    <tr>
      <td>{clockText(row.time)}</td>
      {host}
      <td class="hide">{row.event}</td>
      <td class="n">
        <ProcessLink id={row.id} pid={row.pid} />
      </td>
      <td class="hide">{userOf(row)}</td>
      <td class="n hide">{isExit ? lengthText(row.duration_ns) : ""}</td>
      <td class={isExit && isFailure(row) ? "bad" : ""}>{isExit ? endText(row) : ""}</td>
      {hasCosts && <td class="n hide">{row.cost == null ? "?" : cpuText(row.cost)}</td>}
      {hasCosts && <td class="n hide">{bytesText(row.cost?.peak_bytes ?? null)}</td>}
      <td class="cmd">{commandLine(row)}</td>
    </tr>
  );
}

function gapText({ reason = "", lost, since }: EventFields): string {
  const many = lost == null ? "it is not known how many" : `${countText(lost)} events`;
  return `gap: ${many} are missing since ${clockText(since ?? null)}: ${escapeText(reason)}`;
}
