import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { test } from "node:test";
import { Profile } from "pprof-format";
import { formatOfFile, FORMATS, type Piece } from "../../src/report/formats.ts";
import type { Spans } from "../../src/report/span.ts";
import type { Weight } from "../../src/report/weights.ts";
import { quoteArgv } from "../../src/text/quote.ts";
import { buildSpans } from "../support/build_spans.ts";
import { assertGolden } from "../support/golden.ts";
import { type SomeSpan, spansOf } from "../support/spans.ts";
import { unless } from "../support/unless.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

const MS = 1_000_000;
const encoder = new TextEncoder();

async function bytesOf(name: string, spans: Spans, weight: Weight = "wall"): Promise<Uint8Array> {
  const format = FORMATS.find((one) => one.name === name)!;
  const pieces: Piece[] = [...await format.write(spans, { weight, now: 0 })];
  const all = pieces.map((one) => typeof one === "string" ? encoder.encode(one) : one);
  return new Uint8Array(all.flatMap((one) => [...one]));
}

async function textOf(name: string, spans: Spans, weight?: Weight): Promise<string> {
  return new TextDecoder().decode(await bytesOf(name, spans, weight));
}

/** Formats of text alone; the page of a browser has tests of its own. */
const TEXTS = FORMATS.filter(({ isBinary, name }) => !isBinary && name !== "html");

/** Each as it writes the recorded build: both runtimes write the same. */
for (const { name, endings } of TEXTS) {
  test(`${name} writes the recorded build as it did`, async () => {
    assertGolden(`report/build${endings[0]}`, await textOf(name, buildSpans()));
  });
}

test("formats of bytes write the recorded build as they did", async () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").replace(/.{64}/g, "$&\n");
  assertGolden("report/build.pftrace.hex", `${hex(await bytesOf("perfetto", buildSpans()))}\n`);
  // How well it is packed is up to the runtime.
  const profile = gunzipSync(await bytesOf("pprof", buildSpans()));
  assertGolden("report/build.pprof.hex", `${hex(profile)}\n`);
});

test("no text has a character that a terminal would act on", async () => {
  for (const { name } of TEXTS) {
    const text = (await textOf(name, buildSpans())).replaceAll("\r\n", "\n");
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/, name);
  }
});

test("a file is of the format that its name ends with", () => {
  const names = ["a.pftrace", "b.trace.json", "c.FOLDED", "d.speedscope.json", "e.pb.gz", "f.json"];
  assert.deepEqual(names.map((name) => formatOfFile(name)?.name ?? null), [
    ...["perfetto", "chrome", "folded", "speedscope", "pprof"],
    null,
  ]);
});

test("stacks weigh the time in which a process lived and none of its children did", async () => {
  assert.deepEqual((await textOf("folded", buildSpans())).split("\n").slice(0, -1).sort(), [
    // 0 to 10, and 90 to 100 ms
    "\\x1b]0\\x3bx\\x07\\x3b) \"'< 20000",
    "make 20000",
    // 10 to 15, 45 to 46; and 12 to 20, 80 to 90 ms
    "make;sh 24000",
    "make;sh;cc1 90000",
    // What still runs is counted up to the end.
    "make;sh;daemon 54000",
  ]);
  assert.match(
    await textOf("folded", buildSpans(), "failures"),
    /^make 1\nmake;sh 1\nmake;sh;cc1 1\n$/,
  );
  assert.match(await textOf("folded", buildSpans(), "count"), /^make;sh 2$/m);
  assert.match(await textOf("folded", buildSpans(), "cpu"), /^make;sh;cc1 6000$/m);
});

test("a line of ancestors that has no end takes no room without end", async () => {
  const chain = Array.from({ length: 20_000 }, (_, at): SomeSpan => {
    return { id: `b-${at + 1}-1`, parent: `b-${at}-1`, start: at };
  });
  const spans = spansOf(chain);
  for (const weight of ["folded", "speedscope", "pprof"]) {
    assert.ok((await bytesOf(weight, spans, "count")).length < 3_000_000, weight);
  }
  assert.match(await textOf("folded", spans, "count"), / 19489\n$/);
});

