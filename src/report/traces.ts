/**
 * What a process is a part of: a job, a run, or what descends from one process. It is told by ids
 * alone, so that it is the same whatever else is asked for.
 *
 * @module
 */
import { type Kin, kinOf, NONE } from "./kin.ts";
import type { Spans } from "./span.ts";

/** The key of the trace of each span, by place. */
export function tracesOf({ frame, spans, traces }: Spans, kin: Kin): string[] {
  const tops = topsOf(kin);
  /** Of a job the name alone can be known: which of that name it is says its first process. */
  const firstOfJob = new Map<string, string>();
  for (const { jobs: [job], id } of spans) {
    if (job !== undefined && !firstOfJob.has(job)) firstOfJob.set(job, id);
  }
  return spans.map(({ id, jobs: [job] }, place) => {
    const known = traces?.get(id);
    if (known !== undefined) return known;
    // All that a command has started is in its run, whoever has lost the parent.
    const root = frame.run?.root ?? null;
    if (root !== null) return root;
    return job === undefined ? spans[tops[place]!]!.id : `${job}\0${firstOfJob.get(job)}`;
  });
}

/** The same spans, with the traces of all of them: to be kept when some are chosen. */
export function withTraces(spans: Spans): Spans {
  const keys = tracesOf(spans, kinOf(spans.spans));
  return { ...spans, traces: new Map(spans.spans.map(({ id }, place) => [id, keys[place]!])) };
}

/** The first ancestor of each that is in the report. */
function topsOf({ parent }: Kin): Int32Array {
  const tops = new Int32Array(parent.length).fill(NONE);
  const line: number[] = [];
  for (let place = 0; place < tops.length; place++) {
    let at = place;
    for (; tops[at] === NONE && parent[at] !== NONE; at = parent[at]!) line.push(at);
    const top = tops[at] === NONE ? at : tops[at]!;
    tops[at] = top;
    for (const one of line) tops[one] = top;
    line.length = 0;
  }
  return tops;
}
