import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model } from "../../../src/report/page/model.ts";
import { notesOf } from "../../../src/report/page/notes.ts";
import { fromRounded, toRounded } from "../../../src/report/page/rounded.ts";
import type { Span, SpanGap, Spans } from "../../../src/report/span.ts";
import { random } from "../../support/random.ts";
import { modelOf } from "../../support/report_page.ts";
import { costOf, frameOf, idOf, imageOf, madeUpBuild, spanOf } from "../../support/report_spans.ts";

function assertSame(model: Model, { spans }: Spans): void {
  assert.equal(model.count, spans.length);
  for (const span of spans) {
    const place = model.placeOf(span.id);
    assert.ok(place >= 0, span.id);
    assert.equal(model.idOf(place), span.id);
    assert.equal(model.pid[place], span.pid);
    assert.equal(model.ppidOf(place), span.ppid);
    assert.equal(model.start[place], Math.round(span.start / 1000));
    const end = span.end === null ? model.length : Math.round(span.end / 1000);
    assert.equal(model.end[place], end);
    assert.equal(model.statusOf(place), span.status);
    assert.deepEqual(model.argvOf(place), span.image.argv);
    assert.equal(model.textOf("cwd", place), span.image.cwd);
    assert.equal(model.textOf("unit", place), span.image.unit);
    assert.deepEqual(model.jobsOf(place), span.jobs);
    assert.equal(model.userOf(place), span.user ?? span.uid?.toString() ?? null);
    assertNear(model.costOf("user_us", place), span.cost === null ? null : span.cost.user_ns / 1e3);
    assertNear(model.costOf("peak_bytes", place), span.cost?.peak_bytes ?? null);
    assertNear(model.costOf("minor_faults", place), span.cost?.minor_faults ?? null);
  }
}

function assertNear(found: number | null, wanted: number | null): void {
  if (wanted === null || found === null) assert.equal(found, wanted);
  else assert.ok(Math.abs(found - wanted) <= Math.max(0.5, wanted / 100), `${found} ${wanted}`);
}

test("a page has what the spans of a build say", () => {
  const spans = madeUpBuild(700);
  assertSame(modelOf(spans), spans);
});

test("a page has what is not known, seen late, of others, still running", () => {
  const spans = [
    spanOf(10, null, [-5000, null], ["init"], { isStartKnown: false, uid: null, user: null }),
    spanOf(11, 10, [5, 9], ["a"], { image: { ...imageOf([]), name: null, argv: null, cwd: null } }),
    spanOf(12, 10, [5, 9], [], { status: null, jobs: ["one", "two"], user: null }),
    spanOf(13, null, [6, 7], ["b", "", "c"], { parent: idOf(99), ppid: 99, cost: null }),
    spanOf(14, 12, [8, 9], ["b"], {
      id: "no usual id",
      image: imageOf(["b"], { unit: "a.service" }),
    }),
    spanOf(15, 14, [8, 9], ["b"], { status: 9, cost: costOf(0, { peak_bytes: null }) }),
    spanOf(16, 14, [8, 8], ["b"], { parent: "no usual id", status: 0x8b }),
  ];
  const all = { frame: frameOf(), spans };
  const model = modelOf(all);
  assertSame(model, { ...all, spans: spans.toSpliced(5, 1, { ...spans[5]!, ppid: 14 }) });
  const outcome = (id: string) => model.outcomeOf(model.placeOf(id));
  assert.deepEqual([10, 11, 12, 15, 16].map((pid) => outcome(idOf(pid))), [
    "running",
    "succeeded",
    "unknown",
    "killed",
    "killed",
  ]);
  assert.deepEqual(model.head.seenLate, [model.placeOf(idOf(10))]);
  assert.equal(model.commandOf(model.placeOf(idOf(11))), "[?]");
});

test("hostile texts come back, and are shown with escapes", () => {
  const words = [
    "\u202e$(x)",
    "a\nb",
    "\ud800",
    "</script><b>",
    "@FH_DATA@",
    "$&",
    "é\u0000".slice(0, 1),
  ];
  const image = imageOf(words, { name: "\x1b]0;x\x07\n", cwd: "/\u2066x", unit: "</title>" });
  const model = modelOf({ frame: frameOf(), spans: [spanOf(7, null, [0, 1], words, { image })] });
  assert.deepEqual(model.argvOf(0), words.map((word) => word));
  assert.equal(model.nameOf(0), "\\x1b]0;x\\x07\\n");
  assert.equal(model.textOf("cwd", 0), "/\\u2066x");
  assert.doesNotMatch(model.commandOf(0), /[\u202e\n]/);
});

