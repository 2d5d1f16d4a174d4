import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandSpec } from "../../src/cli/command.ts";
import { commandHelp, programHelp } from "../../src/cli/help.ts";
import { COMMANDS } from "../../src/commands.ts";

const COMMAND: CommandSpec = {
  name: "run",
  operands: "[command...]",
  summary: "runs it",
  options: [
    { flags: "-n, --name <name>", description: "what it is called" },
    { flags: "--long-option", description: "words ".repeat(20).trim() },
  ],
  examples: ["fh run -- make  runs make", "fh run"],
  run: () => Promise.resolve(0),
};

test("commandHelp() shows usage, options and examples in columns", () => {
  assert.equal(
    commandHelp(COMMAND),
    `Usage: fh run [options] [-- command...]

Runs it.

Options, beside --json, --source, --db, --color, -q, -v, -h, -V (see fh --help):
  -n, --name <name>  what it is called
      --long-option  words words words words words words words words words words
                     words words words words words words words words words words

Examples:
  fh run -- make  runs make
  fh run
`,
  );
});

test("commandHelp() leaves out what a command does not have", () => {
  const text = commandHelp({ ...COMMAND, operands: "", options: [], examples: [] });
  assert.match(text, /^Usage: fh run \[options\]\n\nRuns it\.\n\nOptions: --json, .*\n$/);
});

test("programHelp() names every command and has its first example", () => {
  const text = programHelp([COMMAND]);
  assert.match(text, /^ {2}run {2}runs it$/m);
  assert.match(text, /^ {2}fh run -- make {2}runs make$/m);
});

test("programHelp() has one line for commands that belong together, where they are there", () => {
  const named = (...names: string[]) => programHelp(names.map((name) => ({ ...COMMAND, name })));
  const text = named("register", "run", "listeners", "unregister", "account");
  assert.match(text, /^ {2}register {2}runs it; also unregister, listeners\n {2}run {7}runs it$/m);
  assert.match(text, /^ {2}account {3}runs it$/m);
  assert.match(named("account", "job"), /:\n {2}job {2}runs it; also account\n\nOptions/);
  assert.match(named("listeners"), /^ {2}listeners {2}runs it$/m);
});

test("programHelp() has two short options without a value in one line", () => {
  const text = programHelp([COMMAND]);
  assert.match(text, /^ {2}-q, -v {15}--quiet: only data, and errors; --verbose: more about fh$/m);
  assert.match(text, /^ {2}-h, -V {15}--help: this help; --version: the version of fh$/m);
});

test("every help fits 80 columns and has examples", () => {
  for (const text of [programHelp(COMMANDS), ...COMMANDS.map(commandHelp)]) {
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /^Examples:\n {2}\S/m);
  }
});

test("the program's help fits a terminal of 24 lines, that of a command one of 40", () => {
  const height = (text: string) => text.trimEnd().split("\n").length;
  assert.ok(height(programHelp(COMMANDS)) <= 24);
  for (const text of COMMANDS.map(commandHelp)) assert.ok(height(text) <= 40, text);
});

test("commandHelp() gives up its blank lines before it scrolls", () => {
  const options = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ flags: `--o${i}`, description: "does it" }));
  const lines = (n: number) => commandHelp({ ...COMMAND, options: options(n) }).split("\n");
  assert.equal(lines(15).length, 25);
  assert.equal(lines(15)[1], "");
  assert.equal(lines(16).length, 23);
  assert.ok(lines(16).slice(0, -1).every((line) => line !== ""));
});
