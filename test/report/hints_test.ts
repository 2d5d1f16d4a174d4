import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hint, hintsOf } from "../../src/report/hints.ts";
import type { Frame, Span } from "../../src/report/span.ts";
import { costOf, frameOf, imageOf, madeUpBuild, runOf, spanOf } from "../support/report_spans.ts";

const kinds = (hints: readonly Hint[]) => hints.map(({ kind }) => kind);

function only(hints: readonly Hint[], kind: string): Hint {
  assert.deepEqual(kinds(hints), [kind]);
  return hints[0]!;
}

/** A make with so many compilers, one after the other, of 100 ms each. */
function serial(argv: string[], more: Partial<Frame> = {}, count = 40, cpuShare = 0.9) {
  const spans = [spanOf(1, null, [0, count * 101 + 5], argv)];
  for (let at = 0; at < count; at++) {
    const cost = costOf(1e8 * cpuShare);
    spans.push(spanOf(at + 2, 1, [at * 101, at * 101 + 100], ["cc", `${at}.c`], { cost }));
  }
  return runOf(spans, more);
}

test("a make without -j that leaves CPUs idle is told, with what was measured", () => {
  const hint = only(hintsOf(serial(["make", "all"])), "serial makes");
  assert.equal(
    hint.words,
    "make (1) has no -j in its command line: for 4.00s of its 4.04s exactly one of its 40 " +
      "recipe commands ran, and what it started used 0.9 of 4 CPUs",
  );
  assert.match(hint.advice, /^try make -j4: /);
  assert.equal(hint.stretches.length, 40);
  assert.deepEqual(hint.stretches[1], { from: 101e6, to: 201e6 });
  assert.deepEqual(hint.spans, [0]);
});

test("without accounts, a serial make is told without what it used", () => {
  const { frame, spans } = serial(["gmake"]);
  const some = spans.map((span) => ({ ...span, cost: null }));
  const hint = only(hintsOf({ frame, spans: some }), "serial makes");
  assert.match(hint.words, /commands ran; the host has 4 CPUs$/);
});

test("a make that was told of jobs is none that was not", () => {
  for (const option of ["-j", "-j1", "-sj4", "--jobs", "--jobs=3", "-kBj"]) {
    assert.deepEqual(hintsOf(serial(["make", option])), [], option);
  }
  for (const option of ["-Cjobs", "-fj.mk", "--", "all-j", "--just-print"]) {
    assert.deepEqual(kinds(hintsOf(serial(["make", option]))), ["serial makes"], option);
  }
});

test("a make is not serial on one CPU, when short, when its CPUs are in use, below another", () => {
  assert.deepEqual(hintsOf(serial(["make"], { cpus: 1 })), []);
  assert.deepEqual(hintsOf(serial(["make"], { cpus: null })), []);
  assert.deepEqual(hintsOf(serial(["make"], {}, 9)), []);
  assert.deepEqual(hintsOf(serial(["make"], {}, 40, 3.5)), []);
  assert.deepEqual(hintsOf(serial(["ninja"])), []);
  const { frame, spans } = serial(["make"]);
  const outer = spanOf(9000, null, [0, 4045], ["make", "-j4"]);
  const inner = { ...spans[0]!, parent: outer.id, ppid: 9000 };
  assert.deepEqual(hintsOf({ frame, spans: [outer, inner, ...spans.slice(1)] }), []);
});

test("makes that make has started count together, unless one was told of jobs", () => {
  const made = (inner: string[]) => {
    const spans = [
      spanOf(1, null, [0, 4100], ["make"]),
      spanOf(2, 1, [10, 4090], ["sh", "-c", "for d in a b; do make -C $d; done"]),
    ];
    for (let at = 0; at < 4; at++) {
      const from = 20 + at * 1000;
      spans.push(spanOf(10 + at, 2, [from, from + 990], inner));
      for (let file = 0; file < 9; file++) {
        const begin = from + 10 + file * 100;
        spans.push(spanOf(100 + 10 * at + file, 10 + at, [begin, begin + 95], ["cc", `${file}`]));
      }
    }
    return hintsOf(runOf(spans)).filter(({ kind }) => kind === "serial makes");
  };
  const hint = only(made(["make", "-C", "a"]), "serial makes");
  assert.match(hint.words, /^make \(1\) .* for 3\.42s of its 4\.10s exactly one of its 36 recipe/);
  assert.deepEqual(made(["make", "-j2"]), []);
});

test("a make whose children ran at the same time is not serial", () => {
  const spans = [spanOf(1, null, [0, 4000], ["make"])];
  for (let at = 0; at < 40; at++) {
    spans.push(spanOf(at + 2, 1, [at * 95, at * 95 + 105], ["cc", `${at}.c`]));
  }
  assert.ok(!kinds(hintsOf(runOf(spans))).includes("serial makes"));
});

