import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "../../src/term/progress.ts";
import { FakeOutput } from "../support/fake_output.ts";

function progress(quiet = false, isTerminal = true) {
  const output = new FakeOutput();
  output.isTerminal = isTerminal;
  let now = 0;
  const one = new Progress(output, quiet, () => now);
  return { output, one, at: (ms: number) => void (now = ms) };
}

test("nothing is told of what is over soon", () => {
  const { output, one, at } = progress();
  at(900);
  one.show("reading", 5, 10, "processes");
  one.end();
  assert.equal(output.text, "");
});

test("how much is done, and how long it takes still, in one line that goes away", () => {
  const { output, one, at } = progress();
  one.show("reading", 0, 40_000, "processes");
  at(2000);
  one.show("reading", 10_000, 40_000, "processes");
  at(2100);
  one.show("reading", 11_000, 40_000, "processes");
  assert.equal(output.text, "\r\x1b[Kfh: reading: 10 000 processes, 25 %, 6.00s left");
  one.end();
  one.end();
  assert.ok(output.text.endsWith("left\r\x1b[K"));
});

test("where the whole is not known, so much is done", () => {
  const { output, one, at } = progress();
  at(1000);
  one.show("writing", 3 << 20, null, "bytes");
  assert.equal(output.text, "\r\x1b[Kfh: writing: 3 MiB");
  output.columns = 12;
  at(2000);
  one.show("writing", 4 << 20, null, "bytes");
  assert.ok(output.text.endsWith("\r\x1b[Kfh: writing"));
});

test("nobody is told where there is no terminal, or who wants to be told nothing", () => {
  for (const { output, one, at } of [progress(true), progress(false, false)]) {
    at(5000);
    one.show("reading", 1, 2, "processes");
    one.end();
    assert.equal(output.text, "");
  }
});