test("who is said to descend from itself is drawn all the same", async () => {
  const ring: SomeSpan[] = [
    { id: "b-1-1", parent: "b-2-1" },
    { id: "b-2-1", parent: "b-1-1" },
    { id: "b-3-1", parent: "b-3-1" },
  ];
  for (const { name } of FORMATS) assert.ok((await bytesOf(name, spansOf(ring))).length > 0, name);
  assert.equal((await textOf("dot", spansOf(ring))).match(/->/g)!.length, 1);
});

test("times and texts that no host has are drawn all the same", async () => {
  const odd = spansOf([
    { id: "b-1-1", start: -(2 ** 53 - 1), end: 2 ** 53 - 1, argv: ["\ud800"], name: "\udfff" },
    { id: "b-2-1", parent: "b-1-1", start: 2 ** 53 - 1, end: -5, status: -1, pid: -1, uid: -1 },
  ], { lengthNs: -1 });
  const most = 2 ** 63 - 1024;
  const far = spansOf([{ id: "b-1-1", start: -most, end: most }], { lengthNs: most });
  for (const { name } of FORMATS) {
    await bytesOf(name, odd);
    assert.ok((await bytesOf(name, far)).length > 0, name);
  }
});

test("nothing is a report, too", async () => {
  for (const { name } of FORMATS) await bytesOf(name, spansOf([]));
});

test("no two events of a lane overlap in Trace Event JSON, and no lane is a pid", async () => {
  const { traceEvents } = JSON.parse(await textOf("chrome", buildSpans()));
  const slices = traceEvents.filter(({ ph }: Json) => ph === "X");
  assert.equal(slices.length, 7);
  const lanes = Map.groupBy(slices, ({ tid }: Json) => tid as number);
  assert.ok(lanes.size > 1 && [...lanes.keys()].every((tid) => tid <= lanes.size));
  for (const lane of lanes.values()) {
    const sorted = lane.toSorted((a: Json, b: Json) => a.ts - b.ts);
    sorted.slice(1).forEach((one: Json, at) => assert.ok(one.ts >= sorted[at].ts + sorted[at].dur));
  }
  const flows = traceEvents.filter(({ ph }: Json) => ph === "s" || ph === "f");
  assert.equal(flows.length, 10);
});

test("Trace Event JSON shows the stretch that was asked for, and no more", async () => {
  const spans = spansOf([
    { id: "b-1-1", start: -9e12, end: null, status: null, name: "init" },
    { id: "b-2-1", start: 10 * MS, end: 9e12 },
  ], { lengthNs: 60 * MS });
  const { traceEvents } = JSON.parse(await textOf("chrome", spans));
  const timed = traceEvents.filter(({ ts }: Json) => ts !== undefined);
  for (const { ts, dur = 0 } of timed) assert.ok(ts >= 0 && ts + dur <= 60_000, `${ts} ${dur}`);
  const counted = timed.filter(({ ph, name }: Json) => ph === "C" && name === "processes");
  assert.deepEqual(counted.map(({ ts, args }: Json) => [ts, args.living]), [
    [0, 1],
    [10_000, 2],
    [60_000, 2],
  ]);
  const init = timed.find(({ name }: Json) => name === "init");
  assert.deepEqual([init.args.before_ns, init.args.duration_ns], [9e12, 9e12 + 60 * MS]);
});

test("what overlaps stands in lanes below that of the parent", async () => {
  const { traceEvents } = JSON.parse(await textOf("chrome", buildSpans()));
  const laneOf = (pid: number) => traceEvents.find(({ args }: Json) => args?.pid === pid).tid;
  const ranks = new Map(
    traceEvents.filter(({ name }: Json) => name === "thread_sort_index")
      .map(({ tid, args }: Json) => [tid, args.sort_index]),
  );
  const inOrder = [16, 10, 11, 13, 12, 14].map((pid) => ranks.get(laneOf(pid)) as number);
  assert.deepEqual(inOrder, inOrder.toSorted((a, b) => a - b));
  // The daemon begins when the compiler of its parent has ended.
  assert.equal(laneOf(15), laneOf(13));
});

