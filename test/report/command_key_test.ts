import assert from "node:assert/strict";
import { test } from "node:test";
import { CommandKeys } from "../../src/report/command_key.ts";
import { kinOf } from "../../src/report/kin.ts";
import { HOSTILE_TEXTS, type SomeSpan, spansOf } from "../support/spans.ts";

/** The keys of processes; the first of them is that of the command. */
function keysOf(...some: readonly SomeSpan[]): string[] {
  const spans = spansOf(some);
  const keys = new CommandKeys(spans, kinOf(spans.spans), 0);
  return spans.spans.map((_, place) => keys.of(place));
}

const keyOf = (...argv: string[]) => keysOf({ id: "b-41-1", argv, cwd: "/home/ann/build-17" })[0];

test("% stands for names of temporary files, with the end that tells what they are", () => {
  const rows: [string, string][] = [
    ["/tmp/ccWs3wTX.s", "/tmp/%.s"],
    ["-fresolution=/tmp/ccQ5UirH.res", "-fresolution=/tmp/%.res"],
    ["/tmp/tmp.Ab3dEf/obj/a.o", "/tmp/%/obj/a.o"],
    ["/var/tmp/x", "/var/tmp/%"],
    ["/tmp", "/tmp"],
    ["cat /tmp/a1 /tmp/b2.txt; rm /tmp/a1", "'cat /tmp/% /tmp/%.txt; rm /tmp/%'"],
    ["tmp.k3Jd92kdlA", "tmp.%"],
  ];
  for (const [word, expected] of rows) assert.equal(keyOf("x", word), `x ${expected}`, word);
});

test("% stands for ids, hashes and times, and not for what may mean something", () => {
  const rows: [string, string][] = [
    ["--id=7c0a51fe-1111-4222-8333-444444444444", "--id=%"],
    ["3f786850e387550fdab836ed7e6dc881de23001b", "%"],
    ["--at=2026-11-30T08:01:02.123Z", "--at=%"],
    ["--seed=1796025600", "--seed=%"],
    ["-j16", "-j16"],
    ["--port=8080", "--port=8080"],
    ["facade", "facade"],
    ["deadbeef", "deadbeef"],
    ["-O2", "-O2"],
  ];
  for (const [word, expected] of rows) assert.equal(keyOf("x", word), `x ${expected}`, word);
});

test("paths below the folder of the run begin with a point", () => {
  assert.equal(
    keyOf("cc", "-I/home/ann/build-17/src", "-c", "/home/ann/build-17/a.c", "/home/ann/build-17"),
    "cc -I./src -c ./a.c .",
  );
  assert.equal(keysOf({ id: "b-1-1", argv: ["ls", "/a"], cwd: "/" })[0], "ls /a");
});

test("% stands for the number of the process, and of who is above it", () => {
  const chain = Array.from({ length: 12 }, (_, i): SomeSpan => ({
    id: `b-${100 + i}-1`,
    parent: i === 0 ? null : `b-${99 + i}-1`,
    argv: ["x", "100", `/proc/${100 + i}/stat`, "--parent=103", "x1032"],
  }));
  const keys = keysOf(...chain);
  assert.equal(keys[0], "x % /proc/%/stat --parent=103 x1032");
  assert.equal(keys[4], "x % /proc/%/stat --parent=% x1032");
  assert.equal(keys[11], "x 100 /proc/%/stat --parent=% x1032", "eight up, and no further");
});

test("who has no command line is known by its name", () => {
  const spans = spansOf([{ id: "b-1-1", name: "kworker" }]);
  const bare = { ...spans.spans[0]!, image: { ...spans.spans[0]!.image, argv: null } };
  const keys = new CommandKeys({ ...spans, spans: [bare] }, kinOf([bare]), 0);
  assert.equal(keys.of(0), "[kworker]");
});

test("hostile texts have keys", () => {
  for (const text of HOSTILE_TEXTS) assert.equal(typeof keyOf(text, text), "string");
  const long = keyOf("x", "/tmp/".repeat(20_000) + "a1".repeat(20_000));
  assert.ok(long!.length > 0);
});
