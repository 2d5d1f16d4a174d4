/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Tables of any length: only the rows that are seen are there.
 *
 * @module
 */
import { signal } from "@preact/signals";
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

/** Pixels. */
const ROW_HEIGHT = 26;
/** Rows beyond those that are seen. */
const MORE_ROWS = 8;

/** A column of a table whose rows are numbers. */
export interface Column {
  readonly name: string;
  /** What it is, where the name does not say so. */
  readonly title?: string;
  /** A width as CSS grids have it. */
  readonly width: string;
  readonly isNumber?: boolean;
  readonly cell: (row: number) => ComponentChildren;
  /** What it is sorted by; the largest number, or the first text, comes first. */
  readonly key: (row: number) => number | string;
}

/** What a table shows. */
export interface TableProps {
  readonly label: string;
  readonly rows: ArrayLike<number>;
  readonly columns: readonly Column[];
  /** Index of the column that it is sorted by at first. */
  readonly sortedBy: number;
  readonly isReversed?: boolean;
  /** The row that is chosen; -1 for none. */
  readonly selected: number;
  readonly onSelect: (row: number) => void;
  readonly onOpen?: (row: number) => void;
}

/** A table with a heading that sorts. */
export function Table(props: TableProps): JSX.Element {
  const { label, columns, selected, onSelect, onOpen } = props;
  const box = useRef<HTMLDivElement>(null);
  const order = useMemo(() => signal({ by: props.sortedBy, isReversed: !!props.isReversed }), []);
  const { by, isReversed } = order.value;
  const rows = useMemo(
    () => sorted(props.rows, columns[by]!.key, isReversed),
    [props.rows, by, isReversed],
  );
  const virtual = useVirtual(box, rows.length);
  const at = useMemo(() => rows.indexOf(selected), [rows, selected]);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at]);
  const move = (event: KeyboardEvent) => {
    const next = nextOf(event.key, at, rows.length);
    if (event.key === "Enter" && at >= 0) onOpen?.(rows[at]!);
    else if (next !== null && rows.length > 0) onSelect(rows[next]!);
    else return;
    event.preventDefault();
  };
  const template = { gridTemplateColumns: columns.map(({ width }) => width).join(" ") };
  return (
    <div
      class="table"
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={at >= 0 ? `${idOf(label)}-${rows[at]}` : undefined}
      tabIndex={0}
      onKeyDown={move}
      ref={box}
    >
      <div class="row head" role="row" aria-rowindex={1} style={template}>
        {columns.map((column, index) => (
          <Heading
            key={column.name}
            column={column}
            sort={index === by ? (isReversed ? "ascending" : "descending") : "none"}
            onSort={() => order.value = { by: index, isReversed: index === by && !isReversed }}
          />
        ))}
      </div>
      <div class="rows" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map(({ index, start }) => (
          <div
            key={rows[index]}
            id={`${idOf(label)}-${rows[index]}`}
            class={index === at ? "row chosen" : "row"}
            role="row"
            aria-rowindex={index + 2}
            aria-selected={index === at}
            style={{ ...template, transform: `translateY(${start}px)` }}
            onClick={() => onSelect(rows[index]!)}
            onDblClick={() => onOpen?.(rows[index]!)}
          >
            {columns.map(({ name, cell, isNumber }) => (
              <span key={name} role="gridcell" class={isNumber ? "cell number" : "cell"}>
                {cell(rows[index]!)}
              </span>
            ))}
          </div>
        ))}
      </div>
      {rows.length === 0 && <p class="empty">Nothing is like that.</p>}
    </div>
  );
}

interface HeadingProps {
  readonly column: Column;
  readonly sort: "none" | "ascending" | "descending";
  readonly onSort: () => void;
}

function Heading({ column: { name, title, isNumber }, sort, onSort }: HeadingProps): JSX.Element {
  const arrow = sort === "none" ? "" : sort === "descending" ? "▾" : "▴";
  return (
    <span role="columnheader" aria-sort={sort} class={isNumber ? "cell number" : "cell"}>
      <button type="button" title={title} onClick={onSort}>
        {name}
        <i>{arrow}</i>
      </button>
    </span>
  );
}

function idOf(label: string): string {
  return label.replaceAll(" ", "-");
}

function nextOf(key: string, at: number, count: number): number | null {
  if (key === "ArrowDown") return Math.min(count - 1, at + 1);
  if (key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}

function sorted(
  rows: ArrayLike<number>,
  key: (row: number) => number | string,
  isReversed: boolean,
): number[] {
  const all = Array.from(rows);
  const keys = all.map(key);
  const order = [...all.keys()].sort((a, b) => compare(keys[a]!, keys[b]!) || all[a]! - all[b]!);
  if (isReversed) order.reverse();
  return order.map((at) => all[at]!);
}

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" ? (b as number) - a : a < b ? -1 : a > b ? 1 : 0;
}

function useVirtual(
  box: { readonly current: HTMLDivElement | null },
  count: number,
): Virtualizer<HTMLDivElement, HTMLDivElement> {
  const [, again] = useState(0);
  const options = {
    count,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: MORE_ROWS,
    scrollPaddingStart: ROW_HEIGHT,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => again((times) => times + 1),
  };
  const virtual = useMemo(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options), []);
  virtual.setOptions(options);
  useEffect(() => virtual._didMount(), []);
  useEffect(() => virtual._willUpdate());
  return virtual;
}
