/**
 * Who is told of forks, as tables for people.
 *
 * @module
 */
import { type Column, table, type TableStyle } from "../text/table.ts";
import { signalName } from "../text/words.ts";

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

/** The tables as lines; `timeText` makes local times. */
export function renderListeners(
  { listeners, subscribers }: Listeners,
  style: TableStyle,
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
    ["SINCE", since, false, 1],
    ["SIGNAL", (row) => signalName(row.sig)],
    ...counts,
    ["COMM", (row) => row.comm ?? "?", false, 2],
    ["FORKS", forksOf],
  ];
  const subscriberColumns: Column<SubscriberRow>[] = [
    ["SUBSCRIBER", (row) => row.pid, true],
    ["USER", (row) => row.user ?? row.uid],
    ["SINCE", since, false, 1],
    ...counts,
    ["FILTER", ({ filter }) => filterOf(filter ?? {})],
  ];
  return [
    ...listeners.length === 0 ? ["no listeners"] : table(listeners, listenerColumns, style),
    "",
    ...subscribers.length === 0 ? ["no subscribers"] : table(subscribers, subscriberColumns, style),
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
