/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * A page of two runs: their timelines, one above the other on the same scale, and the commands
 * that are different. Those of a row are hints of both sides, and shown as these are.
 *
 * @module
 */
import { batch, effect, type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { clockOf, dayOf } from "../../text/clock.ts";
import { escapeText } from "../../text/escape.ts";
import { CommandLine } from "./command_line.tsx";
import { Details } from "./details.tsx";
import type { DiffPage, DiffRow } from "./diff_data.ts";
import { titleOf } from "./header.tsx";
import { KEYS, press } from "./keys.ts";
import { duration } from "./said.ts";
import type { State } from "./state.ts";
import { type Column, Table } from "./table.tsx";
import { Timeline } from "./timeline.tsx";

/** Keys of what this page has not. */
const ELSEWHERE: ReadonlySet<string> = new Set(["/", "?"]);
const DIFF_KEYS = KEYS.filter(({ key }) => !ELSEWHERE.has(key));
/** Rows that are printed. */
const PRINTED_MAX = 40;

/** What a page of two runs shows. */
export interface DiffProps {
  readonly diff: DiffPage;
  readonly before: State;
  readonly after: State;
}

/** All of it. */
export function DiffApp(props: DiffProps): JSX.Element {
  const { diff, before, after } = props;
  const active = useMemo(() => signal<State>(before), []);
  const row = useMemo(() => signal(-1), []);
  useEffect(() => together(props, active, row), []);
  useEffect(() => {
    const act = (event: KeyboardEvent) => void press(active.value, DIFF_KEYS, event);
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  }, []);
  const chosen = [before, after].find((state) => state.selected.value >= 0);
  return (
    <div class={chosen === undefined ? "page diff" : "page diff with-details"}>
      <DiffHeader diff={diff} />
      <main>
        <Side name="Before" state={before} runs={diff.runs[0]} active={active} />
        <Side name="After" state={after} runs={diff.runs[1]} active={active} />
        <section class="panel" aria-label="Commands that are different">
          <Changes rows={diff.rows} row={row} />
        </section>
      </main>
      {chosen !== undefined && <Details state={chosen} hasFlame={false} />}
      <PrintedChanges rows={diff.rows} />
    </div>
  );
}

/** What is done on one side is done on the other, and stands in the fragment of the address. */
function together(
  { diff, before, after }: DiffProps,
  active: Signal<State>,
  row: Signal<number>,
): () => void {
  const sides = [before, after];
  const said = Number(new URLSearchParams(location.hash.slice(1)).get("change") ?? NaN);
  if (diff.rows[said] !== undefined) row.value = said;
  const ends = [
    ...sides.map((state, at) => effect(() => follow(state, sides[1 - at]!))),
    ...sides.map((state, at) =>
      effect(() => {
        if (state.selected.value < 0) return;
        active.value = state;
        sides[1 - at]!.select(-1);
      })
    ),
    effect(() => {
      const at = row.value;
      batch(() => sides.forEach((state) => state.show(at < 0 ? null : { kind: "hint", at })));
      const hash = at < 0 ? "" : `#change=${at}`;
      if (hash !== location.hash) {
        history.replaceState(null, "", hash || location.pathname + location.search);
      }
    }),
    // Escape lets go of what is shown alone.
    effect(() => {
      if (sides.some(({ within }) => within.value === null)) row.value = -1;
    }),
  ];
  return () => ends.forEach((end) => end());
}

function follow(from: State, to: State): void {
  const [view, colouring, isPathShown] = [
    from.view.value,
    from.colouring.value,
    from.isPathShown.value,
  ];
  batch(() => {
    to.view.value = view;
    to.colouring.value = colouring;
    to.isPathShown.value = isPathShown;
  });
}

function DiffHeader({ diff }: { diff: DiffPage }): JSX.Element {
  return (
    <header class="top">
      <div class="title">
        <h1>{diff.headline}</h1>
      </div>
      <dl class="figures">
        {diff.wholes.map(([name, before, after, change]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {before} → {after} <small>{change}</small>
            </dd>
          </div>
        ))}
      </dl>
      {diff.notes.length > 0 && (
        <ul class="diff-notes">
          {diff.notes.map((note) => <li key={note}>{escapeText(note)}</li>)}
        </ul>
      )}
    </header>
  );
}

interface SideProps {
  readonly name: string;
  readonly state: State;
  readonly runs: number;
  readonly active: Signal<State>;
}

function Side({ name, state, runs, active }: SideProps): JSX.Element {
  const { model } = state;
  const { frame } = model;
  const began = new Date(frame.originMs);
  const which = runs > 1 ? `, the run of median time of ${runs}` : "";
  const lasted = duration(model.end.reduce((most, end) => Math.max(most, end), 0));
  return (
    <section
      class="side"
      onPointerDown={() => active.value = state}
      onFocusCapture={() => active.value = state}
    >
      <h2>
        {name}: <CommandLine text={titleOf(model)} />{" "}
        <small>
          {lasted} on {escapeText(frame.host)}, {dayOf(began)} {clockOf(began)}
          {which}
        </small>
      </h2>
      <Timeline state={state} />
    </section>
  );
}

function Changes({ rows, row }: { rows: readonly DiffRow[]; row: Signal<number> }): JSX.Element {
  const all = useMemo(() => rows.map((_, at) => at), []);
  const columns = useMemo(() => columnsOf(rows), []);
  return (
    <Table
      label="Commands that are different"
      rows={all}
      columns={columns}
      sortedBy={0}
      isReversed
      selected={row.value}
      onSelect={(at) => row.value = at === row.value ? -1 : at}
    />
  );
}

/** The order in which the rows came is that of the first column. */
function columnsOf(rows: readonly DiffRow[]): Column[] {
  const number = (
    name: string,
    title: string,
    key: "waited" | "before" | "after" | "cpu" | "count" | "failed",
  ): Column => ({
    name,
    title,
    width: "84px",
    isNumber: true,
    cell: (at) => rows[at]![`${key}Text`],
    key: (at) => rows[at]![key] ?? -Infinity,
  });
  return [
    { name: "what", width: "108px", cell: (at) => rows[at]!.change, key: (at) => at },
    number("waited", "How much longer the end of the run waited for it and nothing else", "waited"),
    number("before", "How long all of them lived before", "before"),
    number("after", "How long all of them lived after", "after"),
    number("CPU", "How much more CPU time they took", "cpu"),
    number("count", "How many there were", "count"),
    number("failed", "How many of them failed", "failed"),
    {
      name: "command",
      title: "% stands for what is different each time",
      width: "minmax(320px, 1fr)",
      cell: (at) => <CommandLine text={escapeText(rows[at]!.command)} />,
      key: (at) => rows[at]!.command,
    },
  ];
}

function PrintedChanges({ rows }: { rows: readonly DiffRow[] }): JSX.Element {
  return (
    <div class="printed" aria-hidden="true">
      <h2>Commands that are different</h2>
      <table>
        <tr>
          {["command", "waited", "before", "after"].map((name) => <th key={name}>{name}</th>)}
        </tr>
        {rows.slice(0, PRINTED_MAX).map((one, at) => (
          <tr key={at}>
            <td>
              {one.change}: <code>{escapeText(one.command)}</code>
            </td>
            <td>{one.waitedText}</td>
            <td>{one.beforeText}</td>
            <td>{one.afterText}</td>
          </tr>
        ))}
      </table>
      {rows.length > PRINTED_MAX && <p>and {rows.length - PRINTED_MAX} more</p>}
    </div>
  );
}
