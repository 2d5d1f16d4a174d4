import assert from "node:assert/strict";
import { test } from "node:test";
import { otlpRejected, otlpRequests } from "../../src/report/otlp.ts";
import type { Spans } from "../../src/report/span.ts";
import { withTraces } from "../../src/report/traces.ts";
import { buildSpans } from "../support/build_spans.ts";
import { type SomeSpan, spansOf } from "../support/spans.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

function spansIn(spans: Spans): Json[] {
  return [...otlpRequests(spans, "json")].flatMap(({ body }) => {
    const { resourceSpans } = JSON.parse(new TextDecoder().decode(body));
    return resourceSpans.flatMap(({ scopeSpans }: Json) =>
      scopeSpans.flatMap((s: Json) => s.spans)
    );
  });
}

function valueOf(span: Json, name: string): Json {
  const { value } = span.attributes.find(({ key }: Json) => key === name) ?? {};
  return value === undefined ? undefined : Object.values(value)[0];
}

const named = (spans: Json[], pid: number) => {
  return spans.find((span) => valueOf(span, "process.pid") === pid)!;
};

test("children stand below their parents, in one trace", () => {
  const spans = spansIn(buildSpans());
  const [make, sh, cc] = [named(spans, 10), named(spans, 11), named(spans, 13)];
  assert.deepEqual([sh.parentSpanId, cc.parentSpanId], [make.spanId, sh.spanId]);
  assert.equal(new Set([make, sh, cc].map(({ traceId }) => traceId)).size, 1);
  // That is the run; elsewhere a trace is what descends from one process.
  assert.equal(named(spans, 16).traceId, make.traceId);
  const { frame, ...more } = buildSpans();
  const others = spansIn({ ...more, frame: { ...frame, run: null } });
  assert.notEqual(named(others, 16).traceId, named(others, 11).traceId);
  for (const { traceId, spanId } of spans) assert.match(`${traceId} ${spanId}`, /^\w{32} \w{16}$/);
});

test("ids follow from those of processes: what is sent twice is the same", () => {
  const [one, other] = [spansIn(buildSpans()), spansIn(buildSpans())];
  assert.deepEqual(one, other);
  assert.equal(new Set(one.map(({ spanId }) => spanId)).size, one.length);
});

test("a job is one trace, and another of its name is another", () => {
  const job = (first: string): SomeSpan[] => [
    { id: `b-${first}-1`, jobs: ["nightly"] },
    { id: `b-${first}1-2`, jobs: ["nightly"] },
  ];
  const traces = (first: string) => spansIn(spansOf(job(first))).map(({ traceId }) => traceId);
  assert.equal(new Set(traces("1")).size, 1);
  assert.notEqual(traces("1")[0], traces("2")[0]);
});

/** Trace and span id of each process, by its id. */
function idsIn(spans: Spans): Map<string, string> {
  return new Map(
    spansIn(spans).map((span) => {
      return [valueOf(span, "fh.process.id"), `${span.traceId} ${span.spanId}`];
    }),
  );
}

test("a process of a run has the same ids, whichever others are sent", () => {
  const all = buildSpans();
  const whole = idsIn(all);
  for (const one of all.spans) {
    assert.deepEqual(idsIn({ ...all, spans: [one] }).get(one.id), whole.get(one.id));
  }
});

test("what is chosen of a report keeps its traces, and links to who was left out", () => {
  const { frame, spans } = buildSpans();
  const all = { spans, frame: { ...frame, run: null } };
  const [whole, kept] = [idsIn(all), withTraces(all)];
  for (const one of spans) {
    assert.deepEqual(idsIn({ ...kept, spans: [one] }).get(one.id), whole.get(one.id));
  }
  const cc1 = spans.find(({ pid }) => pid === 14)!;
  const [sent] = spansIn({ ...kept, spans: [cc1] });
  assert.equal(sent.parentSpanId, undefined);
  assert.equal(`${sent.links[0].traceId} ${sent.links[0].spanId}`, whole.get(cc1.parent!));
});

test("who is in a job, and its parent is not, has a link to it", () => {
  const spans = spansIn(spansOf([{ id: "b-1-1" }, { id: "b-2-1", parent: "b-1-1", jobs: ["x"] }]));
  const [shell, make] = spans;
  assert.notEqual(shell.traceId, make.traceId);
  assert.equal(make.parentSpanId, undefined);
  assert.deepEqual([make.links[0].traceId, make.links[0].spanId], [shell.traceId, shell.spanId]);
});

test("who was forked by one that is not in the report has a link to it", () => {
  const spans = spansIn(buildSpans());
  const { links, parentSpanId } = named(spans, 10);
  assert.equal(parentSpanId, undefined);
  assert.equal(links.length, 1);
  const whole = spansIn(spansOf([{ id: "b007-9-90" }]));
  assert.deepEqual([links[0].spanId, links[0].traceId], [whole[0].spanId, whole[0].traceId]);
  assert.deepEqual([named(spans, 11).links, named(spans, 16).links], [[], []]);
});

test("a span says what ran, where, how it ended and what it cost", () => {
  const spans = spansIn(buildSpans());
  const make = named(spans, 10);
  assert.deepEqual(
    [make.name, make.startTimeUnixNano, make.endTimeUnixNano],
    ["make", "1796025600500000000", "1796025600600000000"],
  );
  assert.deepEqual(make.status, { code: 2, message: "exit 2" });
  assert.equal(valueOf(make, "process.command_line"), "make -j2");
  assert.equal(valueOf(make, "process.exit.code"), 2);
  assert.equal(valueOf(make, "fh.user_ns"), 2_000_000);
  const segv = named(spans, 14);
  assert.deepEqual([valueOf(segv, "fh.exit.signal"), segv.status.code], ["SIGSEGV", 2]);
  const daemon = named(spans, 15);
  assert.deepEqual([valueOf(daemon, "fh.running"), daemon.status.code], [true, 0]);
  assert.equal(daemon.endTimeUnixNano, "1796025600600000000");
});

test("many spans are several requests", () => {
  const many = Array.from({ length: 2001 }, (_, at): SomeSpan => ({ id: `b-${at + 1}-1` }));
  const requests = [...otlpRequests(spansOf(many), "protobuf")];
  assert.deepEqual(requests.map(({ spans }) => spans), [1000, 1000, 1]);
});

test("what a collector has not taken is told", () => {
  const encoder = new TextEncoder();
  const partial = '{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}';
  assert.deepEqual(otlpRejected(encoder.encode(partial), "json"), { spans: 3, why: "too old" });
  assert.equal(otlpRejected(encoder.encode("{}"), "json"), null);
  assert.equal(otlpRejected(new Uint8Array(), "protobuf"), null);
});
