import assert from "node:assert/strict";
import { test } from "node:test";
import { diffRuns } from "../../src/report/diff.ts";
import { diffJson } from "../../src/report/diff_json.ts";
import { diffText } from "../../src/report/diff_text.ts";
import { displayWidth, isUnsafe } from "../../src/text/escape.ts";
import { PLAIN_TABLE } from "../../src/text/table.ts";
import { assertGolden } from "../support/golden.ts";
import { runOf } from "../support/runs.ts";
import { HOSTILE_TEXTS, spansOf } from "../support/spans.ts";

const FLAGS = "-O2 -Wall -Iinclude -DNAME=value -c -o";
const build = (slow: number, more: Parameters<typeof runOf>[0] = []) =>
  runOf([
    [`cc ${FLAGS} obj/parse.o src/parse.c`, 300 * slow],
    [`cc ${FLAGS} obj/print.o src/print.c`, 400],
    ["ld -o prog obj/parse.o obj/print.o", 100],
    ...more,
  ]);

const single = diffRuns([build(1, [["strip prog", 40]])], [build(3, [["test -e prog", 3, 12]])]);
const several = diffRuns(
  [build(1), build(1.1), build(0.95)],
  [build(3), build(3.2), build(2.8, [["sync", 2]])],
);
const terminal = (width: number) => ({ head: (text: string) => text, width });

test("what made a run slower is on top, with how much and from what to what", () => {
  assertGolden("report/diff.txt", diffText(single, PLAIN_TABLE));
  assertGolden("report/diff_several.txt", diffText(several, PLAIN_TABLE));
  assertGolden("report/diff_80.txt", diffText(several, terminal(80)));
});

test("a terminal has fifteen rows, and says how many more there are", () => {
  const many = Array.from({ length: 40 }, (_, i) => [`tool${i}`, 50] as const);
  const diff = diffRuns([build(1)], [build(1, many)]);
  const lines = diffText(diff, terminal(80)).split("\n");
  assert.ok(lines.includes("and 26 more; a file (-o) or a pipe has all of them"), lines.join("\n"));
  assert.equal(diffText(diff, PLAIN_TABLE).match(/^new /gm)?.length, 40);
});

test("no line of a terminal is too wide", () => {
  for (let width = 40; width < 160; width += 3) {
    for (const line of diffText(several, terminal(width)).split("\n")) {
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
    }
  }
});

test("what is not known of all is at least that, and what may turn round has a mark", () => {
  const stretch = (ms: number) => {
    const spans = [
      { id: "b-1-1", name: "init", argv: ["init"], cost: null, end: null, status: null },
      ...[1, 2, 3].map((n) => ({ id: `b-${n + 1}-1`, argv: ["cc", `${n}.c`] })),
    ];
    const stretch = spansOf(spans, { lengthNs: 4e9 });
    const cost = { ...stretch.spans[1]!.cost!, user_ns: ms * 1e6, system_ns: 0 };
    return {
      ...stretch,
      spans: stretch.spans.map((span, at) => at === 2 ? { ...span, cost } : span),
    };
  };
  const text = diffText(diffRuns([stretch(100)], [stretch(900)]), PLAIN_TABLE);
  assert.match(
    text,
    /^as far as it is known, 800ms more CPU time \(\+755 %\): at least 106ms before, at least 90/,
  );
  assert.match(text, /^CPU +at least 106ms +at least 906ms +\+800ms\?$/m);
  assert.match(text, /^slower .* \+800ms +1 +cc 2\.c$/m);
  assert.match(text, /^it is not known what 1 of 4 processes before and 1 of 4 after have cost/m);
  const json = JSON.parse([...diffJson(diffRuns([stretch(100)], [stretch(900)]))].join(""));
  assert.deepEqual(json.cpu_ns.unknown, { before: 1, after: 1 });
  assert.deepEqual([json.cpu_ns.change, json.cpu_ns.significant], [800e6, false]);
});

test("what began to fail has a column, in JSON a kind", () => {
  const good = build(1);
  const bad = {
    ...good,
    spans: good.spans.map((span, at) => at === 2 ? { ...span, status: 256 } : span),
  };
  const text = diffText(diffRuns([good], [bad]), PLAIN_TABLE);
  assert.match(text, /^WHAT .* COUNT +FAILED +COMMAND$/m);
  assert.match(text, /^began to fail .* 1 +0 > 1 +cc .*print\.c$/m);
  const [first] = JSON.parse([...diffJson(diffRuns([good], [bad]))].join("")).commands;
  assert.deepEqual([first.change, first.failed.change], ["began_to_fail", 1]);
  assert.doesNotMatch(diffText(diffRuns([good], [good]), PLAIN_TABLE), /FAILED/);
});

test("with what the command ended comes first, where that is different", () => {
  const ended = (status: number) => {
    const { frame, spans } = build(1);
    return { spans, frame: { ...frame, run: { ...frame.run!, status } } };
  };
  const text = diffText(diffRuns([ended(0)], [ended(2)]), PLAIN_TABLE);
  assert.match(text, /^ended with 2, not with 0 as before; as fast as before: /);
  assert.match(text, /^the command ended with 0 before and 2 after: a run that fails does less$/m);
  const often = diffText(diffRuns([ended(0), ended(2)], [ended(2), ended(0)]), PLAIN_TABLE);
  assert.match(often, /^as fast as before: /);
});

test("runs that are the same are said to be", () => {
  const text = diffText(diffRuns([build(1)], [build(1)]), PLAIN_TABLE);
  assert.match(text, /^as fast as before: 801ms before, 801ms after\n/);
  assert.match(text, /\nno command has changed by more than that\n/);
});

test("JSON has all of it, on one line", () => {
  const text = [...diffJson(several)].join("");
  assert.equal(text.indexOf("\n"), text.length - 1);
  const json = JSON.parse(text);
  assertGolden("report/diff.json", `${JSON.stringify(json, null, 1)}\n`);
  assert.equal(json.commands.length, 5, "what has not changed, too");
});

test("hostile command lines do no harm, nor does a time that is none", () => {
  const spans = HOSTILE_TEXTS.map((text, at) => ({
    id: `b-${at + 1}-1`,
    argv: [text, text],
    name: text,
  }));
  const diff = diffRuns([spansOf([])], [spansOf(spans, { originMs: 1e300, host: "\x1b[31m" })]);
  for (const line of diffText(diff, PLAIN_TABLE).split("\n")) {
    assert.ok(!isUnsafe(line), JSON.stringify(line));
  }
  const json = JSON.parse([...diffJson(diff)].join(""));
  assert.equal(json.after.runs[0].began, null);
});
