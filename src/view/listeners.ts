/**
 * Who is told of forks, as tables for people.
 *
 * @module
 */
import { displayWidth, escapeText } from "./escape.ts";
import { signalName } from "./words.ts";

/** A process that is sent a signal at each fork; docs/protocol.md has the fields. */
export interface ListenerRow {
  readonly pid: number;
  readonly comm: string | null;
  readonly uid: number;
  readonly user: string | null;
  readonly sig: number;
  readonly scope: "all" | { readonly descendants_of: number };
  readonly exclusive: boolean;
  readonly threads: boolean;
  /** RFC 3339. */
  readonly since: string;
  readonly sent: number;
  readonly waiting: number;
  readonly lost: number;
}

/** A connection that is sent events. */
export interface SubscriberRow {
  readonly pid: number;
  readonly uid: number;
  readonly user: string | null;
  readonly since: string;
  readonly filter: Readonly<Record<string, unknown>> | null;
  readonly sent: number;
  readonly waiting: number;
  readonly lost: number;
}

/** The answer to `listeners`. */
export interface Listeners {
  readonly listeners: readonly ListenerRow[];
  readonly subscribers: readonly SubscriberRow[];
}

/** A column: its name, which is padded on the left where numbers stand in it. */
type Column<Row> = readonly [name: string, cell: (row: Row) => unknown, isNumber?: true];

/** The tables as lines; `head` paints the names of columns, `timeText` makes local times. */
export function renderListeners(
  { listeners, subscribers }: Listeners,
  head: (text: string) => string,
  timeText: (moment: number) => string,
): string[] {
  const since = (row: { readonly since: string }) => timeText(Date.parse(row.since));
  const counts: Column<ListenerRow | SubscriberRow>[] = [
    ["SENT", (row) => row.sent, true],
    ["WAITING", (row) => row.waiting, true],
    ["LOST", (row) => row.lost, true],
  ];
  const listenerColumns: Column<ListenerRow>[] = [
    ["LISTENER", (row) => row.pid, true],
    ["USER", (row) => row.user ?? row.uid],
    ["SINCE", since],
    ["SIGNAL", (row) => signalName(row.sig)],
    ...counts,
    ["COMM", (row) => row.comm ?? "?"],
    ["FORKS", forksOf],
  ];
  const subscriberColumns: Column<SubscriberRow>[] = [
    ["SUBSCRIBER", (row) => row.pid, true],
    ["USER", (row) => row.user ?? row.uid],
    ["SINCE", since],
    ...counts,
    ["FILTER", ({ filter }) => filterOf(filter ?? {})],
  ];
  return [
    ...table(listeners, listenerColumns, head, "no listeners"),
    "",
    ...table(subscribers, subscriberColumns, head, "no subscribers"),
  ];
}

function forksOf({ scope, exclusive, threads }: ListenerRow): string {
  const whose = typeof scope === "object" ? `by ${scope.descendants_of} and below` : "all";
  return [whose, ...threads ? ["threads"] : [], ...exclusive ? ["exclusive"] : []].join(", ");
}

function filterOf(filter: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(filter).map(([name, value]) => {
    return `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return parts.length === 0 ? "none" : parts.join(" ");
}

function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  head: (text: string) => string,
  none: string,
): string[] {
  if (rows.length === 0) return [none];
  const names = columns.map(([name]) => name);
  const cells = rows.map((row) => columns.map(([, cell]) => escapeText(String(cell(row)))));
  const widths = names.map((name, at) => {
    return Math.max(name.length, ...cells.map((line) => displayWidth(line[at]!)));
  });
  const line = (texts: readonly string[]) => {
    const padded = texts.map((text, at) => {
      const space = " ".repeat(widths[at]! - displayWidth(text));
      return columns[at]![2] ? space + text : text + space;
    });
    return padded.join("  ").trimEnd();
  };
  return [head(line(names)), ...cells.map(line)];
}
