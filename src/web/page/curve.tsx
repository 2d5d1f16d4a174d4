/** @jsxImportSource preact */
/// <reference lib="dom" />
/**
 * CPU time over time, of those that cost most.
 *
 * @module
 */
import type { VNode } from "preact";
import type { SumFields } from "./answers.ts";
import { ask, type Params } from "./api.ts";
import { Failed, useAnswer } from "./parts.tsx";
import { cpuOf, keyText } from "./sums.ts";
import { stretchesOf, topOf } from "./stretches.ts";
import { lengthText, momentText } from "./words.ts";

type Row = SumFields & Readonly<Record<string, unknown>>;

const STRETCHES = 24;
const LINES = 5;
/** Told apart on light and on dark, and by who sees no red or no green. */
const COLOURS = ["#3b7dd8", "#c26a00", "#12876b", "#a04fbf", "#8a7a00"];

/** The curves. */
export function Curve({ by, filter, since, until }: {
  readonly by: string;
  readonly filter: Params;
  readonly since: string;
  readonly until: string;
}): VNode {
  const key = JSON.stringify([by, filter, since, until]);
  const { answer, error } = useAnswer(
    (signal) => load({ by, filter }, since, until, signal),
    key,
    null,
  );
  if (answer === null) return <Failed error={error} />;
  const { lines, most, from, to } = answer;
  return (
    <figure class="panel" style={{ margin: 0 }}>
      <svg
        class="curve"
        viewBox={`0 0 ${STRETCHES - 1} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`CPU time from ${momentText(from)} to ${momentText(to)}, at most ${
          lengthText(most)
        } in one of ${STRETCHES} stretches`}
      >
        {lines.map(({ name, values }, at) => (
          <polyline
            key={name}
            stroke={COLOURS[at]}
            points={values.map((value, x) => `${x},${98 - (96 * value) / Math.max(1, most)}`).join(
              " ",
            )}
          />
        ))}
      </svg>
      <figcaption class="key">
        <span class="faint">
          CPU, at most {lengthText(most)} in each 1/{STRETCHES} of {momentText(from)} to{" "}
          {momentText(to)}
        </span>
        {lines.map(({ name }, at) => (
          <span key={name}>
            <i style={{ background: COLOURS[at] }} />
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

async function load(asked: Params, since: string, until: string, signal: AbortSignal) {
  const stretches = stretchesOf(since, until, Date.now(), STRETCHES);
  const sums: Map<string, number>[] = [];
  for (const [from, to] of stretches) {
    const params = { ...asked, since: from, until: to };
    const { rows } = await ask<{ rows: readonly Row[] }>("account", params, signal)
      // What nobody recorded has cost nothing that is known.
      .catch(() => ({ rows: [] }));
    signal.throwIfAborted();
    sums.push(new Map(rows.map((row) => [keyText(String(asked["by"]), row), cpuOf(row) ?? 0])));
  }
  const names = topOf(sums, LINES);
  const lines = names.map((name) => ({ name, values: sums.map((one) => one.get(name) ?? 0) }));
  const most = Math.max(0, ...lines.flatMap(({ values }) => values));
  return { lines, most, from: stretches[0]![0], to: stretches.at(-1)![1] };
}
