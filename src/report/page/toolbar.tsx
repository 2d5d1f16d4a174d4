/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Search, colours, zoom, and what is shown alone.
 *
 * @module
 */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { COLOURINGS } from "./colours.ts";
import { count, duration } from "./said.ts";
import type { State, Within } from "./state.ts";

/** A moment between two letters: then it is searched. */
const PAUSE_MS = 120;
const SAYS = { command: "command", outcome: "outcome", cpu: "CPU share" } as const;

/** A row of controls above the timeline. */
export function Toolbar({ state }: { state: State }): JSX.Element {
  const { model } = state;
  const [from, to] = state.view.value;
  const isWhole = from <= 0 && to >= model.length;
  const middle = (from + to) / 2;
  return (
    <div class="toolbar" role="toolbar" aria-label="Timeline">
      <Search state={state} />
      <Alone state={state} />
      <span class="space" />
      <div class="choice" role="group" aria-label="What colours say">
        {COLOURINGS.map((colouring) => (
          <button
            key={colouring}
            type="button"
            aria-pressed={state.colouring.value === colouring}
            onClick={() => state.colouring.value = colouring}
          >
            {SAYS[colouring]}
          </button>
        ))}
      </div>
      {model.path.length > 0 && (
        <button
          type="button"
          class="tool"
          aria-pressed={state.isPathShown.value}
          title="A line through what everything waited for"
          onClick={() => state.isPathShown.value = !state.isPathShown.value}
        >
          critical path
        </button>
      )}
      <div class="choice" role="group" aria-label="Zoom">
        <button type="button" aria-label="Further away" onClick={() => state.zoom(1.6, middle)}>
          −
        </button>
        <button
          type="button"
          title="Show all of it"
          disabled={isWhole}
          onClick={() => state.look([0, model.length])}
        >
          {duration(to - from)}
        </button>
        <button type="button" aria-label="Closer" onClick={() => state.zoom(0.6, middle)}>+</button>
      </div>
      <button
        type="button"
        class="tool"
        aria-label="Help: keys and mouse"
        onClick={() => state.isHelpOpen.value = true}
      >
        ?
      </button>
    </div>
  );
}

function Search({ state }: { state: State }): JSX.Element {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const matches = state.matches.value;
  const found = matches?.reduce((sum, one) => sum + one, 0);
  return (
    <div class="search" role="search" aria-label="Search">
      <input
        id="search"
        type="search"
        placeholder="Search: command, file, user, pid"
        aria-label="Search the processes"
        value={state.query.value}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => state.query.value = value, PAUSE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && found !== 0) state.tab.value = "processes";
          if (event.key === "Escape") {
            state.query.value = "";
            event.currentTarget.blur();
          }
        }}
      />
      <output aria-live="polite">{found === undefined ? "" : `${count(found)} found`}</output>
    </div>
  );
}

function Alone({ state }: { state: State }): JSX.Element | null {
  const within = state.within.value;
  if (within === null) return null;
  return (
    <button
      type="button"
      class="alone"
      aria-label={`Only ${withinWords(state, within)}; show all`}
      onClick={() => state.show(null)}
    >
      only {withinWords(state, within)} <i>×</i>
    </button>
  );
}

function withinWords(state: State, within: Within): string {
  const { model } = state;
  if (within.kind === "failed") return "what failed";
  if (within.kind === "command") return within.name;
  if (within.kind === "hint") return `what hint ${within.at + 1} is about`;
  if (within.kind === "flame") return `${state.flame.nodes[within.key]!.name} in the flame graph`;
  return `${model.nameOf(within.place)} ${model.pid[within.place]} and what it started`;
}
