import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { isUnsafe } from "../../src/text/escape.ts";
import { quoteArgv } from "../../src/text/quote.ts";
import { random } from "../support/random.ts";
import { randomText } from "../support/random_text.ts";

/** What a shell makes of the command line, as the arguments of a program. */
function readBack(shell: string, argvs: readonly (readonly string[])[]): string[][] {
  const script = argvs
    .map((argv) => `set -- ${quoteArgv(argv)}; printf '%s\\0' "$#" "$@"`)
    .join("\n");
  const { status, stdout, stderr } = spawnSync(shell, [], { input: script, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const words = stdout.split("\0").slice(0, -1);
  const read: string[][] = [];
  while (words.length > 0) read.push(words.splice(0, Number(words.shift())));
  return read;
}

test("quoteArgv() leaves plain words bare and quotes the others", () => {
  const lines: [string[], string][] = [
    [[], ""],
    [[""], "''"],
    [["ls", "-la", "/usr/lib64", "a=b", "--x=1,2", "u@h:p"], "ls -la /usr/lib64 a=b --x=1,2 u@h:p"],
    [["echo", "a b", "it's", "$x", "größe"], "echo 'a b' 'it'\\''s' '$x' 'größe'"],
    [["A=b", "A=b"], "'A=b' A=b"],
    [["if", "if"], "'if' if"],
    [["echo", "~", "%1", "=ls", "a%=~"], "echo '~' %1 '=ls' 'a%=~'"],
    [["echo", "a\nb'\\\x1b"], "echo $'a\\nb\\'\\\\\\033'"],
    [["echo", "\u202e!"], "echo $'\\342\\200\\256\\041'"],
    [["echo", "\ud800"], "echo $'\ufffd'"],
  ];
  for (const [argv, line] of lines) assert.equal(quoteArgv(argv), line);
});

test("bash reads back exactly what quoteArgv() was given", () => {
  const seed = 4711;
  const next = random(seed);
  const argvs = Array.from({ length: 1500 }, () => {
    return Array.from({ length: 1 + Math.floor(next() * 4) }, () => randomText(next));
  });
  const read = readBack("bash", argvs);
  argvs.forEach((argv, i) => {
    assert.deepEqual(read[i], argv.map((word) => word.toWellFormed()), `seed ${seed}, argv ${i}`);
  });
});

test("a POSIX shell reads back words without controls", () => {
  const argvs = [["if", "a b", "", "it's", "*", "$HOME", "~", "größe 東京", "\\", "-n", "!!"]];
  assert.deepEqual(readBack("sh", argvs), argvs);
});

test("bash takes a quoted line as a command, not as an assignment or a keyword", () => {
  for (const name of ["A=b", "if", "time", "!", "{", "[[", "~", "function", "coproc"]) {
    const script = `command_not_found_handle() { printf %s "$1"; }; ${quoteArgv([name])}`;
    const { stdout } = spawnSync("/bin/bash", ["-c", script], {
      encoding: "utf8",
      env: { PATH: "/nonexistent" },
    });
    assert.equal(stdout, name);
  }
});

test("quoteArgv() never gives a line that is unsafe on a terminal", () => {
  const seed = 17;
  const next = random(seed);
  for (let i = 0; i < 2000; i++) {
    assert.ok(!isUnsafe(quoteArgv([randomText(next)])), `seed ${seed}, word ${i}`);
  }
});
