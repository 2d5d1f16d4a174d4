/** Places that are not as they mostly are: the executable starts there all the same. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, runFh, runProgram } from "../support/executable.ts";
import { unless } from "../support/unless.ts";

const folder = temporaryFolder("fh-places-");

const isRoot = process.getuid?.() === 0;
const mounts = ["unshare", "--mount", "--pid", "--fork", "sh", "-c"] as const;
const missing = isRoot && runProgram(mounts[0], [...mounts.slice(1), "true"]).status === 0
  ? null
  : "needs root, and unshare(1)";

for (const option of ["subset=pid", "hidepid=2"]) {
  test(
    ...unless(missing, `with /proc mounted with ${option} fh shows the tree and watches`),
    () => {
      const mount = `mount -t proc -o ${option} proc /proc`;
      const watch = `${FH} watch -q --json --source poll -- true`;
      const script = `${mount} && ${FH} tree -q --json 1 && ${watch}`;
      const { status, stdout, stderr } = runProgram(mounts[0], [...mounts.slice(1), script]);
      assert.equal(status, 0, stderr);
      const [tree, source] = stdout.split("\n").map((line) =>
        line === "" ? null : JSON.parse(line)
      );
      assert.equal(tree.pid, 1);
      assert.equal(source.event, "source");
    },
  );
}

const AS_NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const mayRun = isRoot && runProgram("setpriv", [...AS_NOBODY, FH, "--version"]).status === 0;
const nobodyMissing = missing ?? (mayRun ? null : `nobody may not run ${FH}`);

test(...unless(nobodyMissing, "in a working directory that it may not enter fh works"), () => {
  const closed = join(folder, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o700);
  const script = `cd ${closed} && exec setpriv ${AS_NOBODY.join(" ")} ${FH} "$@"`;
  for (const args of [["--version"], ["tree", "-q", `${process.pid}`]]) {
    const { status, stderr } = runProgram("sh", ["-c", script, "sh", ...args]);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, args.join(" "));
  }
  assert.equal(runFh(["--version"]).status, 0);
});
