/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * The timeline of a stretch, as reports have it; findings and gaps are marked on it.
 *
 * @module
 */
import { effect } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { pageData } from "../../report/columns.ts";
import { Model } from "../../report/page/model.ts";
import { State } from "../../report/page/state.ts";
import { Timeline } from "../../report/page/timeline.tsx";
import type { EventFields, FindingFields, TreeFields } from "./answers.ts";
import { ApiError, ask, type Note } from "./api.ts";
import { Failed, Notes, useAnswer } from "./parts.tsx";
import { pastSpans, type Told } from "./past_spans.ts";
import { go, replaceParams, route, withParams } from "./route.ts";
import { filterOf } from "./routes.ts";
import { lanesOf, momentOf } from "./stretches.ts";
import { clockText } from "./words.ts";

/** Exits that are drawn, the newest; the recorder tells no more at once. */
const EVENTS_MAX = 10_000;
/** Height of a row of marks, pixels. */
const LANE = 24;
const HOUR_MS = 3_600_000;
const DARK = matchMedia("(prefers-color-scheme: dark)");

/** All that is drawn of a stretch. */
interface Drawn extends Told {
  readonly said: readonly Note[];
  readonly findings: readonly FindingFields[];
}

/** The timeline of what the address asks for. */
export function TimelinePanel(): VNode {
  const { since = "", until = "" } = route.value.params;
  const filter = filterOf(route.value);
  const key = JSON.stringify([since, until, filter]);
  const { answer, error } = useAnswer((signal) => load(since, until, filter, signal), key, null);
  // It is the same while the table below it is turned over.
  const drawing = useMemo(() => answer && <Drawing key={key} drawn={answer} />, [answer]);
  return (
    <>
      <Failed error={error} />
      {answer === null && error === null
        ? <p class="faint" role="status">Asking the recorder…</p>
        : drawing}
    </>
  );
}

function Drawing({ drawn }: { readonly drawn: Drawn }): VNode {
  const state = useMemo(() => stateOf(drawn), [drawn]);
  const [view, setView] = useState(state.view.peek());
  useEffect(() => {
    const theme = () => {
      state.isDark.value = DARK.matches;
    };
    theme();
    DARK.addEventListener("change", theme);
    const ends = [
      effect(() => setView(state.view.value)),
      effect(() => {
        const place = state.selected.value;
        if (place >= 0) replaceParams({ p: state.model.idOf(place) });
      }),
    ];
    return () => {
      DARK.removeEventListener("change", theme);
      for (const end of ends) end();
    };
  }, [state]);
  const at = (us: number) => new Date(drawn.sinceMs + us / 1000).toISOString();
  const [from, to] = view;
  const isWhole = from <= 0 && to >= state.model.length;
  return (
    <>
      <Notes notes={drawn.said} />
      <div class="row">
        <button
          type="button"
          disabled={isWhole}
          onClick={() => go(withParams({ since: at(from), until: at(to), before: "" }))}
        >
          Ask for this stretch alone
        </button>
        <button
          type="button"
          disabled={isWhole}
          onClick={() => state.look([0, state.model.length])}
        >
          All of it
        </button>
        <span class="faint">
          {clockText(at(from))} to{" "}
          {clockText(at(to))}; drag over the curve to zoom, over the bars to move
        </span>
      </div>
      <Marks drawn={drawn} view={view} />
      <Timeline state={state} />
    </>
  );
}

/** Findings above the bars, where they were. */
function Marks({ drawn, view: [from, to] }: {
  readonly drawn: Drawn;
  readonly view: readonly [number, number];
}): VNode | null {
  const shown = drawn.findings.flatMap((one) => {
    if (one.since === null) return [];
    const begin = (Date.parse(one.since) - drawn.sinceMs) * 1000;
    const end = one.until === null ? begin : (Date.parse(one.until) - drawn.sinceMs) * 1000;
    return end < from || begin > to ? [] : [{ one, begin, end }];
  });
  if (shown.length === 0) return null;
  const lanes = lanesOf(shown);
  const percent = (us: number) => Math.max(0, Math.min(100, (100 * (us - from)) / (to - from)));
  return (
    <div
      class="marks"
      role="group"
      aria-label="Findings in this stretch"
      style={{ height: `${LANE * (Math.max(...lanes) + 1)}px` }}
    >
      {shown.map(({ one, begin, end }, at) => (
        <button
          key={`${one.kind} ${one.id} ${one.since}`}
          type="button"
          title={one.words}
          style={{
            top: `${LANE * lanes[at]!}px`,
            left: `${percent(begin)}%`,
            width: `${percent(end) - percent(begin)}%`,
          }}
          onClick={() => replaceParams({ p: one.id })}
        >
          {one.words}
        </button>
      ))}
    </div>
  );
}

function stateOf(drawn: Drawn): State {
  const { head, columns } = pageData(pastSpans(drawn), Date.now());
  // What could be better about a build is no matter of a host.
  const state = new State(new Model({ head: { ...head, hints: [] }, columns }));
  state.isPathShown.value = false;
  return state;
}

async function load(
  since: string,
  until: string,
  filter: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<Drawn> {
  const now = Date.now();
  const untilMs = (until === "" ? null : momentOf(until, now)) ?? now;
  const sinceMs = momentOf(since, now) ?? untilMs - HOUR_MS;
  const span = { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() };
  const isAll = Object.keys(filter).length === 0;
  const [log, tree, trouble] = await Promise.all([
    ask<{ events: readonly EventFields[]; notes: readonly Note[] }>(
      "log",
      { ...span, filter: { ...filter, event: ["exit"] }, limit: EVENTS_MAX, costs: true },
      signal,
    ),
    // What runs is drawn where nothing is asked for that only its end can tell.
    isAll ? ask<{ tree: readonly TreeFields[] }>("tree", {}, signal) : { tree: [] },
    ask<{ findings: readonly FindingFields[] }>("trouble", span, signal).catch(noFindings),
  ]);
  const { events, notes } = log;
  const said = notes.map((note) => note.kind === "limit" ? limitNote(events, note) : note);
  const findings = trouble.findings;
  return { events, running: tree.tree, sinceMs, untilMs, notes: [], said, findings };
}

/** There may be no history that can be read: the findings are missing then, and all else is not. */
function noFindings(error: unknown): { findings: readonly FindingFields[] } {
  if (error instanceof ApiError) return { findings: [] };
  throw error;
}

function limitNote(events: readonly EventFields[], { kind }: Note): Note {
  const text = `Only the newest ${EVENTS_MAX} that ended are drawn, from ` +
    `${clockText(events[0]?.time ?? null)} on; zoom in and ask for a shorter stretch to see all`;
  return { kind, text };
}
