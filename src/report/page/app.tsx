/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The page.
 *
 * @module
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Details } from "./details.tsx";
import { FlameGraph } from "./flame_view.tsx";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { Hints } from "./hints.tsx";
import { KEYS, press } from "./keys.ts";
import { Printed } from "./printed.tsx";
import { count } from "./said.ts";
import { type State, type Tab, TABS } from "./state.ts";
import { Commands, Processes } from "./tables.tsx";
import { Timeline } from "./timeline.tsx";
import { Toolbar } from "./toolbar.tsx";

const NAMES: Readonly<Record<Tab, string>> = {
  hints: "Hints",
  commands: "Commands",
  processes: "Processes",
  flame: "Flame graph",
};

/** All of it. */
export function App({ state }: { state: State }): JSX.Element {
  useEffect(() => {
    const act = (event: KeyboardEvent) => {
      const isField = event.target instanceof HTMLInputElement;
      if (!isField && !state.isHelpOpen.value) press(state, KEYS, event);
    };
    addEventListener("keydown", act);
    return () => removeEventListener("keydown", act);
  }, []);
  return (
    <div class={state.selected.value < 0 ? "page" : "page with-details"}>
      <Header state={state} />
      <main>
        <Toolbar state={state} />
        <Timeline state={state} />
        <Panel state={state} />
      </main>
      <Details state={state} />
      <Printed state={state} />
      <Help state={state} />
    </div>
  );
}

function Panel({ state }: { state: State }): JSX.Element {
  const tab = state.tab.value;
  const bar = useRef<HTMLDivElement>(null);
  const turn = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length]!;
    state.tab.value = next;
    bar.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <section class="panel">
      <div class="tabs" role="tablist" aria-label="Below the timeline" ref={bar} onKeyDown={turn}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            id={`tab-${name}`}
            role="tab"
            aria-selected={tab === name}
            aria-controls="panel"
            tabIndex={tab === name ? 0 : -1}
            onClick={() => state.tab.value = name}
          >
            {NAMES[name]} <small>{sizeOf(state, name)}</small>
          </button>
        ))}
      </div>
      <div class="panel-body" id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === "hints" && <Hints state={state} />}
        {tab === "commands" && <Commands state={state} />}
        {tab === "processes" && <Processes state={state} />}
        {tab === "flame" && <FlameGraph state={state} />}
      </div>
    </section>
  );
}

function sizeOf({ model, commands }: State, tab: Tab): string {
  if (tab === "hints") return count(model.head.hints.length);
  if (tab === "commands") return count(commands.length);
  return tab === "processes" ? count(model.count) : "";
}
