/** Pipes, devices and links where a file is asked for: one sentence, and nobody waits. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";

const folder = temporaryFolder("fh-special-");
const at = (name: string) => join(folder, name);
assert.equal(spawnSync("mkfifo", [at("pipe")]).status, 0);

const HISTORY = [
  "log",
  "tree",
  "why 1",
  "account",
  "export -o x.db",
  "job list",
  "record --status",
];
const NO_FILE = "is not a file; choose another file by --db";

for (const path of [at("pipe"), "/dev/zero", folder]) {
  test(`${path.split("/").at(-1)} as a history is refused`, () => {
    for (const command of [...HISTORY, "watch --source replay"]) {
      const { status, stderr } = runFh([...command.split(" "), "--db", path], { cwd: folder });
      assert.deepEqual(
        [status, stderr],
        [1, `fh: Cannot use the history: ${path} ${NO_FILE}\n`],
        command,
      );
    }
  });
}

test("a pipe in the place of SQLite's log is refused", () => {
  writeFileSync(at("history.db"), "");
  for (const suffix of ["-wal", "-journal", "-shm"]) {
    assert.equal(spawnSync("mkfifo", [at(`history.db${suffix}`)]).status, 0);
    const { status, stderr } = runFh(["log", "--db", at("history.db")]);
    assert.deepEqual(
      [status, stderr],
      [1, `fh: Cannot use the history: ${at("history.db")}${suffix} ${NO_FILE}\n`],
    );
    rmSync(at(`history.db${suffix}`));
  }
});

test("a report follows no link, and its command does not run in vain", () => {
  writeFileSync(at("target"), "kept");
  symlinkSync(at("target"), at("link"));
  const run = (report: string) =>
    runFh(["run", "--source=poll", "--report", report, "--", "touch", at("ran")]);
  const { status, stderr } = run(at("link"));
  const why = "it is a symbolic link; give the path of a file";
  assert.deepEqual([status, stderr], [
    1,
    `fh: Cannot write the report to ${at("link")}: ${why}\n`,
  ]);
  assert.deepEqual([readFileSync(at("target"), "utf8"), existsSync(at("ran"))], ["kept", false]);
  const piped = run(at("pipe"));
  assert.deepEqual([piped.status, piped.stderr], [
    1,
    `fh: Cannot write the report to ${at("pipe")}: ENXIO\n`,
  ]);
  assert.equal(run(at("report")).status, 0);
  assert.match(readFileSync(at("report"), "utf8"), /touch/);
  const script = `"$1" run --source=poll --report /dev/stdout -- true; cat <("$1" --version)`;
  const bash = runProgram("bash", ["-c", script, "bash", FH]);
  assert.match(bash.stdout, /true[^]*\n\d+\.\d+/);
});

test("patterns come from a pipe of a shell, and from nothing that has no end", () => {
  const tree = (file: string) => runFh(["tree", "1", "--redact-file", file]);
  assert.match(tree("/dev/zero").stderr, /^fh: Cannot read \/dev\/zero: it is longer than 1 MiB; /);
  assert.match(tree(at("pipe")).stderr, /: it is a pipe with nothing in it; /);
  const script = `"$1" tree $$ --redact-file <(sleep 0.2; echo 'marker[0-9]+')`;
  const { stdout } = runProgram("bash", ["-c", script, "bash", FH, "marker4711"]);
  assert.match(stdout, /bash/);
  assert.doesNotMatch(stdout, /marker4711/);
});
