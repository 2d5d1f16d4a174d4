/** Completion as shells do it, with the executable. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh } from "../support/executable.ts";

const folder = temporaryFolder("fh-completion-");
mkdirSync(join(folder, "bin"));
symlinkSync(FH, join(folder, "bin", "fh"));
/** Where the shells are: a file, a folder, and neither a history nor a recorder. */
const files = join(folder, "files");
mkdirSync(join(files, "archive"), { recursive: true });
writeFileSync(join(files, "answer.db"), "");
const ENV = {
  ...process.env,
  PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
  FH_DB: join(folder, "none.db"),
  FH_SOCKET: join(folder, "none.sock"),
  HOME: folder,
  TERM: "dumb",
};

for (const shell of ["bash", "zsh", "fish"]) {
  writeFileSync(join(folder, `fh.${shell}`), runFh(["completion", shell]).stdout);
}

function define(shell: string, name: string, body: () => void): void {
  const { error } = spawnSync(shell, ["-c", "exit 0"]);
  if (error === undefined) test(`${shell} ${name}`, body);
  else test(`${shell} ${name} (skipped: no ${shell} on this machine)`, { skip: true }, body);
}

function run(shell: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    cwd: files,
    env: ENV,
    encoding: "utf8",
    timeout: 60_000,
    ...input !== undefined && { input },
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout;
}

/** What bash offers at the end of a line, which it has cut as readline does. */
function bash(line: string, more = ""): string[] {
  const script = `source ${folder}/fh.bash
${more}
compopt() { printf '[%s]\\n' "$*"; }
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDBREAKS=$' \\t\\n"\\'@><=;|&(:'
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_fh fh
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const words = line.split(/ +|(?<=[=:])|(?=[=:])/);
  const lines = run("bash", ["--norc", "-c", script, "bash", line, ...words]).split("\n");
  return lines.filter((word) => word !== "").sort();
}

/** What fish offers at the end of a line. */
function fish(line: string): string[] {
  const script = `source ${folder}/fh.fish; complete -C $argv[1]`;
  const lines = run("fish", ["--no-config", "-c", script, line]).split("\n");
  return lines.filter((word) => word !== "").map((word) => word.replace(/\t.*/, "")).sort();
}

/** What becomes of lines in zsh when somebody presses the tabulator. */
function zsh(lines: readonly string[]): string[] {
  const script = `zmodload zsh/zpty
zpty z zsh -f -i
wait_for() { local text=; while zpty -r z text; do [[ $text == *$1* ]] && break; done; REPLY=$text }
zpty -w z "PS1=; unsetopt zle_bracketed_paste prompt_sp; autoload -U compinit; compinit -u -D"
zpty -w z "source ${folder}/fh.zsh; show() { print -r \\"<\\$BUFFER>\\"; BUFFER=; zle redisplay }"
zpty -w z "zle -N show; bindkey '^X' show; print rea''dy"
wait_for ready
for line; do
  zpty -w -n z "$line"$'\\t\\x18'
  wait_for '>'
  print -r -- $REPLY
done`;
  const text = run("zsh", ["-f", "-c", script, "zsh", ...lines]);
  return Array.from(text.matchAll(/<([^>]*)>/g), ([, line]) => line!);
}

define("bash", "offers words, also behind = and within lists", () => {
  assert.deepEqual(bash("fh wa"), ["watch"]);
  assert.deepEqual(bash("fh --json --source poll tr"), ["tree", "trouble"]);
  assert.deepEqual(bash("fh help job ru"), ["rule"]);
  assert.deepEqual(bash("fh job rule "), ["add", "list", "remove", "test"]);
  assert.deepEqual(bash("fh job  add   --on"), ["--only"]);
  assert.deepEqual(bash("fh tree --mi"), []);
  // Readline puts in what is offered for the last piece.
  assert.deepEqual(bash("fh log --source=p"), ["poll"]);
  assert.deepEqual(bash("fh log --color="), ["always", "auto", "never"]);
  assert.deepEqual(bash("fh log -e fork,co"), ["fork,comm", "fork,coredump"]);
  assert.deepEqual(bash("fh log --event=co"), ["comm", "coredump"]);
  assert.ok(bash("fh why 1").includes("1"));
});

define("bash", "offers files where one is meant, and nowhere else", () => {
  assert.deepEqual(bash("fh log --db a"), ["[-o filenames]", "answer.db", "archive"]);
  assert.deepEqual(bash("fh log --db=a"), ["[-o filenames]", "answer.db", "archive"]);
  assert.deepEqual(bash("fh export -oan"), ["-oanswer.db"]);
  for (const line of ["fh log a", "fh log -m a", "fh why an", "fh job create a", "fh nonsense a"]) {
    assert.deepEqual(bash(line), [], line);
  }
});

define("bash", "offers commands behind fh run and --, and files to them", () => {
  assert.ok(bash("fh run -q -- print").includes("printf"));
  assert.ok(bash("fh watch --db=x -- print").includes("printf"));
  assert.deepEqual(bash("fh watch print"), []);
  assert.deepEqual(bash("fh run ls a"), ["[-o filenames]", "answer.db", "archive"]);
  const offset = '_command_offset() { COMPREPLY=("from $1: ${COMP_WORDS[$1]}"); }';
  assert.deepEqual(bash("fh watch --db=x -- git --a", offset), ["from 6: git"]);
});

define("bash", "evaluates nothing of what is typed", () => {
  const line = "fh log -u $(touch${IFS}made) -c `touch${IFS}made` --comm='$(touch made)' --ver";
  assert.deepEqual(bash(line), ["--verbose", "--version"]);
  assert.equal(existsSync(join(files, "made")), false);
});

define("fish", "offers words, files and commands", () => {
  assert.deepEqual(fish("fh wa"), ["watch"]);
  assert.deepEqual(fish("fh job rule "), ["add", "list", "remove", "test"]);
  assert.deepEqual(fish("fh log --source=p"), ["--source=poll"]);
  assert.deepEqual(fish("fh log -e fork,co"), ["fork,comm", "fork,coredump"]);
  assert.deepEqual(fish("fh log --db a"), ["answer.db", "archive/"]);
  assert.deepEqual(fish("fh log --db=a"), ["--db=answer.db", "--db=archive/"]);
  assert.deepEqual(fish("fh log a"), []);
  assert.ok(fish("fh run -- print").includes("printf"));
  assert.deepEqual(fish("fh watch -- ls a"), ["answer.db", "archive/"]);
});

define("zsh", "puts in words, files and commands", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["fh wa", "fh watch "],
    ["fh job rule te", "fh job rule test "],
    ["fh log --source=p", "fh log --source=poll "],
    ["fh log -e fork,ge", "fh log -e fork,ge"],
    ["fh log --db=an", "fh log --db=answer.db "],
    ["fh export -o an", "fh export -o answer.db "],
    ["fh log an", "fh log an"],
    ["fh watch -- ls an", "fh watch -- ls answer.db "],
    ["fh run ls arch", "fh run ls archive/"],
  ];
  assert.deepEqual(zsh(rows.map(([line]) => line)), rows.map(([, line]) => line));
});
