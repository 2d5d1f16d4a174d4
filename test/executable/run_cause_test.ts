/** Whose failure `fh run` names, in words, in JSON and on the page: real programs that fail. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pageData } from "../../src/report/columns.ts";
import { causeOf } from "../../src/report/page/cause.ts";
import { Model } from "../../src/report/page/model.ts";
import { readRun } from "../../src/report/run_file.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { runFh } from "../support/executable.ts";
import { connectorMissing } from "../support/observe.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-cause-");
const MAKEFILE = `
all: fine broken
fine: ; @-cat nowhere; sleep 0.01
broken: ; @sleep 0.01; grep -q x /dev/null
first: ; @exit 4
last: ; @exit 5
slow: ; @sleep 0.3
several:
	@sleep 0.4
	@sleep 0.02
	@sleep 0.01
after: ; @sleep 0.1; exit 4
below: ; @$(MAKE) -s first fine last
ignored: ; -@cat nowhere
norule: ignored fine nosuch
killed: ; @kill -KILL $$$$
`;
const FILES: Readonly<Record<string, string>> = {
  Makefile: MAKEFILE,
  "bad.c": "{\n",
  "build.ninja": "rule run\n  command = $do\n" +
    "build a: run\n  do = exit 4\nbuild b: run\n  do = sleep 0.1\n",
  "package.json": JSON.stringify({ scripts: { test: "grep -q x /dev/null", build: "exit 9" } }),
  "parts/a": "#!/bin/sh\nexit 4\n",
  "parts/b": "#!/bin/sh\nexit 0\n",
  "t/a.t": "exit 3;\n",
  "t/b.t": 'print "1..1\\nok 1\\n";\n',
  "CMakeLists.txt": "cmake_minimum_required(VERSION 3.10)\nproject(x NONE)\nenable_testing()\n" +
    "add_test(NAME a COMMAND false)\nadd_test(NAME b COMMAND sleep 0.1)\n",
};
for (const [path, text] of Object.entries(FILES)) {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text, { mode: 0o755 });
}

const has = (program: string) =>
  (process.env.PATH ?? "").split(delimiter).some((place) => existsSync(join(place, program)));

let runs = 0;

/** The sentence about the failure of a command, and whether all faces name the same process. */
function told(command: readonly string[]): string {
  const saved = join(folder, `${runs++}.jsonl`);
  const { stderr } = runFh(["run", "--save", saved, "--", ...command], { cwd: folder });
  const line = stderr.split("\n").find((line) => /^failed (?:first|itself): /.test(line));
  assert.ok(line !== undefined, stderr);
  const [, how, names, pid, status] = /^failed (first|itself): (.*) \((\d+)\), (.*?) after /.exec(
    line,
  )!;
  const model = new Model(pageData(readRun(readFileSync(saved, "utf8").trimEnd().split("\n")), 0));
  assert.equal(model.pid[causeOf(model)], Number(pid), "the page names the same one");
  return `${how}: ${names}, ${status}`;
}

/** What is run, and what is told. */
type Row = readonly [command: string, expected: string];

function rows(program: string, all: readonly Row[]): void {
  const missing = connectorMissing ?? (has(program) ? null : `no ${program}`);
  for (const [command, expected] of all) {
    test(...unless(missing, `${program}: ${command}`), () => {
      assert.equal(told(["/bin/sh", "-c", `exec ${command}`]), expected);
    });
  }
}

const sh = (script: string) => `sh -c '${script}'`;
const bash = (script: string) => `bash -c '${script}'`;

rows("sh", [
  [sh("grep -q x /dev/null; sleep 0.02; exit 77"), "itself: sh, exit 77"],
  [sh("grep -q x /dev/null || exit 77"), "first: sh > grep, exit 1"],
  [sh("grep -q x /dev/null; sleep 0.02; kill -TERM $$"), "itself: sh, SIGTERM"],
  [sh('sh -c "kill -KILL \\$\\$"; exit $?'), "first: sh > sh, SIGKILL"],
  [sh('sh -c "kill -KILL \\$\\$"; sleep 0.02; exit 3'), "itself: sh, exit 3"],
  [sh("grep -q x /dev/null; r=$?; sleep 0.02; exit $r"), "first: sh > grep, exit 1"],
  [sh('trap "rm -f x" EXIT; set -e; grep -q x /dev/null; sleep 9'), "first: sh > grep, exit 1"],
  ["sh -e -c 'cat nowhere; sleep 9'", "first: sh > cat, exit 1"],
  [sh("(grep -q x /dev/null; sleep 0.02; exit 77)"), "first: sh > sh, exit 77"],
  [sh("grep -q x /dev/null | sleep 0.05; exit 77"), "itself: sh, exit 77"],
  [sh("sleep 0.01; exit 6"), "itself: sh, exit 6"],
]);
rows("bash", [
  [bash("set -o pipefail; grep -q x /dev/null | sleep 0.05"), "first: bash > grep, exit 1"],
  [bash("set -eo pipefail; yes | head -1 >/dev/null; sleep 9"), "first: bash > yes, SIGPIPE"],
]);
rows("make", [
  ["make -s all", "first: make > sh > grep, exit 1"],
  ["make -s fine first slow", "first: make > sh, exit 4"],
  ["make -s -j2 after several", "first: make > sh, exit 4"],
  ["make -s -j3 after slow broken", "first: make > sh > grep, exit 1"],
  ["make -s -k first slow fine", "first: make > sh, exit 4"],
  ["make -sk first fine last", "first: make > sh, exit 4"],
  ["make -s --keep-going below", "first: make > make > sh, exit 4"],
  ["make -s below", "first: make > make > sh, exit 4"],
  ["make -s norule", "itself: make, exit 2"],
  ["make -s nosuch", "itself: make, exit 2"],
  ["make -s killed", "first: make > sh, SIGKILL"],
]);
rows("ninja", [
  ["ninja a b", "first: ninja > sh, exit 4"],
  ["ninja -j1 -k0 a b", "first: ninja > sh, exit 4"],
]);
rows("xargs", [
  ["seq 3 | xargs -n1 sh -c 'exit $((4 - $0))'", "first: sh > xargs > sh, exit 3"],
  ["xargs -n1 sh -c 'test $0 != 4' <<.\n4\n5\n.", "first: xargs > sh, exit 1"],
]);
rows("timeout", [
  ["timeout 0.1 sleep 9", "itself: timeout, exit 124"],
  ["timeout 9 grep -q x /dev/null", "first: timeout > grep, exit 1"],
  ["timeout 9 timeout 0.1 sleep 9", "first: timeout > timeout, exit 124"],
]);
rows("npm", [
  ["npm test", "first: npm test > sh > grep, exit 1"],
  ["npm run build", "first: npm run build > sh, exit 9"],
]);
rows("cc", [["cc -c bad.c", "first: cc > cc1, exit 1"]]);
rows("run-parts", [["run-parts parts", "first: run-parts > a, exit 4"]]);
rows("prove", [["prove t", "first: prove > perl, exit 3"]]);
rows("ctest", [["sh -c 'cmake . >/dev/null && ctest'", "first: sh > ctest > false, exit 1"]]);
