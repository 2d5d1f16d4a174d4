/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What has ended in a stretch of time, page by page: the newest first.
 *
 * @module
 */
import type { VNode } from "preact";
import type { EventFields } from "./answers.ts";
import { ask, type Note } from "./api.ts";
import { EventTable } from "./event_table.tsx";
import { Failed, Notes, useAnswer } from "./parts.tsx";
import { go, route, withParams } from "./route.ts";
import { filterOf } from "./routes.ts";

const ROWS = 100;

/** A page of the log. */
export function PastTable(): VNode {
  const { since = "", until = "", before = "" } = route.value.params;
  const to = before || until;
  const asked = {
    filter: { ...filterOf(route.value), event: ["exit"] },
    since: since || "1h ago",
    ...to === "" ? {} : { until: to },
    limit: ROWS,
    reverse: true,
    costs: true,
  };
  const { answer, error } = useAnswer(
    (signal) =>
      ask<{ events: readonly EventFields[]; notes: readonly Note[] }>("log", asked, signal),
    JSON.stringify(asked),
    null,
  );
  const events = answer?.events ?? [];
  const last = events.at(-1);
  const notes = answer?.notes.filter(({ kind }) => kind !== "limit");
  return (
    <>
      <Failed error={error} />
      <Notes notes={notes} />
      <div class="row">
        <button
          type="button"
          disabled={before === ""}
          onClick={() => go(withParams({ before: "" }))}
        >
          Newest
        </button>
        <button
          type="button"
          disabled={events.length < ROWS || last === undefined}
          onClick={() => go(withParams({ before: last!.time }))}
        >
          Older
        </button>
        <span class="faint" role="status">
          {answer === null ? "Asking…" : `${events.length} that ended, the newest first`}
        </span>
      </div>
      <EventTable
        rows={events}
        label="What has ended"
        hasCosts
        keyOf={({ host = "", id, time }) => `${host} ${id} ${time}`}
      />
    </>
  );
}
