import assert from "node:assert/strict";
import { test } from "node:test";
import { displayWidth } from "../../src/text/escape.ts";
import { type Column, PLAIN_TABLE, table } from "../../src/text/table.ts";

interface Row {
  readonly pid: number;
  readonly since: string;
  readonly size: number;
  readonly command: string;
}

const COLUMNS: readonly Column<Row>[] = [
  ["PID", ({ pid }) => pid, true],
  ["SINCE", ({ since }) => since, false, 2],
  ["SIZE", ({ size }) => size, true, 1],
  ["COMMAND", ({ command }) => command],
];
const ROWS: readonly Row[] = [
  { pid: 7, since: "2026-11-29", size: 4096, command: "sh -c 'make all install'" },
  { pid: 12, since: "2026-11-28", size: 8, command: "a\nb" },
];

const draw = (width: number) => table(ROWS, COLUMNS, { ...PLAIN_TABLE, width });

test("table() is as wide as its cells where nothing is to be cut", () => {
  assert.deepEqual(draw(Infinity), [
    "PID  SINCE       SIZE  COMMAND",
    "  7  2026-11-29  4096  sh -c 'make all install'",
    " 12  2026-11-28     8  a\\nb",
  ]);
});

test("table() first does without what says nothing, where there is too little room", () => {
  const idle = ROWS.map((row) => ({ ...row, size: 0, since: "" }));
  const columns = COLUMNS.map(([name, cell, is = false]) => [name, cell, is] as const);
  const lines = (width: number, rows = idle) => table(rows, columns, { ...PLAIN_TABLE, width });
  assert.equal(lines(Infinity)[0], "PID  SINCE  SIZE  COMMAND");
  assert.equal(lines(26)[0], "PID  COMMAND");
  // One row alone says nothing of a column.
  assert.equal(lines(26, idle.slice(1))[0], "PID  SINCE  SIZE  COMMAND");
  assert.equal(lines(26, [idle[0]!, { ...idle[1]!, size: 1 }])[0], "PID  SIZE  COMMAND");
});

test("table() cuts the last column in its middle, so that its end is seen", () => {
  const command = "cc -O2 -c /very/long/path/of/a/project/main.c";
  const rows = ROWS.map((row) => ({ ...row, command }));
  const [, line] = table(rows, COLUMNS, { ...PLAIN_TABLE, width: 50 });
  assert.equal(line, "  7  2026-11-29  4096  cc -O2 -c /…/project/main.c");
});

test("table() cuts the last column, then does without those that can be spared", () => {
  assert.deepEqual(draw(40), [
    "PID  SINCE       SIZE  COMMAND",
    "  7  2026-11-29  4096  sh -c 'make all …",
    " 12  2026-11-28     8  a\\nb",
  ]);
  assert.deepEqual(draw(36), [
    "PID  SINCE       COMMAND",
    "  7  2026-11-29  sh -c 'make all in…",
    " 12  2026-11-28  a\\nb",
  ]);
  assert.deepEqual(draw(30), [
    "PID  COMMAND",
    "  7  sh -c 'make all install'",
    " 12  a\\nb",
  ]);
});

test("table() is no wider than the terminal, however narrow that is", () => {
  for (let width = 1; width < 60; width++) {
    for (const line of draw(width)) assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
  }
});
