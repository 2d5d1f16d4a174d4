/** Jobs out of a history on which no recorder is at work. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAll, showOne } from "../../../src/cmd/job/run.ts";
import { scan } from "../../support/events.ts";
import { fakeContext } from "../../support/fake_output.ts";
import { TestRecorder } from "../../support/past.ts";
import { addJob } from "../../support/past_accounts.ts";

const S = 1e9;

test("who asks a history for jobs is told that they are as they were written last", async () => {
  using past = new TestRecorder();
  past.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }])).flush();
  addJob(past, { id: 1, name: "build", owner: 0, since: S, until: null, started: 0 }, []);
  past.end();
  const note = `no recorder is at work on ${past.path}: this is what it wrote last, at `;
  const ask = async (json: boolean, quiet: boolean) => {
    const context = fakeContext();
    const color = "never" as const;
    const asked = { db: past.path, source: "auto", verbose: false, color, json, quiet } as const;
    assert.equal(await listAll(context, asked), 0);
    assert.equal(await showOne(context, "build", asked), 0);
    return context;
  };
  const { stdout, stderr } = await ask(true, false);
  const answers = stdout.text.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(answers.length, 2);
  for (const { name, notes } of answers) {
    assert.deepEqual([name, notes.length, notes[0].kind], ["build", 1, "no_recorder"]);
    assert.ok(notes[0].text.startsWith(note), notes[0].text);
  }
  assert.equal(stderr.text.split(`fh: ${note}`).length, 3, "beside each answer");
  assert.equal((await ask(false, true)).stderr.text, "");
});
