import assert from "node:assert/strict";
import { test } from "node:test";
import { pagerOf } from "../../src/term/pager.ts";

const PATH = "/nowhere:/bin:/usr/bin";

test("FH_PAGER comes before PAGER, and cat or nothing stands for none", () => {
  const command = (env: Record<string, string>) => pagerOf({ PATH, ...env }).command;
  assert.equal(command({ FH_PAGER: "sh -c true", PAGER: "env" }), "sh -c true");
  assert.equal(command({ PAGER: "env" }), "env");
  for (const none of ["", " ", "cat"]) {
    assert.equal(command({ FH_PAGER: none, PAGER: "env" }), null);
  }
  assert.equal(command({ FH_PAGER: "/bin/sh" }), "/bin/sh");
  assert.equal(command({ FH_PAGER: "$HOME/mine" }), "$HOME/mine", "the shell's business");
});

test("without them it is less, where that is there and the terminal can do it", () => {
  assert.equal(pagerOf({ PATH: "/nowhere", TERM: "xterm" }).command, null);
  assert.equal(pagerOf({ PATH, TERM: "dumb" }).command, null);
});

test("a pager that is not there is named", () => {
  assert.deepEqual(pagerOf({ PATH, FH_PAGER: "fh-no-such -x" }), {
    command: null,
    missing: "fh-no-such",
  });
  assert.equal(pagerOf({ PATH, PAGER: "/no/such" }).missing, "/no/such");
});
