/** @jsxRuntime automatic */
/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What the report is of, and what has to be known of it.
 *
 * @module
 */
import type { ComponentChildren, JSX } from "preact";
import { clockOf, dayOf } from "../../text/clock.ts";
import { escapeText } from "../../text/escape.ts";
import { quoteArgv } from "../../text/quote.ts";
import { causeOf } from "./cause.ts";
import type { Model } from "./model.ts";
import { count, duration, percent } from "./said.ts";
import { notesOf } from "./notes.ts";
import type { State } from "./state.ts";

/** The title, the most important numbers, and notes. */
export function Header({ state }: { state: State }): JSX.Element {
  const { model } = state;
  const { frame } = model;
  const began = new Date(frame.originMs);
  return (
    <header class="top">
      <div class="title">
        <h1>{titleOf(model)}</h1>
        <p>
          {escapeText(frame.host)},{" "}
          <time dateTime={began.toISOString()}>
            {dayOf(began)} {clockOf(began)}
          </time>
          {frame.source !== null && `, seen by ${escapeText(frame.source)}`}
          {frame.accounts !== null && `, costs by ${escapeText(frame.accounts)}`}
        </p>
      </div>
      <Figures state={state} />
      <Notes model={model} />
    </header>
  );
}

/** The command line as it was typed, or what the report is called. */
export function titleOf({ frame }: Model): string {
  return frame.run === null ? escapeText(frame.title) : quoteArgv(frame.run.argv);
}

function Figures({ state }: { state: State }): JSX.Element {
  const { model } = state;
  const { frame, head } = model;
  let failed = 0;
  for (const one of model.failed) failed += one;
  const cpus = head.cpuNs / Math.max(1, frame.lengthNs);
  const cause = causeOf(model);
  return (
    <dl class="figures">
      {frame.run !== null && (
        <Figure name="ended">
          <span class={frame.run.status === 0 ? "" : "failed"}>exit {frame.run.status}</span>
        </Figure>
      )}
      <Figure name="time">{duration(model.length)}</Figure>
      <Figure name="CPU">
        {head.accounted === 0 ? "?" : duration(head.cpuNs / 1000)}
        {head.accounted > 0 && <small>{load(cpus, frame.cpus)}</small>}
      </Figure>
      <Figure name="processes">{count(model.count)}</Figure>
      <Figure name="failed">
        <button
          type="button"
          class={failed > 0 ? "failed" : "nothing"}
          disabled={failed === 0}
          title="Show those that failed alone"
          onClick={() => state.show({ kind: "failed" }, "processes")}
        >
          {count(failed)}
        </button>
      </Figure>
      {cause > head.root && (
        <Figure name="began with">
          <button
            type="button"
            class="failed"
            title="The deepest process whose failure was passed on"
            onClick={() => state.select(cause)}
          >
            {model.nameOf(cause)} <small>{model.pid[cause]}</small>
          </button>
        </Figure>
      )}
    </dl>
  );
}

function load(used: number, cpus: number | null): string {
  return cpus === null ? ` ${used.toFixed(1)} CPUs` : ` ${percent(used / cpus)} of ${cpus} CPUs`;
}

function Figure({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The first ones are to be seen; others need a hand. */
const NOTES_SHOWN = 2;

function Notes({ model }: { model: Model }): JSX.Element | null {
  const told = notesOf(model);
  if (told.length === 0) return null;
  const more = told.slice(NOTES_SHOWN);
  return (
    <div class="notes" role="note" aria-label="What has to be known">
      <NoteList notes={told.slice(0, NOTES_SHOWN)} />
      {more.length > 0 && (
        <details>
          <summary>{more.length === 1 ? "1 more note" : `${more.length} more notes`}</summary>
          <NoteList notes={more} />
        </details>
      )}
    </div>
  );
}

/** Sentences that others wrote. */
export function NoteList({ notes }: { notes: readonly string[] }): JSX.Element {
  return <ul>{notes.map((text, at) => <li key={at}>{escapeText(text)}</li>)}</ul>;
}