test("pprof has all weights, and the one that is asked for first", async () => {
  const profile = Profile.decode(gunzipSync(await bytesOf("pprof", buildSpans(), "cpu")));
  const { strings } = profile.stringTable;
  const types = profile.sampleType.map(({ type, unit }) => [
    strings[Number(type)],
    strings[Number(unit)],
  ]);
  assert.deepEqual(types, [
    ["wall", "nanoseconds"],
    ["cpu", "nanoseconds"],
    ["count", "count"],
    ["failures", "count"],
  ]);
  assert.equal(strings[Number(profile.defaultSampleType)], "cpu");
  const names = new Map(
    profile.function.map(({ id, name }) => [Number(id), strings[Number(name)]]),
  );
  const stacks = new Map(profile.sample.map(({ locationId, value }) => {
    return [locationId.map((id) => names.get(Number(id))).join(" < "), value.map(Number)];
  }));
  assert.deepEqual(stacks.get("cc1 < sh < make"), [90 * MS, 6 * MS, 2, 1]);
});

test("a table has a line for each process, and no cell is a formula", async () => {
  const spans = spansOf([{ id: "b-1-1", name: "=1+1", argv: ['say "a,b"'], cwd: "+x" }]);
  const [head, line, end] = (await textOf("csv", spans)).split("\r\n");
  assert.equal(head!.split(",").length, 28);
  assert.match(line!, /,'=1\+1,/);
  assert.match(line!, /,'\+x,/);
  assert.match(line!, /,"'say ""a,b""'",/);
  assert.match(
    line!,
    /,2026-11-30T08:00:00\.500000000Z,2026-11-30T08:00:00\.510000000Z,10000000,0,,/,
  );
  assert.equal(end, "");
});

const dot = spawnSync("dot", ["-V"]).error === undefined ? null : "no dot (graphviz)";

test(...unless(dot, "Graphviz draws the tree, whatever names are in it"), async () => {
  const long = spansOf([{ id: "b-1-1", argv: ["x".repeat(100_000)] }]);
  for (const [spans, boxes] of [[buildSpans(), 7], [long, 1]] as const) {
    const input = await textOf("dot", spans);
    const { status, stderr, stdout } = spawnSync("dot", ["-Tsvg"], {
      input,
      encoding: "utf8",
      maxBuffer: 1 << 24,
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.equal(stdout.match(/class="node"/g)!.length, boxes);
    assert.doesNotMatch(stdout, /<script/);
  }
});

/** What XML says in a text. */
function fromXml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => {
    return code === undefined ? named[name]! : String.fromCodePoint(Number(code));
  });
}

test(...unless(dot, "Graphviz shows names and command lines as they are"), async () => {
  const texts = [
    "&amp;",
    "a&lt;b&#65;&nbsp;",
    "a && b & c",
    "\\N\\G\\E\\L",
    "a\\nb\\\\l\\",
    "C:\\x",
    '"q\\"',
    "<b>x</b>",
    "&",
  ];
  const spans = spansOf(
    texts.map((text, at) => ({
      ...{ id: `b-${at + 1}-1`, name: text, argv: ["echo", text], start: at },
    })),
    { title: "a & b &amp; c" },
  );
  const input = await textOf("dot", spans);
  const { stdout } = spawnSync("dot", ["-Tsvg"], { input, encoding: "utf8" });
  const shown = (pattern: RegExp) =>
    [...stdout.matchAll(pattern)].map(([, text]) => fromXml(text!));
  const names = shown(/<text[^>]*>([^<]*) \(\d+\)<\/text>/g);
  assert.deepEqual(names, texts);
  assert.deepEqual(shown(/title="([^"]*)"/g), texts.map((text) => quoteArgv(["echo", text])));
  assert.equal(shown(/<title>([^<]*)</g)[0], "a & b &amp; c");
});
