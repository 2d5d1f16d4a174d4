/** Histories that others have prepared: a right answer or one sentence. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCli } from "../../src/commands.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { fakeContext } from "../support/fake_output.ts";
import {
  copyHonest,
  FEW_QUESTIONS,
  HOSTILE,
  makeHostile,
  QUESTIONS,
  wrongAnswer,
} from "../support/hostile.ts";

const folder = temporaryFolder("fh-hostile-");
const honest = join(folder, "honest.db");
copyHonest(honest);

test("an honest history answers all that is asked of it", async () => {
  for (const args of QUESTIONS) {
    const context = fakeContext();
    const status = await runCli(context, [...args, `--db=${honest}`]);
    // Nobody records at the moment.
    assert.equal(status, args[0] === "record" ? 1 : 0, `${args.join(" ")}: ${context.stderr.text}`);
  }
});

for (const hostile of HOSTILE) {
  test(`a history with ${hostile.name}`, async () => {
    const path = join(folder, "hostile.db");
    makeHostile(hostile, honest, path);
    const before = readFileSync(path);
    const target = join(folder, "exported.db");
    const found: string[] = [];
    let said = "";
    const questions = hostile.refused === undefined ? FEW_QUESTIONS : QUESTIONS;
    for (const args of [...questions, ["export", `--output=${target}`]]) {
      const { stdout, stderr, ...context } = fakeContext();
      const status = await runCli({ ...context, stdout, stderr }, [...args, `--db=${path}`]);
      const answer = { status, stdout: stdout.text, stderr: stderr.text };
      const what = wrongAnswer(args, answer, hostile);
      said += answer.stderr;
      if (what !== null) found.push(`${args.join(" ")}: ${what}: ${stderr.text.slice(0, 300)}`);
    }
    rmSync(target, { force: true });
    assert.deepEqual(found, []);
    const { damaged } = hostile;
    if (damaged !== undefined) {
      assert.match(said, new RegExp(`is damaged: .*\\b${damaged}\\b.* is no`));
    }
    assert.ok(readFileSync(path).equals(before), "the file is as it was");
  });
}
