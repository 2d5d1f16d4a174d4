/**
 * Spans as Trace Event JSON ("Trace Event Format", Google 2016), which about:tracing, Perfetto and
 * speedscope open: a thread for each lane, because events of one thread must not overlap.
 *
 * @module
 */
import { jsonText } from "../text/json_text.ts";
import { factsOf } from "./facts.ts";
import { kinOf, NONE } from "./kin.ts";
import { inOrder, lanesOf, namesOf } from "./lanes.ts";
import { loadOf } from "./load.ts";
import type { Spans } from "./span.ts";
import { cutFacts, lossesIn, shownEnd, shownStart } from "./within.ts";
import { nameOf } from "./words.ts";

/** All lanes are threads of one process: that these are pids of the host would be untrue. */
const PID = 1;
const NS_PER_US = 1000;

/** The file, an event a line. */
export function* chrome(spans: Spans): Generator<string> {
  const { frame } = spans;
  const head = { host: frame.host, notes: frame.notes, origin_ms: frame.originMs };
  yield `{"displayTimeUnit":"ms","otherData":${jsonText(head)},"traceEvents":[\n`;
  yield jsonText(metadata("process_name", 0, { name: frame.title }));
  for (const event of events(spans)) yield `,\n${jsonText(event)}`;
  yield "\n]}\n";
}

function metadata(name: string, tid: number, args: unknown): unknown {
  return { ph: "M", pid: PID, tid, name, args };
}

function* events(spans: Spans): Generator<unknown> {
  const kin = kinOf(spans.spans);
  const lanes = lanesOf(spans, kin);
  const names = namesOf(lanes, spans);
  for (const [rank, lane] of inOrder(lanes).entries()) {
    yield metadata("thread_name", lane + 1, { name: names[lane] });
    yield metadata("thread_sort_index", lane + 1, { sort_index: rank });
  }
  for (const [place, span] of spans.spans.entries()) {
    const tid = lanes.of[place]! + 1;
    const start = shownStart(span, spans);
    const ts = start / NS_PER_US;
    const dur = (shownEnd(span, spans) - start) / NS_PER_US;
    yield {
      ph: "X",
      pid: PID,
      tid,
      ts,
      dur,
      cat: "process",
      name: nameOf(span),
      args: Object.fromEntries([...factsOf(span), ...cutFacts(span, spans)]),
    };
    const above = kin.parent[place]!;
    if (above === NONE || span.start < 0) continue;
    const fork = { pid: PID, ts, cat: "fork", name: "fork", id: place };
    yield { ...fork, ph: "s", tid: lanes.of[above]! + 1 };
    yield { ...fork, ph: "f", bp: "e", tid };
  }
  for (const { time, reason, facts } of lossesIn(spans)) {
    const name = `lost events: ${reason}`;
    yield {
      ph: "i",
      s: "g",
      pid: PID,
      tid: 0,
      ts: time / NS_PER_US,
      cat: "gap",
      name,
      args: facts,
    };
  }
  for (const { time, living, cpus } of loadOf(spans)) {
    const counter = { ph: "C", pid: PID, ts: time / NS_PER_US };
    yield { ...counter, name: "processes", args: { living } };
    yield { ...counter, name: "CPU", args: { cpus } };
  }
}