/** Four compilers at a time for four seconds, then a linker of so many milliseconds. */
function withTail(tailMs: number, cpuShare = 0.9): Span[] {
  const spans = [spanOf(1, null, [0, 4000 + tailMs], ["make", "-j4"], { cost: costOf(1e6) })];
  for (let at = 0; at < 160; at++) {
    const from = Math.floor(at / 4) * 100;
    spans.push(spanOf(at + 2, 1, [from, from + 100], ["cc", `${at}.c`]));
  }
  const cost = costOf(tailMs * 1e6 * cpuShare);
  spans.push(spanOf(500, 1, [4000, 4000 + tailMs], ["ld", "-o", "app"], { cost }));
  return spans;
}

test("a long tail of one process is told, with who worked and what was before", () => {
  const hint = only(hintsOf(runOf(withTail(2000))), "serial tail");
  assert.equal(
    hint.words,
    "one process at a time worked in the last 2.00s of 6.00s, with 0.9 of 4 CPUs used: most of " +
      "all ld (500), 2.00s; before, 4.0 worked at once",
  );
  assert.deepEqual(hint.stretches, [{ from: 4e9, to: 6e9 }]);
});

test("a tail that is short, uses all CPUs, or follows what was serial too, is none", () => {
  assert.deepEqual(hintsOf(runOf(withTail(400))), []);
  assert.deepEqual(hintsOf(runOf(withTail(2000, 3.6))), []);
  const [first, , , , last] = [...withTail(2000).slice(0, 4), withTail(2000).at(-1)!];
  const alone = [first!, spanOf(3, 1, [0, 3900], ["cc", "a.c"]), last!];
  assert.deepEqual(hintsOf(runOf(alone)), []);
  const { frame, spans } = runOf(withTail(2000));
  const outside = { ...frame, run: null };
  const second = spanOf(900, null, [0, 10], ["other"]);
  assert.deepEqual(hintsOf({ frame: outside, spans: [...spans, second] }), []);
});

test("a command line that ran again and again is told, without what it starts in turn", () => {
  const spans = [spanOf(1, null, [0, 4000], ["sh", "-c", "build"])];
  for (let at = 0; at < 6; at++) {
    const from = at * 600;
    spans.push(spanOf(10 + at, 1, [from, from + 80], ["pkg-config", "--cflags", "gtk'4"]));
    spans.push(spanOf(30 + at, 10 + at, [from + 1, from + 79], ["helper", "gtk"]));
  }
  const hint = only(hintsOf(runOf(spans)), "repeats");
  assert.equal(
    hint.words,
    "the same command line ran 6 times in the same folder, all but the longest for 400ms: " +
      "pkg-config --cflags 'gtk'\\''4'",
  );
  assert.equal(hint.stretches.length, 6);
  assert.equal(hint.spans.length, 6);
});

test("a fork of a shell is none that ran it, whatever its parent runs by now", () => {
  const shell = ["sh", "-c", "build"];
  const spans = [spanOf(1, null, [0, 4000], shell)];
  for (let at = 0; at < 6; at++) {
    const from = at * 600;
    spans.push(spanOf(10 + at, 1, [from, from + 90], ["cat", String(at)]));
    spans.push(spanOf(30 + at, 10 + at, [from + 1, from + 81], shell));
  }
  assert.deepEqual(hintsOf(runOf(spans)), []);
});

test("daemons that live, and workers that are told to end, are no repeats", () => {
  const made = (more: Partial<Span>) => {
    const spans = [spanOf(1, null, [0, 4000], ["init"])];
    for (let at = 0; at < 6; at++) {
      spans.push(spanOf(10 + at, 1, [100 + at, 3900], ["worker", "-n"], more));
    }
    const all = hintsOf(runOf(spans, { lengthNs: 4e9 }));
    return all.filter(({ kind }) => kind === "repeats");
  };
  assert.equal(made({}).length, 1);
  assert.deepEqual(made({ end: null, status: null }), []);
  assert.deepEqual(made({ status: 15 }), [], "SIGTERM");
  assert.deepEqual(made({ start: -1 }), []);
  assert.deepEqual(made({ end: 1e12 }), []);
});

test("forks, other folders, waiting, and what is quickly done are no repeats", () => {
  const shell = ["sh", "-c", "build"];
  const made = (argv: string[], tookMs: number, cwd = "/src") => {
    const spans = [spanOf(1, null, [0, 4000], shell)];
    for (let at = 0; at < 6; at++) {
      const image = imageOf(argv, { cwd: cwd === "" ? `/src/${at}` : cwd });
      spans.push(spanOf(10 + at, 1, [at * 600, at * 600 + tookMs], argv, { image }));
    }
    return hintsOf(runOf(spans));
  };
  assert.deepEqual(kinds(made(["tool", "x"], 80)), ["repeats"]);
  assert.deepEqual(made(shell, 80), []);
  assert.deepEqual(made(["tool", "x"], 80, ""), []);
  assert.deepEqual(made(["sleep", "0.1"], 100), []);
  assert.deepEqual(made(["tool", "x"], 5), []);
});

