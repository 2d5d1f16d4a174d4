/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * What this host allows, and how its recorder is.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import { type GatewayFields, learn, places } from "./about.ts";
import { ask, type Note } from "./api.ts";
import { HostsPanel } from "./hosts.tsx";
import { Failed, Notes, useAnswer, ViewHead } from "./parts.tsx";
import { bytesText, countText, lengthText, momentText } from "./words.ts";

interface DoctorFields {
  readonly source: string | null;
  readonly why: string;
  readonly complete: boolean;
  readonly rows: readonly {
    readonly name: string;
    readonly state: string;
    readonly found: string;
    readonly advice: string | null;
  }[];
}

interface HistoryFields {
  readonly db: string;
  readonly recording: boolean;
  readonly since: string | null;
  readonly events: number;
  readonly lost: number;
  readonly lag_ns: number | null;
  readonly rows: number;
  readonly running: number;
  readonly size: number;
  readonly oldest: string | null;
  readonly keep_ns: number | null;
  readonly max_bytes: number | null;
  readonly reach_ns: number | null;
  readonly notes: readonly Note[];
}

interface StatusFields {
  readonly pid: number;
  readonly version: string;
  readonly since: string;
  readonly source: string;
  readonly why: string;
  readonly events?: number;
  readonly lost?: number;
  readonly clients?: number;
  readonly subscribers?: number;
}

const AGAIN_MS = 3000;

type Fact = readonly [string, string];

/** The view. */
export function HostView(): VNode {
  return places().fleet === undefined ? <OneHost /> : <Fleet />;
}

/** What one host allows a fleet does not know. */
function Fleet(): VNode {
  const gateway = useAnswer(learn, "", AGAIN_MS);
  return (
    <>
      <ViewHead title="Hosts" />
      <HostsPanel />
      <section class="panel">
        <h2>This page</h2>
        <Failed error={gateway.error} />
        {gateway.answer !== null && <Facts facts={gatewayFacts(gateway.answer)} />}
      </section>
    </>
  );
}

function OneHost(): VNode {
  const history = useAnswer((signal) => ask<HistoryFields>("history", {}, signal), "", AGAIN_MS);
  const gateway = useAnswer(learn, "", AGAIN_MS);
  const { live } = places();
  return (
    <>
      <ViewHead title="Host" />
      {live && <Recorder />}
      <section class="panel">
        <h2>History</h2>
        <Failed error={history.error} />
        <Notes notes={history.answer?.notes} />
        {history.answer !== null && <Facts facts={historyFacts(history.answer)} />}
      </section>
      {live && <Allowed />}
      <section class="panel">
        <h2>This page</h2>
        <Failed error={gateway.error} />
        {gateway.answer !== null && <Facts facts={gatewayFacts(gateway.answer)} />}
      </section>
    </>
  );
}

function Recorder(): VNode {
  const { answer, error } = useAnswer(
    (signal) => ask<StatusFields>("status", {}, signal),
    "",
    AGAIN_MS,
  );
  return (
    <section class="panel">
      <h2>Recorder</h2>
      <Failed error={error} />
      {answer !== null && <Facts facts={recorderFacts(answer)} />}
    </section>
  );
}

function Allowed(): VNode {
  const { answer, error } = useAnswer(
    (signal) => ask<DoctorFields>("doctor", {}, signal),
    "",
    null,
  );
  return (
    <section class="panel">
      <h2>What this host allows</h2>
      <Failed error={error} />
      {answer !== null && <Doctor doctor={answer} />}
    </section>
  );
}

function Facts({ facts }: { readonly facts: readonly Fact[] }): VNode {
  return (
    <dl>
      {facts.map(([name, text]) => (
        <>
          <dt>{name}</dt>
          <dd>{escapeText(text)}</dd>
        </>
      ))}
    </dl>
  );
}

function recorderFacts(status: StatusFields): Fact[] {
  return [
    ["Process", `${status.pid}, fh ${status.version}`],
    ["Since", momentText(status.since)],
    ["Source", `${status.source}: ${status.why}`],
    ...status.events === undefined ? [] : [["Events", countText(status.events)] as const],
    ...status.lost === undefined ? [] : [["Lost", countText(status.lost)] as const],
    ...status.clients === undefined ? [] : [
      [
        "Clients",
        `${countText(status.clients)}, of which ${countText(status.subscribers ?? null)} subscribe`,
      ] as const,
    ],
  ];
}

function historyFacts(history: HistoryFields): Fact[] {
  const { keep_ns: keep, max_bytes: most, reach_ns: reach } = history;
  const limits = [
    ...keep === null ? [] : [lengthText(keep)],
    ...most === null ? [] : [bytesText(most)],
  ];
  return [
    ["File", `${history.db}, ${bytesText(history.size)}`],
    ["Recording", history.recording ? `yes, since ${momentText(history.since)}` : "no"],
    ["Events", `${countText(history.events)}, ${countText(history.lost)} lost`],
    ["Behind", history.lag_ns === null ? "nobody records" : lengthText(history.lag_ns)],
    ["Processes", `${countText(history.rows)}, of which ${countText(history.running)} run`],
    ["Oldest", momentText(history.oldest)],
    ["Keeps", limits.length === 0 ? "everything" : `up to ${limits.join(" or ")}`],
    ...reach === null ? [] : [["Reaches, at this pace", lengthText(reach)] as const],
  ];
}

function gatewayFacts({ unchanging, refused, streams }: GatewayFields): Fact[] {
  const counts = Object.entries(refused).map(([why, count]) => `${countText(count)} ${why}`);
  return [
    [
      "May change",
      unchanging === null ? "jobs and rules, and signal their members" : `nothing: ${unchanging}`,
    ],
    ["Live pages", countText(streams)],
    ["Refused requests", counts.length === 0 ? "none" : counts.join(", ")],
  ];
}

function Doctor({ doctor }: { readonly doctor: DoctorFields }): VNode {
  return (
    <>
      <p class={doctor.complete ? "good" : ""}>
        Source {escapeText(doctor.source ?? "none")}: {escapeText(doctor.why)}
      </p>
      <dl>
        {doctor.rows.map(({ name, state, found, advice }) => (
          <>
            <dt>{name}</dt>
            <dd class={state === "ok" ? "" : "bad"}>
              {state === "ok" ? "" : `${state}: `}
              {escapeText(found)}
              {advice === null ? "" : `; ${escapeText(advice)}`}
            </dd>
          </>
        ))}
      </dl>
    </>
  );
}
