import assert from "node:assert/strict";
import { test } from "node:test";
import { expectLast } from "../../src/cli/expect.ts";
import { COMMANDS } from "../../src/commands.ts";

const PROGRAM = { name: "fh", summary: "", actions: COMMANDS };

/** What is expected at the end of a line, as a line; words are those that fit. */
function expected(line: string): string {
  const { offers, prefix, text } = expectLast(PROGRAM, line.split(" "));
  const before = prefix === "" ? "" : `${prefix}|`;
  if (typeof offers === "string") return `${before}<${offers}> ${text}`.trimEnd();
  if ("commandAt" in offers) return `command at ${offers.commandAt}`;
  const words = offers.map(({ word }) => word).filter((word) => word.startsWith(text));
  return `${before}${words.join(" ")}`;
}

test("commands, their actions, and pages of help", () => {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name !== "complete");
  assert.equal(expected(""), [...names, "help"].join(" "));
  const rows: readonly (readonly [string, string])[] = [
    ["wa", "watch"],
    ["compl", "completion"],
    ["--json --db x -q tr", "tree trouble"],
    ["--db=x -- tr", "tree trouble"],
    ["help jo", "job"],
    ["help job ru", "rule"],
    ["help job rule te", "test"],
    ["help log ", ""],
    ["job sh", "show"],
    ["job --socket x -q sh", "show"],
    ["job rule ", "add list remove test"],
    ["nonsense ", ""],
    ["nonsense -", "-q --quiet -v --verbose -h --help -V --version --json --source --db --color"],
  ];
  for (const [line, words] of rows) {
    assert.deepEqual(expected(line).split(" ").sort(), words.split(" ").sort(), line);
  }
});

test("options of the command or the action, and nothing of others", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["log --mi", "--min-duration"],
    ["tree --mi", ""],
    ["log -q --js", "--json"],
    ["--vers", "--version"],
    ["job list --a", "--all"],
    ["job add --a", ""],
    ["job --al", "--all"],
    ["job rule add web --e", "--exe"],
    ["tree 1 --no", "--no-fold --no-redact"],
    ["tree -- --no", "<process> --no"],
    ["run -- ls --js", "command at 2"],
    ["-- log --si", "--since"],
    ["log --nonsense=", ""],
    ["log --json=", ""],
    ["tree --json=", "--json=|flat"],
    ["tree --json --wa", "--watch"],
  ];
  for (const [line, words] of rows) assert.equal(expected(line), words, line);
  // Where no operand can stand, options can.
  assert.match(expected("log "), /^-p --pid .*--version$/);
  assert.match(expected("watch "), /^-p --pid .*--version$/);
  assert.equal(expected("log x"), "");
});

test("values of options, in each of their forms", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["log --source ", "auto connector poll replay"],
    ["log --source c", "connector"],
    ["--color n", "never"],
    ["log --source=", "--source=|auto connector poll replay"],
    ["log --source=p", "--source=|poll"],
    ["log -e ", "fork exec exit comm uid gid sid ptrace coredump"],
    ["log -e fork,ex", "fork,|exec exit"],
    [
      "log --event=fork,comm,",
      "--event=fork,comm,|fork exec exit comm uid gid sid ptrace coredump",
    ],
    ["log -eex", "-e|exec exit"],
    ["account --by u", "user unit"],
    ["log -p ", "<process>"],
    ["log --pid=47", "--pid=|<process> 47"],
    ["log -p47", "-p|<process> 47"],
    ["log -qfp ", "<process>"],
    ["log -u ro", "<user> ro"],
    ["log -c ba", "<name> ba"],
    ["log --since ", "<when>"],
    ["log -n ", ""],
    ["log -m ", ""],
    ["log --db x", "<path> x"],
    ["log --db=x", "--db=|<path> x"],
    ["record --socket-group ", "<group>"],
    ["account -a ", "<path>"],
    ["account -xa p", "<path> p"],
    ["export -ox", "-o|<path> x"],
    ["run --report r", "<path> r"],
    ["run --name r", ""],
    ["job kill build --signal ", "<signal>"],
    ["register --sig ", "<real-time signal>"],
    ["register --scope ", "<process>"],
    ["job list --nonsense x", ""],
  ];
  for (const [line, words] of rows) assert.equal(expected(line), words, line);
});

test("operands by their place, and files only where a file is meant", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["tree ", "<process>"],
    ["tree 1 x", ""],
    ["why ", "<process>"],
    ["why -q --db x ngi", "<process> ngi"],
    ["completion ", "bash zsh fish"],
    ["completion bash f", ""],
    ["job create b", ""],
    ["job add b", "<job> b"],
    ["job add build ", "<process>"],
    ["job add build --only 1 2 ", "<process>"],
    ["job show ", "<any job>"],
    ["job export ", "<any job>"],
    ["job rename ", "<job>"],
    ["job rename build ", ""],
    ["job rule add ", "<job>"],
    ["job rule remove ", ""],
    ["job rule test ", "<process>"],
    ["doctor x", ""],
  ];
  for (const [line, words] of rows) assert.equal(expected(line), words, line);
});

test("where a command of the host begins", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["run ", "command at 1"],
    ["run --name x -q l", "command at 4"],
    ["run ls -", "command at 1"],
    ["run -- ", "command at 2"],
    ["run --name -- ls --", "command at 3"],
    [
      "run -q --",
      "--name --report --format --save --wait-all --redact --redact-file --no-redact --max-argv " +
      "--interval --no-realtime --json --source --db --color --quiet --verbose --help --version",
    ],
    ["watch -p 1 -- ls -", "command at 4"],
    ["watch x", ""],
    ["watch x y", ""],
  ];
  for (const [line, words] of rows) assert.equal(expected(line), words, line);
});

test("what has been given says where to look", () => {
  const { given } = expectLast(PROGRAM, "--db=a job -q --socket b show --db c ".split(" "));
  assert.deepEqual(given, { db: "c", socket: "b" });
});
