/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * Which hosts of a fleet are looked at.
 *
 * @module
 */
import type { VNode } from "preact";
import { escapeText } from "../../text/escape.ts";
import { places } from "./about.ts";
import { ask } from "./api.ts";
import { chooseHost, chosenHost } from "./host_choice.ts";
import { Failed, useAnswer } from "./parts.tsx";
import { lengthText } from "./words.ts";

interface HostsFields {
  /** The glob of those that may be chosen. */
  readonly all: string;
  readonly hosts: readonly { readonly name: string; readonly lag_ns: number | null }[];
}

const AGAIN_MS = 10_000;
/** A host that is behind for longer is told apart. */
const LATE_NS = 60e9;

/** A list of them in the heading of the page; nothing where it is about one. */
export function HostPicker(): VNode | null {
  return places().fleet === undefined ? null : <Picker />;
}

function Picker(): VNode {
  const { answer } = useAnswer((signal) => ask<HostsFields>("hosts", {}, signal), "", AGAIN_MS);
  const choose = (event: Event) => chooseHost((event.currentTarget as HTMLSelectElement).value);
  const { all = "*", hosts = [] } = answer ?? {};
  const names = new Set(hosts.map(({ name }) => name));
  return (
    <label class="hosts">
      Host{" "}
      <select value={chosenHost.value} onChange={choose}>
        <option value="">{all === "*" ? "all" : escapeText(all)}</option>
        {chosenHost.value !== "" && !names.has(chosenHost.value) && (
          <option value={chosenHost.value}>{escapeText(chosenHost.value)}</option>
        )}
        {hosts.map(({ name, lag_ns: lag }) => (
          <option key={name} value={name}>{escapeText(name)}{lagText(lag)}</option>
        ))}
      </select>
    </label>
  );
}

/** The hosts with how far behind they are. */
export function HostsPanel(): VNode {
  const { answer, error } = useAnswer(
    (signal) => ask<HostsFields>("hosts", {}, signal),
    "",
    AGAIN_MS,
  );
  return (
    <section class="panel">
      <h2>Hosts of the fleet</h2>
      <Failed error={error} />
      <dl>
        {(answer?.hosts ?? []).map(({ name, lag_ns: lag }) => (
          <>
            <dt>{escapeText(name)}</dt>
            <dd>{lag === null ? "nothing is shipped" : `${lengthText(lag)} behind`}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function lagText(lag: number | null): string {
  if (lag === null) return " (nothing shipped)";
  return lag > LATE_NS ? ` (${lengthText(lag)} behind)` : "";
}
