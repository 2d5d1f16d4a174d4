import assert from "node:assert/strict";
import { test } from "node:test";
import { diffRuns } from "../../src/report/diff.ts";
import { noiseOf, spreadOf } from "../../src/report/noise.ts";
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
  assert.match(diff.notes[0]!, /one run on each side, so noise cannot be told/);
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

test("who is waited for longer and takes no longer is not slower", () => {
  const build = (from: number): Spans =>
    spansOf([
      { id: "b-1-1", argv: ["make"], end: (from + 452) * MS },
      { id: "b-2-1", parent: "b-1-1", argv: ["cc", "a.c"], end: 450 * MS },
      {
        ...{ id: "b-3-1", parent: "b-1-1", argv: ["cc", "b.c"] },
        ...{ start: from * MS, end: (from + 450) * MS },
      },
    ], {
      ...{ lengthNs: (from + 452) * MS },
      run: { name: "make", argv: ["make"], status: 0, root: "b-1-1" },
    });
  const [beside, behind] = [build(1), build(451)];
  assert.deepEqual(kinds([beside], [behind]), ["waited more: cc a.c", "longer: make"]);
  assert.deepEqual(kinds([behind], [beside]), ["waited less: cc a.c", "shorter: make"]);
});

test("what is as fast as before has its rows in the order of growth, and its CPU time told", () => {
  const builds = (slow: number, held: readonly number[]) =>
    held.map((ms) => run([["cc a.c", 300 + slow], ["sleep", ms]]));
  const diff = diffRuns(builds(0, [600, 4000, 2000]), builds(400, [100, 3000, 50]));
  assert.equal(diff.whole.wall.isReal, false);
  assert.equal(diff.commands[0]!.command, "cc a.c");
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
  assert.deepEqual([slower!.path.change, slower!.path.noise], [75 * MS, 15 * MS]);
  const a = commands.find(({ command }) => command === "cc a.c")!;
  assert.deepEqual([a.kind, a.path.change, a.path.noise], ["same", 10 * MS, 120 * MS]);
  assert.deepEqual([whole.wall.change, whole.wall.noise], [90 * MS, 127.5 * MS]);
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

/** A run of whose places the cost is not known. */
const without = (spans: Spans, ...places: number[]): Spans => ({
  ...spans,
  spans: spans.spans.map((span, at) => places.includes(at) ? { ...span, cost: null } : span),
});

test("what is known of costs is summed up, and what is not is counted", () => {
  const { commands, whole, notes } = diffRuns([without(run(BUILD), 1)], [run(BUILD)]);
  assert.deepEqual([whole.cpu.before!.median, whole.cpu.change], [520 * MS, 300 * MS]);
  assert.deepEqual(whole.cpu.unknown, { before: 1, after: 0 });
  assert.deepEqual([whole.cpu.isBeyondNoise, whole.cpu.isReal], [true, false]);
  const cc = commands.find(({ command }) => command === "cc a.c")!;
  assert.deepEqual([cc.cpu.before, cc.cpu.change, cc.cpu.isReal], [null, null, false]);
  assert.equal(cc.wall.change, 0);
  assert.ok(
    notes.some((note) =>
      /^it is not known what 1 of 5 processes before and 0 of 5 after/.test(note)
    ),
  );
});

test("what is not known turns no difference round: at least so much more is more", () => {
  const often: readonly Step[] = [["cc", 300, 4]];
  const more: readonly Step[] = [["cc", 300, 9]];
  const grown = diffRuns([run(often)], [without(run(more), 9)]);
  assert.deepEqual([grown.whole.cpu.change, grown.whole.cpu.isReal], [1200 * MS, true]);
  const unsure = diffRuns([without(run(often), 1)], [run(more)]);
  assert.deepEqual([unsure.whole.cpu.change, unsure.whole.cpu.isReal], [1800 * MS, false]);
  const less = diffRuns([without(run(more), 1)], [run(often)]);
  assert.deepEqual([less.whole.cpu.change, less.whole.cpu.isReal], [-1200 * MS, true]);
});

test("of who lives longer than a stretch, what lies in it counts", () => {
  const stretch = (end: number | null, start = -10) =>
    spansOf([
      { id: "b-1-1", start: start * MS, end: end === null ? null : end * MS },
      { id: "b-2-1", start: 5 * MS, end: 15 * MS },
    ], { lengthNs: 20 * MS });
  const { whole, notes } = diffRuns([stretch(30)], [stretch(null)]);
  // 3 ms of CPU each: of one that lived for 40 ms, 20 of which lie in the stretch, half of them.
  assert.deepEqual([whole.cpu.before!.median, whole.cpu.after!.median], [4.5 * MS, 5 * MS]);
  const { commands: [one] } = diffRuns([stretch(30)], [stretch(30)]);
  assert.equal(one!.wall.before!.median, 30 * MS);
  assert.ok(notes.some((note) => /^2 processes have lived beyond what is looked at/.test(note)));
});

test("what began to fail comes first, the deepest before what passes its failure on", () => {
  const failing = (spans: Spans, ...places: number[]): Spans => ({
    frame: spans.frame,
    spans: spans.spans.map((span, at) => places.includes(at) ? { ...span, status: 256 } : span),
  });
  const broken = failing(run([...BUILD, ["slow", 900]]), 0, 2);
  const ended = { ...broken.frame, run: { ...broken.frame.run!, status: 2 } };
  const diff = diffRuns([run(BUILD)], [{ ...broken, frame: ended }]);
  assert.deepEqual(diff.commands.slice(0, 3).map(({ kind, command }) => `${kind}: ${command}`), [
    "began to fail: cc b.c",
    "began to fail: sh build.sh",
    "new: slow",
  ]);
  assert.match(diff.notes[0]!, /^the command ended with 0 before and 2 after/);
  assert.deepEqual(kinds([broken], [run(BUILD)]).slice(0, 2), [
    "stopped failing: cc b.c",
    "stopped failing: sh build.sh",
  ]);
  const often: readonly Step[] = [["test", 2, 6]];
  assert.deepEqual(kinds([failing(run(often), 1)], [failing(run(often), 1, 2, 3)]), [
    "fails more: test",
  ]);
  assert.deepEqual(kinds([failing(run(often), 1, 2, 3)], [failing(run(often), 1)]), [
    "fails less: test",
  ]);
  const each: readonly Step[] = [["test", 2, 3]];
  const all = failing(run(often), 1, 2, 3, 4, 5, 6);
  assert.deepEqual(kinds([failing(run(each), 1, 2, 3)], [all])[0], "more often: test");
  assert.deepEqual(kinds([all], [failing(run(each), 1, 2, 3)])[0], "less often: test");
  const once = [failing(run(often), 1), run(often), run(often)];
  assert.deepEqual(kinds([run(often), run(often), run(often)], once), [], "once may be chance");
});

test("a run that something held up is no noise, and one a side says nothing of it", () => {
  const step = (ms: number) => run([["cc", ms]]);
  const before = [400, 402, 398, 401, 3000].map(step);
  const { commands: [first], notes } = diffRuns(before, [500, 503, 498, 501, 499].map(step));
  assert.deepEqual([first!.kind, first!.path.change], ["slower", 99 * MS]);
  assert.ok(first!.path.noise! < 5 * MS, String(first!.path.noise));
  assert.deepEqual(notes, []);
  const { notes: [mixed], whole } = diffRuns(before, [step(500)]);
  assert.match(mixed!, /^there is one run after, so noise is that of the runs before alone/);
  assert.ok(whole.wall.noise! > 0);
});

test("between runs of the same thing changes are seldom, however many there are", () => {
  let seed = 7;
  const chance = () => (seed = seed * 48271 % 0x7fffffff) / 0x7fffffff;
  // The sum of twelve is distributed normally, near enough.
  const normal = () => Array.from({ length: 12 }, chance).reduce((sum, one) => sum + one, -6);
  for (const [runs, most] of [[2, 25], [3, 8], [4, 10], [5, 6], [10, 2]] as const) {
    const side = () => Array.from({ length: runs }, () => 100 + normal());
    let found = 0;
    for (let i = 0; i < 2000; i++) {
      const [before, after] = [side(), side()];
      const change = spreadOf(after)!.median - spreadOf(before)!.median;
      if (Math.abs(change) > noiseOf(before, after)!) found++;
    }
    assert.ok(found <= most * 20, `${runs} runs: ${found / 20} of 100`);
  }
});

test("a stretch has no one end", () => {
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
    "after: 3 events were lost (overflow); what was then may be missing",
  ]);
});

test("what was noted of saved runs is told, of which side where it is not that of both", () => {
  const noted = (...notes: string[]): Spans => {
    const { frame, spans } = run(BUILD);
    return { frame: { ...frame, notes }, spans };
  };
  const { notes } = diffRuns([noted("a", "both")], [noted("both", "b")]);
  assert.deepEqual(notes.slice(1), ["before: a", "both", "after: b"]);
});

test("an empty run is compared, too", () => {
  const { commands, whole } = diffRuns([spansOf([])], [run(BUILD)]);
  assert.equal(whole.count.change, 5);
  assert.ok(commands.every(({ kind }) => kind === "new"));
});
