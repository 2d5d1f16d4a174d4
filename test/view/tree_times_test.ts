import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningBoot } from "../../src/model/boot.ts";
import type { Process } from "../../src/model/process.ts";
import { buildForest } from "../../src/model/tree.ts";
import { Users } from "../../src/proc/passwd.ts";
import { displayWidth } from "../../src/text/escape.ts";
import { renderTree } from "../../src/view/tree.ts";
import { type TimeOptions, treeColumns } from "../../src/view/tree_times.ts";
import { ended, running } from "../support/tree.ts";

const users = new Users(() => "root:x:0:0::/:/bin/sh\n", () => 0);
/** Booted at 22:13:20; a process is forked ten milliseconds times its pid later. */
const boot = new RunningBoot("7c0a51fe", { seconds: 1_700_000_000, ns: 0 });
const at = (seconds: number) => 1_700_000_000_000 + seconds * 1000;

function family(): Process[] {
  const make = running(100, "make", null, boot);
  const cc = ended(running(150, "cc a.c", make), 0, 0.5e9);
  const ld = ended(running(200, "ld -o a a.o", make), 0x100, 0.25e9);
  return [make, cc, ld];
}

function draw(processes: readonly Process[], options: Partial<TimeOptions> = {}): string[] {
  const { roots } = buildForest(processes);
  const { width = 80, color = false } = options;
  const columns = treeColumns(roots, {
    times: false,
    bars: false,
    now: at(3),
    stretch: { since: null, until: null },
    counted: null,
    width,
    color,
    ascii: false,
    timeOf: (moment, isFine) => new Date(moment).toISOString().slice(11, isFine ? 23 : 19),
    ...options,
  });
  const style = { users, width, color, ascii: false, focus: null, columns };
  return [...renderTree(roots, { ...style, reaperOf: () => null })];
}

test("--times has when each started and how long it lasted, the living up to now", () => {
  assert.deepEqual(draw(family(), { times: true }), [
    "     STARTED  LASTED  PROCESS",
    "22:13:21.000   2.00s  100 make",
    "22:13:21.500   500ms  ├─ 150 cc a.c  # exit 0",
    "22:13:22.000   250ms  └─ 200 ld -o a a.o  # exit 1",
  ]);
});

test("--bars has a scale and a bar for each, with what failed marked", () => {
  assert.deepEqual(draw(family(), { bars: true, width: 84 }), [
    "22:13:21.000     2.00s      22:13:23.000  PROCESS",
    "███████████████████████████████████████▸  100 make",
    "          ██████████                      ├─ 150 cc a.c",
    "                    █████✗                └─ 200 ld -o a a.o  # exit 1",
  ]);
});

test("bars stand on the stretch that was asked for, else on what counts", () => {
  const [make, cc, ld] = family();
  const all = [make!, cc!, ld!];
  const stretch = { since: at(1.5), until: at(2) };
  assert.deepEqual(draw(all, { bars: true, width: 84, stretch }).slice(1).map(barOf), [
    `◂${"█".repeat(38)}▸`,
    "█".repeat(40),
    `${" ".repeat(39)}▸`,
  ]);
  const counted = new Set([cc!]);
  const [head, ...bars] = draw(all, { bars: true, width: 84, counted });
  assert.equal(head, "22:13:21.500     500ms      22:13:22.000  PROCESS");
  assert.deepEqual(bars.map(barOf), [
    `◂${"█".repeat(38)}▸`,
    "█".repeat(40),
    `${" ".repeat(39)}▸`,
  ]);
});

const barOf = (line: string) => line.slice(0, 40);

test("who lived when the recorder of its boot stopped has lived up to then", () => {
  const past = Object.assign(new RunningBoot("7c0a51fe", { seconds: 1_700_000_000, ns: 0 }), {
    known: 2e9,
    reached: false,
  });
  const lines = draw([running(100, "make", null, past)], { times: true, now: at(3000) });
  assert.equal(lines[1], "22:13:21.000   1.00s  100 make");
});

test("what is not known is a question mark", () => {
  const unseen = running(100, "x", null, boot);
  unseen.state = "unknown";
  const early = running(101, "y", null, boot);
  early.start = null;
  const lines = draw([unseen, early], { times: true, bars: true, width: 100 });
  assert.match(lines[1]!, /^22:13:21\.000 {7}\? {2}▏\? +100 x {2}# ended unseen$/);
  assert.match(lines[2]!, /^ {11}\? {7}\? {2}◂█+▸ {2}101 y$/);
});

test("failures are red, the living green", () => {
  const lines = draw(family(), { bars: true, color: true, width: 84 });
  assert.ok(lines[1]!.startsWith(`\x1b[32m${"█".repeat(39)}▸\x1b[0m  100 `), lines[1]);
  assert.ok(lines[2]!.startsWith(`${" ".repeat(10)}█`), lines[2]);
  assert.ok(lines[3]!.startsWith(`\x1b[31m${" ".repeat(20)}█████✗`), lines[3]);
});

test("no line is wider than the terminal, and a tree has 16 cells before a column has any", () => {
  for (let width = 1; width < 140; width++) {
    for (const line of draw(family(), { times: true, bars: true, width })) {
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
    }
  }
  const heads = [25, 26, 38, 63, 64].map((width) => {
    return draw(family(), { times: true, bars: true, width })[0];
  });
  assert.deepEqual(heads, [
    "100 make",
    "100 make",
    "     STARTED  LASTED  PROCESS",
    "     STARTED  LASTED  22:13:21.000        PROCESS",
    "     STARTED  LASTED  22:13:21.000         PROCESS",
  ]);
});
