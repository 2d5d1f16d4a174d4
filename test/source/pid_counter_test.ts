import assert from "node:assert/strict";
import { test } from "node:test";
import { pidsBetween } from "../../src/source/pid_counter.ts";

test("pidsBetween() is empty while the counter stands still", () => {
  assert.deepEqual(pidsBetween(500, 500, 32768), []);
});

test("pidsBetween() names what was given out since", () => {
  assert.deepEqual(pidsBetween(500, 503, 32768), [{ from: 501, to: 503 }]);
});

test("pidsBetween() goes round where the kernel does", () => {
  assert.deepEqual(pidsBetween(32766, 301, 32768), [{ from: 32767, to: 32767 }, {
    from: 300,
    to: 301,
  }]);
  assert.deepEqual(pidsBetween(32767, 300, 32768), [{ from: 300, to: 300 }]);
});
