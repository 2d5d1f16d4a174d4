/** What the poller misses: how much, and from when to when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gapsOf, observe, run } from "../support/observe.ts";
import { program, programsMissing } from "../support/programs.ts";
import { unless } from "../support/unless.ts";

const name = "what the poller misses is a stretch of time, and each begins after the one before";

test(...unless(programsMissing, name), async () => {
  const began = Date.now();
  let loaded = 0;
  const seen = await observe({ source: "poll" }, async () => {
    const output = await run(program("load")!, ["--phase", "vfork,count=2000"]);
    loaded = Date.now();
    return output;
  });
  const gaps = gapsOf(seen).filter(({ reason }) => reason === "missed");
  assert.ok(gaps.length > 0, "so many short lives are not all seen");
  let before = began - 1;
  for (const { since, time } of gaps) {
    const [from, until] = [Date.parse(since), Date.parse(time)];
    assert.ok(before <= from && from < until, `${before} ${since} ${time}`);
    before = until;
  }
  const [first] = gaps;
  assert.ok(Date.parse(first!.since) < loaded, "it begins before the last of them");
});
