import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandSpec, GroupSpec, Spec } from "../../src/cli/command.ts";
import { helpText } from "../../src/cli/help.ts";
import { asText, flag, opt } from "../../src/cli/option.ts";
import { isGroup, shownOf } from "../../src/cli/spec_tree.ts";
import { COMMANDS } from "../../src/commands.ts";

const COMMAND: CommandSpec = {
  name: "run",
  operands: "[command...]",
  summary: "runs it",
  options: [
    opt("-n, --name <name>", asText, "what it is called"),
    flag("--long-option", "words ".repeat(20).trim()),
  ],
  examples: ["fh run -- make  runs make", "fh run"],
  run: () => Promise.resolve(0),
};

function program(actions: readonly Spec[]): GroupSpec {
  return { name: "fh", summary: "", actions };
}

function programHelp(commands: readonly Spec[]): string {
  return helpText([program(commands)]);
}

function commandHelp(spec: Spec): string {
  return helpText([program([spec]), spec]);
}

/** All pages that there are. */
function pages(path: readonly Spec[] = [program(COMMANDS)]): string[] {
  const spec = path.at(-1)!;
  const below = isGroup(spec) ? shownOf(spec).flatMap((one) => pages([...path, one])) : [];
  return [helpText(path), ...below];
}

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

test("commandHelp() of a group names its actions, and has an example of each", () => {
  const inner = {
    name: "rule",
    summary: "rules",
    actions: [{ ...COMMAND, examples: ["fh x  y"] }],
  };
  const group = { name: "job", summary: "keeps jobs", actions: [COMMAND, inner] };
  const globals = "--json, --source, --db, --color, -q, -v, -h, -V (see fh --help)";
  assert.equal(
    commandHelp(group),
    `Usage: fh job <action> ...

Keeps jobs.

Actions (fh job <action> --help tells more):
  run   runs it
  rule  rules

Options: ${globals}

Examples:
  fh run -- make  runs make
  fh x            y
`,
  );
  assert.match(helpText([program([group]), group, COMMAND]), /^Usage: fh job run \[options\]/);
  assert.match(helpText([program([group]), group, inner]), /^Usage: fh job rule <action> \.\.\.\n/);
});

test("what is hidden is on no page", () => {
  const hidden = { ...COMMAND, name: "secret", hidden: true } as const;
  assert.doesNotMatch(programHelp([COMMAND, hidden]), /secret/);
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
  for (const text of pages()) {
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    assert.match(text, /^Examples:\n {2}\S/m);
  }
});

test("the program's help fits a terminal of 24 lines, that of a command one of 40", () => {
  const height = (text: string) => text.trimEnd().split("\n").length;
  assert.ok(height(programHelp(COMMANDS)) <= 24);
  for (const text of pages()) assert.ok(height(text) <= 40, text);
});

test("commandHelp() gives up its blank lines before it scrolls", () => {
  const options = (n: number) => Array.from({ length: n }, (_, i) => flag(`--o${i}`, "does it"));
  const lines = (n: number) => commandHelp({ ...COMMAND, options: options(n) }).split("\n");
  assert.equal(lines(15).length, 25);
  assert.equal(lines(15)[1], "");
  assert.equal(lines(16).length, 23);
  assert.ok(lines(16).slice(0, -1).every((line) => line !== ""));
});
