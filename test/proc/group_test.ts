import assert from "node:assert/strict";
import { test } from "node:test";
import { findGroup } from "../../src/proc/group.ts";

const TEXT =
  "root:x:0:\nadm:x:4:syslog\nadm:x:5:\n7:x:70:\nbroken:x\nbad:x:abc:\nwide:x:4294967295:\n";

test("a group is found by its name; the first line counts", () => {
  assert.equal(findGroup(TEXT, "root"), 0);
  assert.equal(findGroup(TEXT, "adm"), 4);
});

test("a number is a gid, unless a group has it for its name", () => {
  assert.equal(findGroup(TEXT, "1234"), 1234);
  assert.equal(findGroup(TEXT, "7"), 70);
});

test("what is no group is none", () => {
  for (const name of ["", "nobody", "broken", "bad", "wide", "-1", "4294967295", "1e3"]) {
    assert.equal(findGroup(TEXT, name), null, name);
  }
});
