/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Who started whom, live: the dead are greyed, and stay for a while.
 *
 * @module
 */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { escapeText } from "../../text/escape.ts";
import { places } from "./about.ts";
import { Live, type LiveState } from "./live.ts";
import { Failed, NotLive, TextField, ViewHead } from "./parts.tsx";
import { replaceParams, route } from "./route.ts";
import { TreeModel, type TreeRow } from "./tree_model.ts";
import { commandLine, countText, endText, userOf } from "./words.ts";

const ROW = 24;
const INDENT = 16;
/** Rows beyond those that are seen. */
const SPARE = 10;
const DRAW_MS = 300;

/** The view. */
export function TreeView(): VNode {
  return places().live ? <LiveTree /> : <NotLive title="Tree" />;
}

function LiveTree(): VNode {
  const { query = "", pid = "", p = "" } = route.value.params;
  const { model, state, why, turn } = useTree(pid);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const rows = model.rows(closed, query);
  const toggle = (id: string) => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
  };
  return (
    <>
      <ViewHead title="Tree" />
      <form class="row" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          Search
          <input
            type="text"
            name="query"
            value={query}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => replaceParams({ query: event.currentTarget.value })}
          />
        </label>
        <TextField
          name="pid"
          label="Below pid"
          value={pid}
          onChange={(value) => replaceParams({ pid: value })}
        />
      </form>
      <Failed error={state === "refused" ? why : null} />
      <p class="faint" role="status">
        {state === "live"
          ? `${countText(model.living)} run; ${countText(rows.length)} shown`
          : `${state}${why === "" ? "" : `: ${escapeText(why)}`}`}
      </p>
      <TreeList rows={rows} turn={turn} chosen={p} toggle={toggle} />
    </>
  );
}

function useTree(pid: string): {
  readonly model: TreeModel;
  readonly state: LiveState;
  readonly why: string;
  readonly turn: number;
} {
  const model = useRef(new TreeModel());
  const [turn, setTurn] = useState(0);
  const [[state, why], setState] = useState<readonly [LiveState, string]>(["connecting", ""]);
  useEffect(() => {
    model.current = new TreeModel();
    let isNew = false;
    const filter = { event: ["fork", "exec", "exit"], ...pid === "" ? {} : { pid } };
    const live = new Live({ filter, snapshot: true }, {
      onEvent: (event) => {
        model.current.add(event);
        isNew = true;
      },
      onState: (state, why) => setState([state, why]),
    });
    const timer = setInterval(() => {
      if (isNew) setTurn((last) => last + 1);
      isNew = false;
    }, DRAW_MS);
    return () => {
      clearInterval(timer);
      live.close();
    };
  }, [pid]);
  return { model: model.current, state, why, turn };
}

/** Only rows that are seen are in the page; arrow keys move, Enter opens all of a process. */
function TreeList({ rows, chosen, toggle }: {
  readonly rows: readonly TreeRow[];
  readonly turn: number;
  readonly chosen: string;
  toggle(id: string): void;
}): VNode {
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [focused, setFocused] = useState("");
  const height = list.current?.clientHeight ?? 600;
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW) + SPARE);
  const at = rows.findIndex(({ node }) => node.id === focused);
  const move = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (row === undefined) return;
    setFocused(row.node.id);
    const y = rows.indexOf(row) * ROW;
    const box = list.current!;
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + ROW > box.scrollTop + box.clientHeight) box.scrollTop = y + ROW - box.clientHeight;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at];
    const page = Math.floor(height / ROW) - 1;
    const steps: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(Math.max(0, at - 1)),
      PageDown: () => move(at + page),
      PageUp: () => move(Math.max(0, at - page)),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowLeft: () => row?.isOpen && toggle(row.node.id),
      ArrowRight: () => row !== undefined && !row.isOpen && toggle(row.node.id),
      Enter: () => row !== undefined && replaceParams({ p: row.node.id }),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    step();
  };
  return (
    <div
      ref={list}
      class="tree"
      role="tree"
      tabIndex={0}
      aria-label="Processes"
      aria-activedescendant={at >= first && at < last ? `row-${focused}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      onFocus={() => focused === "" && move(0)}
    >
      <div class="spacer" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
        {rows.slice(first, last).map((row, index) => (
          <Row
            key={row.node.id}
            row={row}
            top={(first + index) * ROW}
            isChosen={row.node.id === chosen || row.node.id === focused}
            toggle={toggle}
          />
        ))}
      </div>
    </div>
  );
}

function Row({ row: { node, depth, isOpen }, top, isChosen, toggle }: {
  readonly row: TreeRow;
  readonly top: number;
  readonly isChosen: boolean;
  toggle(id: string): void;
}): VNode {
  const hasChildren = node.children.size > 0;
  const end = node.end === null ? "" : ` (${endText(node.end)})`;
  return (
    <div
      id={`row-${node.id}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={isChosen}
      aria-expanded={hasChildren ? isOpen : undefined}
      class={node.end === null ? "" : "dead"}
      style={{ top: `${top}px`, paddingLeft: `${depth * INDENT + 4}px` }}
      onClick={() => replaceParams({ p: node.id })}
    >
      <span
        class="twist"
        aria-hidden="true"
        onClick={(event) => {
          if (!hasChildren) return;
          event.stopPropagation();
          toggle(node.id);
        }}
      >
        {hasChildren ? (isOpen ? "▾" : "▸") : ""}
      </span>
      {node.pid} {userOf(node.last)} {commandLine(node.last)}
      {end}
    </div>
  );
}
