import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { program, programsMissing } from "./programs.ts";
import { unless } from "./unless.ts";

function run(name: string, args: string[]): { status: number | null; output: string } {
  const result = spawnSync(program(name) ?? "", args, { encoding: "utf8", timeout: 20_000 });
  return { status: result.status, output: result.stdout };
}

test(...unless(programsMissing, "program() gives a file that anybody may run"), () => {
  const path = program("cases");
  assert.ok(path !== null);
  assert.equal(statSync(path).mode & 0o777, 0o755);
  assert.equal(program("cases"), path);
});

test(...unless(programsMissing, "program() names a program that does not exist"), () => {
  assert.throws(() => program("none"), /none\.c/);
});

test(...unless(programsMissing, "cases tells pid and parent of what it makes happen"), () => {
  const { status, output } = run("cases", ["generations", "3"]);
  assert.equal(status, 0);
  const lines = output.trim().split("\n").map((line) => line.match(/\d+/g)?.map(Number) ?? []);
  assert.deepEqual(lines.map((line) => line[2]), [1, 2, 3]);
  assert.equal(lines[1]?.[1], lines[0]?.[0]);
  assert.equal(lines[2]?.[1], lines[1]?.[0]);
});

test(...unless(programsMissing, "cases ends as it is told to"), () => {
  assert.equal(run("cases", ["exit", "7"]).status, 7);
  assert.equal(run("cases", ["no-such-case"]).status, 2);
});

test(...unless(programsMissing, "load writes each task it started with its end"), () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-load-"));
  try {
    const truth = join(folder, "truth");
    const phases = ["vfork,count=5", "tree,count=1,depth=2,width=2", "spawn,count=2,rate=500"];
    const args = ["--truth", truth, ...phases.flatMap((phase) => ["--phase", phase])];
    const { status, output } = run("load", args);
    assert.equal(status, 0);
    assert.match(output, /phase=1 kind=tree tasks=6 seconds=0\.\d+/);
    const tasks = readFileSync(truth, "utf8").trim().split("\n").map((line) => line.split("\t"));
    assert.equal(tasks.length, 5 + 6 + 2);
    assert.ok(tasks.every((task) => Number(task[5]) > Number(task[4]) && Number(task[2]) > 0));
    assert.deepEqual(tasks.slice(0, 5).map((task) => Number(task[6]) >> 8), [0, 1, 2, 3, 0]);
    assert.match(tasks.at(-1)?.[8] ?? "", /^\/bin\/true fh-\d+-2-1$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test(
  ...unless(programsMissing, "measure counts the command's time and passes its status on"),
  () => {
    const folder = mkdtempSync(join(tmpdir(), "fh-measure-"));
    try {
      const out = join(folder, "out");
      const args = ["--repeat", "2", out, program("cases") ?? "", "exit", "3"];
      assert.equal(run("measure", args).status, 0);
      const { runs } = JSON.parse(readFileSync(out, "utf8"));
      assert.deepEqual(runs.map((one: { status: number }) => one.status), [768, 768]);
      assert.ok(runs.every((one: { max_rss: number }) => one.max_rss > 0));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
