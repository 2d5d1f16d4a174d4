/**
 * Which rows of `fh top` are shown, and in which order.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import type { TopColumn, TopKey } from "./columns.ts";
import { type Group, livingParent, type TopRow } from "./row.ts";

/** What is wanted. */
export interface Order {
  readonly key: TopKey;
  readonly sort: TopColumn;
  readonly isReversed: boolean;
  /** A part of the name or the command line; small letters mean large ones, too. */
  readonly filter: string;
  /** Subtrees of which what is below is shown as well. */
  readonly open: ReadonlySet<Group>;
}

/** A row with its place. */
export interface PlacedRow {
  readonly row: TopRow;
  /** How many subtrees it is in. */
  readonly depth: number;
  /** Whether something is below it. */
  readonly hasMore: boolean;
}

/** The rows in their order; `textOf` is what the filter is looked for in. */
export function placeRows(
  rows: readonly TopRow[],
  order: Order,
  textOf: (row: TopRow) => string,
): PlacedRow[] {
  const sorted = [...rows].sort(comparison(order, textOf));
  const filter = order.filter.toLowerCase();
  const found = filter === ""
    ? sorted
    : sorted.filter((row) => textOf(row).toLowerCase().includes(filter));
  if (order.key === "subtree" && filter === "") return subtrees(found, order.open);
  return found.map((row) => ({ row, depth: 0, hasMore: false }));
}

/** What is not below anything that has a row is open from the beginning. */
function subtrees(rows: readonly TopRow[], open: ReadonlySet<Group>): PlacedRow[] {
  const below = new Map<Process | null, TopRow[]>();
  const groups = new Set(rows.map(({ group }) => group));
  for (const row of rows) {
    const parent = livingParent(row.group as Process, groups);
    const siblings = below.get(parent);
    if (siblings === undefined) below.set(parent, [row]);
    else siblings.push(row);
  }
  const placed: PlacedRow[] = [];
  const waiting = (below.get(null) ?? []).map((row) => ({ row, depth: 0 })).reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { row, depth } = next;
    const children = below.get(row.group as Process) ?? [];
    placed.push({ row, depth, hasMore: children.length > 0 });
    if (open.has(row.group) === (depth === 0)) continue;
    for (const child of [...children].reverse()) waiting.push({ row: child, depth: depth + 1 });
  }
  return placed;
}

function comparison(
  { sort, isReversed }: Order,
  textOf: (row: TopRow) => string,
): (a: TopRow, b: TopRow) => number {
  const sign = isReversed ? -1 : 1;
  return (a, b) => {
    if ((a.endedAt === null) !== (b.endedAt === null)) return a.endedAt === null ? -1 : 1;
    const by = sort === "name"
      ? compareTexts(textOf(a), textOf(b))
      : (b[sort] ?? -1) - (a[sort] ?? -1);
    return sign * by || b.cpu - a.cpu || b.memory - a.memory;
  };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
