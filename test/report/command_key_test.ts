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

test("% stands for what programs have made up in names of files, and for nothing more", () => {
  const rows: [string, string][] = [
    ["/tmp/ccWs3wTX.s", "/tmp/cc%.s"],
    ["/tmp/ccabcdef.o", "/tmp/cc%.o"],
    ["-fresolution=/tmp/ccQ5UirH.res", "-fresolution=/tmp/cc%.res"],
    ["-L/var/tmp/ccQ5UirH.ltrans0.ltrans.o", "-L/var/tmp/cc%.ltrans0.ltrans.o"],
    ["/home/ann/scratch/ccWs3wTX.s", "/home/ann/scratch/cc%.s"],
    ["/tmp/tmp.Ab3dEf/obj/a.o", "/tmp/tmp.%/obj/a.o"],
    ["/tmp/build.lzxLI6/x86_64/a.o", "/tmp/build.%/x86_64/a.o"],
    ["/tmp/eEYCx43wM1", "/tmp/%"],
    ["/tmp/node-vVuI8x", "/tmp/node-%"],
    ["/tmp/tmp81dksa_f.txt", "/tmp/tmp%.txt"],
    ["/tmp/pip-install-x3_9abcd/y", "/tmp/pip-install-%/y"],
    ["/tmp/go-build1234567890/b001", "/tmp/go-%/b001"],
    ["/tmp/foo.20777", "/tmp/foo.%"],
    ["tmp.k3Jd92kdlA", "tmp.%"],
    ["rm /tmp/build.lzxLI6; ls", "'rm /tmp/build.%; ls'"],
    ["CMakeFiles/CMakeScratch/TryCompile-bNQeys/x", "CMakeFiles/CMakeScratch/TryCompile-%/x"],
    ["CMakeFiles/cmTC_cac79.dir/x.o", "CMakeFiles/cmTC_%.dir/x.o"],
    ["target/deps/rustcvrLKMK/symbols.o", "target/deps/rustc%/symbols.o"],
    ["x.47r3.1mii16z.rcgu.o", "x.47r3.%.rcgu.o"],
  ];
  for (const [word, expected] of rows) assert.equal(keyOf("x", word), `x ${expected}`, word);
});

test("names that people give stay, in folders of temporary files, too", () => {
  const words = ["/tmp", "/tmp/a.c", "/var/tmp/x", "/tmp/a1", "/tmp/project/src/main.c"];
  words.push("/tmp/MyProject/README", "/home/ann/tmp/Xy12Ab/a.c", "build/tmp/Xy12Ab.c");
  words.push("./tmp/cache.db", "tmp.config", "ccache.conf", "/src/ccompile.o", "/tmp/build17/a.o");
  for (const word of words) assert.equal(keyOf("x", word), `x ${word}`, word);
  const [a, b] = [keyOf("cc", "/tmp/parse.c"), keyOf("cc", "/tmp/print.c")];
  assert.notEqual(a, b);
});

test("the other things that are different each time, in names and elsewhere", () => {
  const rows: [string, string][] = [["/tmp/x-7c0a51fe11114222", "/tmp/x-%"]];
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