/** A script that runs so many helpers, each with its own command line. */
function script(argv: string[], helperMs: number, ownMs = 1, count = 200): Span[] {
  const step = helperMs + ownMs;
  const spans = [spanOf(1, null, [0, step * count], argv)];
  for (let at = 0; at < count; at++) {
    const words = [["sed", "grep"][at % 2]!, String(at)];
    spans.push(spanOf(at + 2, 1, [at * step, at * step + helperMs], words));
  }
  return spans;
}

test("a shell that spends its life on short helpers is told", () => {
  const hint = only(hintsOf(runOf(script(["/bin/sh", "./gen.sh"], 8))), "shell helpers");
  assert.equal(
    hint.words,
    "sh (1) had a short helper running for 1.60s of its 1.80s: 200 of them, 8.0ms each on " +
      "average (100 sed, 100 grep)",
  );
});

test("long helpers, few of them, a shell that does its own work, are no waste", () => {
  assert.deepEqual(hintsOf(runOf(script(["sh", "x"], 60))), []);
  assert.deepEqual(hintsOf(runOf(script(["sh", "x"], 40, 1, 40))), []);
  assert.deepEqual(hintsOf(runOf(script(["sh", "x"], 8, 12))), []);
  assert.deepEqual(hintsOf(runOf(script(["python3", "x.py"], 8))), []);
});

/** Two configure scripts; the second has some command lines of the first. */
function configures(same: number, options: string[] = []): Span[] {
  const spans = [spanOf(1, null, [0, 4000], ["make", "-j2"])];
  for (const [at, cwd] of ["/a", "/b"].entries()) {
    const argv = ["/bin/sh", "../configure", ...options];
    const image = imageOf(argv, { cwd, name: "configure" });
    const [pid, from] = [10 + at, at * 2000];
    spans.push(spanOf(pid, 1, [from, from + 1900], argv, { image }));
    for (let check = 0; check < 30; check++) {
      const isSame = check < same;
      const words = ["gcc", "-c", isSame ? `conftest${check}.c` : `${cwd}${check}.c`];
      const begin = from + check * 60;
      spans.push(spanOf(100 + 50 * at + check, pid, [begin, begin + 55], words));
    }
  }
  return spans;
}

test("configure scripts that check the same are told", () => {
  const hint = only(hintsOf(runOf(configures(20))), "configure repeats");
  assert.equal(
    hint.words,
    "2 configure scripts ran, the second for 1.90s: 20 of their 30 command lines an earlier one " +
      "had run, too",
  );
  assert.deepEqual(hint.stretches, [{ from: 2e9, to: 3.9e9 }]);
});

test("forks of a configure script are none of their own, also from before another shell", () => {
  const spans = configures(20);
  for (const [at, pid] of [10, 11].entries()) {
    const script = spans.find((span) => span.pid === pid)!;
    const argv = ["/bin/sh", "../configure"];
    const image = { ...script.image, exe: "/usr/bin/dash", argv };
    const from = at * 2000 + 5;
    spans.push(spanOf(900 + at, pid, [from, from + 1], argv, { image }));
  }
  const hint = only(hintsOf(runOf(spans)), "configure repeats");
  assert.match(hint.words, /^2 configure scripts ran/);
});

test("configure scripts with other checks, or with a cache, are not", () => {
  assert.deepEqual(hintsOf(runOf(configures(10))), []);
  assert.deepEqual(hintsOf(runOf(configures(20, ["--cache-file=../cache"]))), []);
  assert.deepEqual(hintsOf(runOf(configures(20, ["-C"]))), []);
});

test("nothing is said of a build that has nothing to be said of, of nothing, of the living", () => {
  assert.deepEqual(hintsOf(madeUpBuild(20_000)), []);
  assert.deepEqual(hintsOf({ frame: frameOf(), spans: [] }), []);
  const living = spanOf(1, null, [-5, null], ["make"]);
  assert.deepEqual(hintsOf({ frame: frameOf(), spans: [living] }), []);
});

test("a process may have more children than a call may have arguments", () => {
  const spans = [spanOf(1, null, [0, 300_000], ["make"])];
  for (let at = 0; at < 200_000; at++) {
    spans.push(spanOf(at + 2, 1, [at, at + 0.9], ["true"], { cost: null }));
  }
  const hints = hintsOf({ frame: frameOf({ lengthNs: 3e11 }), spans });
  assert.deepEqual(kinds(hints).sort(), ["repeats", "serial makes"]);
});
