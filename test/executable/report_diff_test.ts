/** `fh report diff`: real runs of a script, one step of which is made slower. */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";

const folder = temporaryFolder("fh-diff-");
const STEPS = ["parse", "print", "link"];

writeFileSync(
  join(folder, "step.sh"),
  "read n < amount-$1; i=0; while [ $i -lt $n ]; do i=$((i + 1)); done; exit 0\n",
);
writeFileSync(
  join(folder, "build.sh"),
  STEPS.map((step) => `sh step.sh ${step}; cp step.sh ${folder}/$$.o\n`).join(""),
);

/** Saves a run whose steps count so far; the file. */
function save(name: string, print: number, more = ""): string {
  for (const step of STEPS) {
    writeFileSync(join(folder, `amount-${step}`), `${step === "print" ? print : 20_000}\n`);
  }
  writeFileSync(join(folder, "more.sh"), more);
  const path = join(folder, `${name}.fhrun`);
  const args = ["run", "-q", "--save", path, "--", "sh", "-c", ". ./build.sh; . ./more.sh"];
  const { status, stderr } = runFh(args, { cwd: folder });
  assert.deepEqual([status, stderr], [0, ""]);
  return path;
}

const before = [1, 2].map((n) => save(`before-${n}`, 20_000));
const after = [1, 2].map((n) => save(`after-${n}`, 600_000, "sleep 0.01; cat more.sh >after.o\n"));

test("the step that was made slower is found first", () => {
  const { stdout, stderr, status } = runFh(["report", "diff", before[0]!, after[0]!]);
  assert.deepEqual([status, stderr], [0, ""]);
  const lines = stdout.split("\n");
  assert.match(lines[0]!, /^slower by \S+ \(\+\d+ %\): \S+ before, \S+ after$/);
  const first = lines[lines.findIndex((line) => line.startsWith("WHAT ")) + 1]!;
  assert.match(first, /^slower +\+\S+ .* 1 {2}sh step\.sh print$/);
  assert.match(stdout, /^new .*0 > 1 {2}sleep 0\.01$/m);
  assert.match(stdout, /noise cannot be told/);
  // Their numbers and names are others each time.
  assert.doesNotMatch(stdout, /^(?:new|gone) .*cp /m);
});

test("so it is with several runs a side, as JSON and into a file, in which noise is known", () => {
  const path = join(folder, "diff.json");
  const args = ["report", "diff", ...before, "vs", ...after, "-o", path];
  const { stdout, stderr, status } = runFh(args);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { commands: [first], notes, before: { runs } } = JSON.parse(readFileSync(path, "utf8"));
  assert.deepEqual([first.change, first.command], ["slower", "sh step.sh print"]);
  assert.ok(first.critical_path_ns.change > first.critical_path_ns.noise);
  assert.deepEqual([runs.length, notes], [2, []]);
  const same = runFh(["report", "diff", "--json", ...before, "vs", ...after]);
  assert.deepEqual(JSON.parse(same.stdout).commands[0], first);
});

test("a file of HTML is a page with both timelines", () => {
  const path = join(folder, "diff.html");
  const { status, stderr, stdout } = runFh([
    "report",
    "diff",
    ...before,
    "vs",
    ...after,
    "-o",
    path,
  ]);
  assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  const page = readFileSync(path, "utf8");
  assert.match(page, /^<!doctype html>/i);
  const [, data] = /id="?data"?>([^<]*)</.exec(page)!;
  assert.equal(data!.split(" ").length, 3, "two runs, and how they differ");
});

test("the ending of the name says the format, in letters of either case", () => {
  for (const [ending, begin] of [["HTM", "<!doctype"], ["Html", "<!doctype"], ["JSON", "{"]]) {
    const path = join(folder, `other.${ending}`);
    const { status, stderr } = runFh(["report", "diff", ...before, "vs", ...after, "-o", path]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.ok(readFileSync(path, "utf8").toLowerCase().startsWith(begin!), ending);
  }
});

test("what is to be known of the runs is told beside a file, and once on standard output", () => {
  const noted = join(folder, "noted.fhrun");
  const text = readFileSync(before[0]!, "utf8").replace('"notes":[]', '"notes":["7 are missing"]');
  writeFileSync(noted, `${text}\n`);
  const plain = runFh(["report", "diff", noted, after[0]!]);
  assert.equal(plain.stderr, "");
  assert.match(plain.stdout, /\nbefore: 7 are missing\n/);
  const filed = runFh(["report", "diff", noted, after[0]!, "-o", join(folder, "noted.html")]);
  assert.match(filed.stderr, /^fh: before: 7 are missing$/m);
  const { notes } = JSON.parse(runFh(["report", "diff", "--json", noted, after[0]!]).stdout);
  assert.ok(notes.includes("before: 7 are missing"), notes);
  const report = runFh(["report", "folded", "--run", noted]);
  assert.deepEqual([report.status, report.stderr], [0, "fh: 7 are missing\n"]);
  assert.equal(runFh(["report", "folded", "-q", "--run", noted]).stderr, "");
});

test("the other way round, what made it faster comes first", () => {
  const { stdout } = runFh(["report", "diff", after[0]!, before[0]!]);
  assert.match(stdout, /^faster by .*\n[^]*\nWHAT .*\nfaster +-\S+ .*sh step\.sh print\n/);
});

test("what cannot be compared is told in one line", () => {
  const cut = join(folder, "cut");
  writeFileSync(cut, readFileSync(before[0]!, "utf8").split("\n").slice(0, -2).join("\n") + "\n");
  const rows: [string[], number, RegExp][] = [
    [[before[0]!], 2, /^fh: Missing run: /],
    [[before[0]!, join(folder, "none")], 1, /^fh: Cannot read saved run .*none: /],
    [[before[0]!, "/etc/passwd/x"], 1, /^fh: Cannot read saved run .*: a part of its path is no f/],
    [
      [before[0]!, cut],
      1,
      /^fh: Cannot read the saved run .*cut: it has \d+ of \d+ processes: it was/,
    ],
    [[before[0]!, join(folder, "step.sh")], 1, /^fh: Cannot read the saved run .*step\.sh: line 1/],
    [[before[0]!, after[0]!, "-o", folder], 1, /^fh: Cannot write the comparison to .*a folder; /],
  ];
  for (const [operands, expected, message] of rows) {
    const { status, stderr, stdout } = runFh(["report", "diff", ...operands]);
    assert.deepEqual([status, stdout], [expected, ""], stderr);
    assert.match(stderr, message);
  }
});
