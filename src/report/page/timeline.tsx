/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The timeline: the strip, the bars, and what the colours say.
 *
 * @module
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Board } from "./board.ts";
import { inkOf } from "./colours.ts";
import { press, TIMELINE_KEYS } from "./keys.ts";
import { count } from "./said.ts";
import type { State } from "./state.ts";

/** Bars of all processes. */
export function Timeline({ state }: { state: State }): JSX.Element {
  const root = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const part = <T extends HTMLElement>(name: string) =>
      root.current!.querySelector<T>(`.${name}`)!;
    const board = new Board(state, {
      strip: part<HTMLCanvasElement>("strip"),
      lanes: part("lanes"),
      bars: part<HTMLCanvasElement>("bars"),
      over: part<HTMLCanvasElement>("over"),
      spacer: part("spacer"),
      tip: part("tip"),
    });
    return () => board.close();
  }, []);
  const says = `${count(state.model.count)} processes, each a bar below the one that started it; ` +
    "arrows move, plus and minus zoom, Shift and arrows choose a relative; the table of " +
    "processes has the same";
  return (
    <section
      class="timeline"
      ref={root}
      aria-label="Timeline"
      style={{ "--lanes": String(state.lanes.count) }}
    >
      <StripLegend state={state} />
      <div class="strip-box">
        <canvas
          class="strip"
          role="img"
          aria-label="How many processes were at work and how many CPUs they used, over time"
        />
      </div>
      <div
        class="lanes"
        tabIndex={0}
        role="application"
        aria-label="Bars of the processes"
        aria-description={says}
        onKeyDown={(event) => press(state, TIMELINE_KEYS, event)}
      >
        <div class="stage">
          <canvas class="bars" aria-hidden="true" />
          <canvas class="over" aria-hidden="true" />
          <div class="tip" aria-hidden="true" hidden />
        </div>
        <div class="spacer" />
      </div>
      <Legend state={state} />
    </section>
  );
}

function StripLegend({ state }: { state: State }): JSX.Element {
  const ink = inkOf(state.isDark.value);
  return (
    <ul class="strip-legend" aria-label="What the curves are">
      <li title="Processes that live and have no child that lives: all others wait for one">
        <Swatch colour={ink.working} /> at work
      </li>
      {state.load.cpus !== null &&
        (
          <li title="CPU time of each process, spread evenly over its life">
            <Swatch colour={ink.cpu} isLine /> CPUs used
          </li>
        )}
      {state.model.frame.gaps.length > 0 && (
        <li title="Something was lost then, or nobody looked">
          <Swatch colour={ink.mark} /> events lost
        </li>
      )}
    </ul>
  );
}

function Legend({ state }: { state: State }): JSX.Element {
  const { legend } = state.paint.value;
  const within = state.within.value;
  return (
    <ul class="legend" aria-label="What the colours say">
      {legend.map(({ label, colour, command }) => (
        <li key={label}>
          {command === undefined
            ? (
              <span class="entry">
                <Swatch colour={colour} />
                {label}
              </span>
            )
            : (
              <button
                type="button"
                class="entry"
                aria-pressed={within?.kind === "command" && within.name === command}
                title={`Show ${command} alone`}
                onClick={() => toggle(state, command)}
              >
                <Swatch colour={colour} />
                {label}
              </button>
            )}
        </li>
      ))}
    </ul>
  );
}

function toggle(state: State, name: string): void {
  const within = state.within.value;
  const isShown = within?.kind === "command" && within.name === name;
  state.show(isShown ? null : { kind: "command", name });
}

/** A colour. */
export function Swatch({ colour, isLine }: { colour: string; isLine?: boolean }): JSX.Element {
  return <i class={isLine ? "swatch line" : "swatch"} style={{ background: colour }} />;
}
