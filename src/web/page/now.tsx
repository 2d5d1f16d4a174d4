/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What is started on this host right now, and what is wrong.
 *
 * @module
 */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { escapeText } from "../../text/escape.ts";
import { places } from "./about.ts";
import type { EventFields } from "./answers.ts";
import { Filters } from "./filters.tsx";
import { EventTable } from "./event_table.tsx";
import { FindingList, useFindings } from "./findings.tsx";
import { Live, type LiveState } from "./live.ts";
import { NowModel } from "./now_model.ts";
import { Failed, Figure, NotLive, ViewHead } from "./parts.tsx";
import { route } from "./route.ts";
import { filterOf } from "./routes.ts";
import { countText } from "./words.ts";

const ROWS = 60;
const DRAW_MS = 250;
const FINDINGS_MS = 15_000;

/** What is seen of a stream at a moment. */
interface Seen {
  readonly rows: readonly EventFields[];
  readonly rate: ReturnType<NowModel["rate"]>;
  readonly history: readonly number[];
  readonly told: number;
  readonly skipped: number;
  readonly lost: number | null;
}

/** The view. */
export function NowView(): VNode {
  return places().live ? <Stream /> : <NotLive title="Now" />;
}

function Stream(): VNode {
  const [isPaused, setPaused] = useState(false);
  const { seen, state, why } = useStream(isPaused);
  const findings = useFindings({}, FINDINGS_MS);

  const going = findings.answer?.findings.filter(({ over }) => !over) ?? [];
  return (
    <>
      <ViewHead title="Now" />
      {going.length > 0 && <FindingList findings={going.slice(0, 3)} />}
      <Filters>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? "Go on" : "Pause"}
        </button>
      </Filters>
      <Failed error={state === "refused" ? why : null} />
      <div class="panel figures">
        <Figure value={countText(seen.rate.started)} of="starts a second" />
        <Figure
          value={countText(seen.rate.failed)}
          of="failures a second"
          isBad={seen.rate.failed > 0}
        />
        <Figure value={countText(seen.rate.all)} of="events a second" />
        <Figure value={countText(seen.told)} of="events since it was opened" />
        <Figure value={countText(seen.lost)} of="lost" isBad={seen.lost !== 0} />
        <Spark values={seen.history} />
      </div>
      <p class="faint" role="status">{statusText(state, why, isPaused, seen)}</p>
      <EventTable
        rows={seen.rows}
        label="Events, the newest first"
        keyOf={({ seq }) => seq}
      />
    </>
  );
}

/** A stream of what the filter lets pass, drawn a few times a second. */
function useStream(isPaused: boolean): {
  readonly seen: Seen;
  readonly state: LiveState;
  readonly why: string;
} {
  const model = useRef(new NowModel());
  const [seen, setSeen] = useState(() => seenOf(model.current));
  const [[state, why], setState] = useState<readonly [LiveState, string]>(["connecting", ""]);
  const filter = filterOf(route.value);
  const key = JSON.stringify(filter);
  useEffect(() => {
    model.current = new NowModel();
    const live = new Live({ filter: { event: ["exec", "exit"], ...filter } }, {
      onEvent: (event) => {
        if (event.event !== "source") model.current.add(event, performance.now());
      },
      onState: (state, why) => setState([state, why]),
    });
    return () => live.close();
  }, [key]);
  useEffect(() => {
    if (isPaused) return;
    const timer = setInterval(() => setSeen(seenOf(model.current)), DRAW_MS);
    return () => clearInterval(timer);
  }, [isPaused]);
  return { seen, state, why };
}

function seenOf(model: NowModel): Seen {
  const now = performance.now();
  const { told, skipped, lost } = model;
  const rows = model.kept.slice(-ROWS).reverse();
  return { rows, rate: model.rate(now), history: model.history(now), told, skipped, lost };
}

function statusText(state: LiveState, why: string, isPaused: boolean, seen: Seen): string {
  if (isPaused) return "Paused: what happens is counted and not shown.";
  if (state !== "live") return `${state}${why === "" ? "" : `: ${escapeText(why)}`}`;
  const sampled = seen.skipped === 0
    ? ""
    : ` Too many at times: a sample is shown, ${countText(seen.skipped)} were only counted.`;
  return `Live.${sampled}`;
}

function Spark({ values }: { readonly values: readonly number[] }): VNode {
  const most = Math.max(1, ...values);
  return (
    <div>
      <div
        class="spark"
        role="img"
        aria-label={`Starts in each of the last ${values.length} seconds, at most ${most}`}
      >
        {values.map((value, at) => <i key={at} style={{ height: `${(100 * value) / most}%` }} />)}
      </div>
      <span>starts in the last minute</span>
    </div>
  );
}
