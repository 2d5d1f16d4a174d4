import assert from "node:assert/strict";
import { test } from "node:test";
import { diffRuns } from "../../src/report/diff.ts";
import type { Spans } from "../../src/report/span.ts";
import { MS, runOf as run, type Step } from "../support/runs.ts";
import { spansOf } from "../support/spans.ts";

const BUILD: readonly Step[] = [["cc a.c", 300], ["cc b.c", 400], ["ld", 100], ["strip", 20]];

const kinds = (before: readonly Spans[], after: readonly Spans[]) =>
  diffRuns(before, after).commands.filter(({ kind }) => kind !== "same")
    .map(({ kind, command }) => `${kind}: ${command}`);

test("the step that was made slower is found first, before what waits for it", () => {
  const after = BUILD.map((step) => step[0] === "cc b.c" ? ["cc b.c", 900] as const : step);
  const diff = diffRuns([run(BUILD)], [run(after, 500)]);
  const [first, second] = diff.commands;
  assert.deepEqual([first!.kind, first!.command], ["slower", "cc b.c"]);
  assert.deepEqual([first!.path.change, first!.cpu.change], [500 * MS, 500 * MS]);
  assert.deepEqual([second!.kind, second!.command], ["longer", "sh build.sh"]);
  assert.equal(second!.path.change, 0);
  assert.equal(diff.whole.wall.change, 500 * MS);
  assert.equal(diff.commands.length, 5, "what is the same is there, too");
  assert.match(diff.notes[0]!, /one run on each side, so noise is not known/);
});

test("where runs have become faster, what made them so comes first", () => {
  const after = BUILD.map((step) => step[0] === "cc a.c" ? ["cc a.c", 20] as const : step)
    .map((step) => step[0] === "strip" ? ["strip", 90] as const : step);
  assert.deepEqual(kinds([run(BUILD)], [run(after)]), [
    "faster: cc a.c",
    "shorter: sh build.sh",
    "slower: strip",
  ]);
});

test("what is new, gone, more often and less often is told", () => {
  const before: Step[] = [...BUILD, ["test -e x", 2, 3], ["old", 30], ["sed", 5, 4]];
  const after: Step[] = [...BUILD, ["test -e x", 2, 9], ["new", 60], ["sed", 5, 2]];
  assert.deepEqual(kinds([run(before)], [run(after)]), [
    "new: new",
    "more often: test -e x",
    "less often: sed",
    "gone: old",
  ]);
});

test("several runs on a side tell noise from change", () => {
  const noisy = (a: number, b: number) => run([["cc a.c", a], ["cc b.c", b], ["ld", 100]]);
  const before = [noisy(300, 400), noisy(380, 405), noisy(220, 410)];
  const after = [noisy(310, 480), noisy(250, 490), noisy(340, 470)];
  const { commands, whole, notes } = diffRuns(before, after);
  const [slower] = commands;
  assert.deepEqual([slower!.kind, slower!.command], ["slower", "cc b.c"]);
  assert.deepEqual(slower!.path.before, { median: 405 * MS, least: 400 * MS, most: 410 * MS });
  assert.deepEqual([slower!.path.change, slower!.path.noise], [75 * MS, 20 * MS]);
  const a = commands.find(({ command }) => command === "cc a.c")!;
  assert.deepEqual([a.kind, a.path.change, a.path.noise], ["same", 10 * MS, 160 * MS]);
  assert.deepEqual([whole.wall.change, whole.wall.noise], [90 * MS, 155 * MS]);
  assert.equal(whole.wall.isReal, false);
  assert.deepEqual(notes, []);
  // The same differences between single runs would have been taken for changes.
  assert.equal(kinds([noisy(260, 400)], [noisy(360, 400)])[0], "slower: cc a.c");
});

test("what ran in some runs of a side alone is neither new nor gone", () => {
  const sometimes = run([...BUILD, ["ccache", 3]]);
  assert.deepEqual(kinds([run(BUILD), run(BUILD)], [sometimes, run(BUILD)]), []);
  assert.deepEqual(kinds([run(BUILD)], [sometimes, sometimes]), [
    "new: ccache",
    "longer: sh build.sh",
  ]);
});

test("an even number of runs has its median between two", () => {
  const { whole } = diffRuns([run([["a", 10]]), run([["a", 30]])], [run([["a", 50]])]);
  assert.deepEqual([whole.wall.before!.median, whole.wall.change], [21.01 * MS, 30 * MS]);
});

test("numbers, names of temporary files and the folder do not make a command another", () => {
  const step = (n: number): Step[] => [
    [`as -o /tmp/cc${n + 100}Xyz.s a.o`, 50],
    ["kill PID", 10],
    ["tail --pid=ROOT", 10],
  ];
  assert.deepEqual(kinds([run(step(111), 100)], [run(step(222), 7000)]), []);
  assert.deepEqual(
    diffRuns([run(step(1))], [run(step(2))]).commands.map(({ command }) => command).sort(),
    ["as -o /tmp/cc%.s a.o", "kill %", "sh build.sh", "tail --pid=%"],
  );
});

test("what is not known is no zero", () => {
  const before = run(BUILD);
  const spans = before.spans.map((span, at) => at === 1 ? { ...span, cost: null } : span);
  const { commands, whole, notes } = diffRuns([{ ...before, spans }], [run(BUILD)]);
  assert.deepEqual([whole.cpu.before, whole.cpu.change], [null, null]);
  const cc = commands.find(({ command }) => command === "cc a.c")!;
  assert.deepEqual([cc.cpu.change, cc.cpu.isReal, cc.wall.change], [null, false, 0]);
  assert.ok(notes.some((note) => /not known what they have cost/.test(note)));
  const stretch = spansOf([{ id: "b-1-1" }, { id: "b-2-1" }]);
  const { commands: [one], notes: more } = diffRuns([stretch], [stretch]);
  assert.equal(one!.path.change, null);
  assert.ok(more.some((note) => /not all have one first process/.test(note)));
});

test("runs of other hosts, CPUs and sources are told, and losses", () => {
  const after = run(BUILD);
  const gap = { since: 0, until: 1, reason: "overflow", lost: 3 };
  const other = { ...after.frame, host: "ci", cpus: 8, gaps: [gap] };
  const { notes } = diffRuns([run(BUILD)], [{ ...after, frame: other }]);
  assert.deepEqual(notes.slice(1), [
    "they ran with different hosts: box, ci",
    "they ran with different numbers of CPUs: 4, 8",
    "1 of 2 runs lack events that were lost",
  ]);
});

test("an empty run is compared, too", () => {
  const { commands, whole } = diffRuns([spansOf([])], [run(BUILD)]);
  assert.equal(whole.count.change, 5);
  assert.ok(commands.every(({ kind }) => kind === "new"));
});
