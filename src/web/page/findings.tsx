/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What is wrong, and was.
 *
 * @module
 */
import type { VNode } from "preact";
import type { FindingFields } from "./answers.ts";
import { ask, type Note, type Params } from "./api.ts";
import { Failed, Notes, TextField, useAnswer, ViewHead } from "./parts.tsx";
import { replaceParams, route, withParams } from "./route.ts";
import { routeText } from "./routes.ts";
import { momentText } from "./words.ts";

/** The answer to `trouble`. */
interface TroubleFields {
  readonly findings: readonly FindingFields[];
  readonly notes: readonly Note[];
}

const AGAIN_MS = 10_000;

/** Findings, asked for again every so often. */
export function useFindings(params: Params, everyMs: number | null) {
  const load = (signal: AbortSignal) => ask<TroubleFields>("trouble", params, signal);
  return useAnswer(load, JSON.stringify(params), everyMs);
}

/** The view. */
export function FindingsView(): VNode {
  const { since = "", until = "" } = route.value.params;
  const asked = { ...since ? { since } : {}, ...until ? { until } : {} };
  const { answer, error } = useFindings(asked, until === "" ? AGAIN_MS : null);
  return (
    <>
      <ViewHead title="Findings" />
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <TextField
          name="since"
          label="Since"
          placeholder="1h ago"
          value={since}
          onChange={(value) => replaceParams({ since: value })}
        />
        <TextField
          name="until"
          label="Until"
          placeholder="now"
          value={until}
          onChange={(value) => replaceParams({ until: value })}
        />
      </form>
      <Failed error={error} />
      <Notes notes={answer?.notes} />
      {answer === null && error === null && <p role="status">Looking at what lives…</p>}
      {answer !== null && <FindingList findings={answer.findings} />}
    </>
  );
}

/** Findings, each with its command line. */
export function FindingList({ findings }: { readonly findings: readonly FindingFields[] }): VNode {
  if (findings.length === 0) return <p class="good">Nothing is wrong, as far as fh can see.</p>;
  return (
    <>
      {findings.map((one) => (
        <div class={one.over ? "panel finding past" : "panel finding"} key={keyOf(one)}>
          <p>{one.words}</p>
          <p class="asks">
            {one.over ? "over, " : "goes on, "}since {momentText(one.since)};{" "}
            <a href={routeText(withParams({ p: one.id }))}>process {one.pid}</a>;{" "}
            <code>{one.command}</code>
          </p>
        </div>
      ))}
    </>
  );
}

function keyOf({ kind, id, since }: FindingFields): string {
  return `${kind} ${id} ${since}`;
}
