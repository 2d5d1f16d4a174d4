import assert from "node:assert/strict";
import { test } from "node:test";
import { csvLine, csvTable } from "../../src/text/csv.ts";

const cell = (value: string | number | null | readonly string[]) =>
  csvLine([["a", value]], (text) => text).slice(0, -2);

test("csvLine() leaves a spreadsheet nothing to run, and numbers what they are", () => {
  assert.equal(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  assert.equal(cell("+1"), "'+1");
  assert.equal(cell("-1"), "'-1");
  assert.equal(cell("@SUM(A1)"), "'@SUM(A1)");
  assert.equal(cell("\t=1"), '"\'\t=1"');
  assert.equal(cell("\r=1"), '"\'\r=1"');
  assert.equal(cell("\uff1d1"), "'\uff1d1");
  assert.equal(cell('=1,"2"'), '"\'=1,""2"""');
  assert.deepEqual([cell(-1), cell(5), cell(null), cell("sh -c"), cell("a=b")], [
    "-1",
    "5",
    "",
    "sh -c",
    "a=b",
  ]);
  assert.equal(cell(["su", "core"]), "su+core");
});

test("csvLine() defuses before a terminal's escapes hide what it begins with", () => {
  assert.equal(csvLine([["a", "\t=1"]], (text) => text.replace("\t", "\\t")), "'\\t=1\r\n");
});

test("no cell of csvLine() is two cells where others separate by semicolons or tabs", () => {
  assert.equal(cell("a;=1"), '"a;=1"');
  assert.equal(cell("a\t=1"), '"a\t=1"');
  assert.equal(cell('a;"=1"'), '"a;""=1"""');
});

test("csvTable() has a column for each name that a row has", () => {
  const rows = [{ command: '=cmd|"x",y', user_ns: -1, peak_bytes: null }, { command: "a", n: 1 }];
  assert.deepEqual([...csvTable(rows, (text) => text)], [
    "command,user_ns,peak_bytes,n\r\n",
    '"\'=cmd|""x"",y",-1,,\r\n',
    "a,,,1\r\n",
  ]);
});
