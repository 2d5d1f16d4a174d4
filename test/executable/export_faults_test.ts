/** Exports that cannot be written: what could not, and why. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runProgram } from "../support/executable.ts";
import { copyHonest } from "../support/hostile.ts";

const folder = temporaryFolder("fh-export-faults-");
const history = join(folder, "history.db");
copyHonest(history);

const shell = (script: string) => runProgram("sh", ["-c", script, FH, history, folder]);

test("an export to a standard output that is closed is no success", () => {
  const { status, stderr } = shell('"$0" export --db="$1" >&-');
  const message = "fh: Cannot export: standard output is closed; give a file by -o\n";
  assert.deepEqual([status, stderr], [1, message]);
  assert.equal(shell('"$0" export -q --db="$1" -o "$2/closed.db" >&-').status, 0);
});

test("what is given /dev/null is done, also by who has opened it for both", () => {
  for (const target of ["> /dev/null", "1<> /dev/null"]) {
    const { status, stderr } = shell(`"$0" export --db="$1" ${target}`);
    assert.deepEqual([status, /^fh: exported \d+ processes$/m.test(stderr)], [0, true], target);
  }
});

test("an export that has no room names the file that has none, and leaves nothing", () => {
  const target = join(folder, "target.db");
  const { status, stderr } = shell(`ulimit -f 128; "$0" export --db="$1" -o "$2/target.db"`);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^fh: Cannot export: no room for \S+\/target\.db: .*; make room on that disk$/m,
  );
  assert.ok(!existsSync(target));
});