test("who is its own ancestor in a damaged file is shown once", () => {
  const spans = [
    spanOf(1, 2, [0, 5], ["a"]),
    spanOf(2, 1, [1, 5], ["b"]),
    spanOf(3, 2, [2, 5], ["c"]),
    spanOf(4, 4, [3, 5], ["d"]),
  ];
  const model = modelOf({ frame: frameOf(), spans });
  assert.deepEqual([...model.pid], [1, 2, 3, 4]);
  assert.deepEqual([...model.parent], [-1, 0, 1, -1]);
});

test("random trees come back with their times", () => {
  const next = random(7);
  for (let round = 0; round < 50; round++) {
    const spans: Span[] = [];
    for (let pid = 1; pid < 40; pid++) {
      const parent = next() < 0.1 || pid === 1 ? null : 1 + Math.floor(next() * (pid - 1));
      const start = Math.floor(next() * 1000);
      const end = next() < 0.1 ? null : start + Math.floor(next() * 1000);
      spans.push(spanOf(pid, parent, [start, end], [`p${pid % 5}`]));
    }
    const all = { frame: frameOf(), spans: spans.sort((a, b) => a.start - b.start) };
    assertSame(modelOf(all), all);
  }
});

test("rounded numbers are exact when small, near when large, and keep their order", () => {
  for (let value = 0; value <= 128; value++) assert.equal(fromRounded(toRounded(value)), value);
  let before = -1;
  for (let value = 1; value < 2 ** 50; value = Math.ceil(value * 1.001)) {
    const code = toRounded(value);
    assert.ok(code >= before);
    before = code;
    assert.ok(Math.abs(fromRounded(code) - value) <= value / 100, String(value));
  }
});

test("of a life only what is within the report counts", () => {
  const spans = [
    spanOf(1, null, [-86_400_000, null], ["init"]),
    spanOf(2, 1, [0, 600], ["worker"]),
  ];
  const model = modelOf({ frame: frameOf({ lengthNs: 1000e6, run: null }), spans });
  assert.deepEqual(Array.from(model.own, (us) => us / 1000), [400, 600]);
});

test("own time is without that of children, overlapping or beyond the end", () => {
  const spans = [
    spanOf(1, null, [0, 100], ["make"]),
    spanOf(2, 1, [10, 30], ["a"]),
    spanOf(3, 1, [20, 50], ["b"]),
    spanOf(4, 1, [90, 150], ["c"]),
  ];
  const model = modelOf({ frame: frameOf(), spans });
  assert.deepEqual(Array.from(model.own, (us) => us / 1000), [50, 20, 30, 60]);
});

test("a search finds words, names, users and pids, all texts of it at once", () => {
  const spans = [
    spanOf(100, null, [0, 9], ["make", "-j4"]),
    spanOf(101, 100, [1, 2], ["gcc", "-c", "Net/Foo.c"]),
    spanOf(102, 100, [1, 2], ["gcc", "-c", "net/bar.c"], { user: "eve" }),
    spanOf(110, 100, [1, 2], ["ld", "101"]),
  ];
  const model = modelOf({ frame: frameOf(), spans });
  const found = (...texts: string[]) =>
    Array.from(model.search(texts)).flatMap((one, place) => one === 1 ? [model.pid[place]] : []);
  assert.deepEqual(found("NET/"), [101, 102]);
  assert.deepEqual(found("gcc", "foo"), [101]);
  assert.deepEqual(found("eve"), [102]);
  assert.deepEqual(found("101"), [101, 110]);
  assert.deepEqual(found("nowhere"), []);
});

test("what was lost is told in one sentence, then what else has to be known", () => {
  const gap = { since: 2e9, until: 2.5e9, reason: "overflow", lost: 3 };
  const told = (gaps: readonly SpanGap[], notes: readonly string[] = []) =>
    notesOf(modelOf({ frame: frameOf({ gaps, notes }), spans: [spanOf(1, null, [0, 9], ["a"])] }));
  assert.deepEqual(told([]), []);
  assert.deepEqual(told([gap], ["It is of one hour"]), [
    "3 events were lost from +2.00s on, in 500ms: overflow. That is marked on the timeline.",
    "It is of one hour",
  ]);
  assert.deepEqual(told([gap, { ...gap, since: 3e9, lost: null }, { ...gap, reason: "stopped" }]), [
    "At least 6 events were lost in 3 stretches, the first from +2.00s on, in 500ms: " +
    "overflow (2), stopped (1). They are marked on the timeline.",
  ]);
  assert.match(told([{ ...gap, lost: null }])[0]!, /^An unknown number of events were lost/);
});
