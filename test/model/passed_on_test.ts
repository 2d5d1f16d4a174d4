import assert from "node:assert/strict";
import { test } from "node:test";
import {
  failureOf,
  FailuresBelow,
  type Program,
  type Way,
  wayOf,
} from "../../src/model/passed_on.ts";

const MS = 1e6;

/**
 * Whose failure is passed on: `+` is a child that starts, `a1` one called a that ends with exit
 * code 1; each a millisecond after the other. Who began it all ends with `status` after `late` ms.
 */
function blamed(events: string, way: Way, status: number, late = 1): string | null {
  const below = new FailuresBelow<string>();
  let time = 0;
  for (const event of events.split(" ")) {
    time += MS;
    const [name, code] = [event.slice(0, 1), event.slice(1)];
    if (name === "+") below.begin();
    else if (code === "0" || code === "?") below.end(time, code === "0");
    else below.fail(failureOf(Number(code) << 8, time), name);
  }
  return below.passedOn(failureOf(status, time + late * MS), way);
}

const rows = (way: Way, all: readonly (readonly [string, number, string | null, number?])[]) => {
  for (const [events, status, expected, late] of all) {
    assert.equal(blamed(events, way, status, late), expected, `${way}: ${events}, then ${status}`);
  }
};

test("a shell passes on a failure with the same status, or right after it", () => {
  rows("shell", [
    ["+ a1 + b0", 77 << 8, null],
    ["+ a1", 77 << 8, "a"],
    ["+ a1", 77 << 8, "a", 900],
    ["+ a1", 77 << 8, null, 1100],
    ["+ a1", 1 << 8, "a", 1100],
    ["+ a1 + b0", 1 << 8, "a"],
    ["+ a1 + b1 + c2 + d0", 1 << 8, "b"],
    ["+ + a1 b0", 77 << 8, null],
    ["+ + a1 b0", 1 << 8, "a"],
    ["+ + a1 b1", 1 << 8, "a"],
    ["+ a?", 1 << 8, null],
    ["+ a1 + b?", 77 << 8, null],
  ]);
});

test("who is killed passes on nothing but the same signal", () => {
  for (const way of ["shell", "stops", "make", "each", "status"] as const) {
    rows(way, [["+ a1", 15, null], ["+ a143", 15, "a"], ["+ a137", 15, null]]);
  }
  assert.deepEqual(failureOf(0x8b, 7), { code: 139, isKilled: true, time: 7 });
});

test("who starts nothing more passes a failure on when the others have ended", () => {
  rows("stops", [
    ["+ + a1 b0", 101 << 8, "a"],
    ["+ + a1 b2", 101 << 8, "a"],
    ["+ a1 + b0", 101 << 8, null],
    ["+ a1 + b2", 101 << 8, "b"],
  ]);
});

test("make ends recipes that it has begun; who starts more has passed a failure over", () => {
  rows("make", [
    ["+ + a1 b0 + c0 + d0", 2 << 8, "a", 5000],
    ["+ + a1 b0 + c3", 2 << 8, "a"],
    ["+ + a1 + b0 c3", 2 << 8, "c"],
    ["+ + a1 b1 + c0", 2 << 8, null],
    ["+ a1 + b0", 2 << 8, null],
    ["+ a2 + b0 + c3", 2 << 8, "c"],
  ]);
});

test("whatever fails below some programs makes them fail, so it is the first", () => {
  rows("each", [["+ a1 + b0 + c255", 123 << 8, "a", 5000], ["+ a0", 123 << 8, null]]);
});

test("a status of its own of who passes on nothing else is its own", () => {
  rows("status", [["+ a1", 124 << 8, null], ["+ a124", 124 << 8, "a"]]);
});

test("of many codes the last few are remembered", () => {
  const events = Array.from({ length: 300 }, (_, at) => `+ x${at % 250 + 1}`).join(" ");
  assert.equal(blamed(events, "shell", 50 << 8), "x");
  const others = Array.from({ length: 8 }, (_, at) => `+ x${at + 10}`).join(" ");
  assert.equal(blamed(`+ a7 ${others}`, "shell", 7 << 8, 5000), null);
  assert.equal(blamed(`+ a7 ${others}`, "each", 123 << 8), "a", "the first of all is, too");
});

test("programs are known by their names, scripts by their interpreters", () => {
  const program = (comm: string | null, exe: string | null, ...argv: string[]): Program => {
    return { comm, exe, argv: argv.length === 0 ? null : argv };
  };
  const way = (one: Program, ...above: Program[]) => wayOf(one, above);
  assert.equal(way(program("build.sh", "/usr/bin/dash")), "shell");
  assert.equal(way(program("sh", null)), "shell");
  assert.equal(way(program("xargs", "/bin/busybox")), "each");
  assert.equal(way(program("cc1", "/usr/libexec/cc1")), "stops");
  assert.equal(way(program(null, null)), "stops");
  assert.equal(way(program("constructor", null)), "stops");
  const make = (...argv: string[]) => program("make", "/usr/bin/make", "make", ...argv);
  for (const word of ["-k", "-sk", "-nBk", "--keep-going", "--keep"]) {
    assert.equal(way(make("all", word)), "each", word);
  }
  for (const word of ["-j4", "-C", "check", "-fk", "-Ik", "--silent", "--kept"]) {
    assert.equal(way(make(word)), "make", word);
  }
  const shell = program("sh", "/bin/dash", "sh", "-k");
  assert.equal(way(make(), shell, make("-k")), "each", "it is told so by the one above");
  assert.equal(way(make(), shell, ...Array(16).fill(shell), make("-k")), "make", "16 up");
});
