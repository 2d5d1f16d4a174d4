import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/fault.ts";
import { parseTarget } from "../../src/ship/open/targets.ts";

test("a target is known by its scheme, and no secret of another is shown", () => {
  assert.equal(parseTarget("postgres://a@b/c"), "postgres://a@b/c");
  for (const text of ["", "db", "mysql://a:secret@b/c", "://x"]) {
    assert.throws(() => parseTarget(text), (error) => {
      assert.ok(error instanceof UsageError);
      assert.doesNotMatch(error.message, /secret/);
      return /^Bad target: it is .*; give postgres:\/\//.test(error.message);
    });
  }
});
