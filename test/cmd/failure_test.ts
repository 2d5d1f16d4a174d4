import assert from "node:assert/strict";
import { test } from "node:test";
import { failure } from "../../src/cmd/failure.ts";
import { CommandError, UsageError } from "../../src/fault.ts";

test("failure() gives an error its status and one line", () => {
  const message = "Cannot read /proc: EACCES; run it as root";
  assert.deepEqual(failure(new CommandError(3, message), false), {
    status: 3,
    text: `fh: ${message}\n`,
  });
  assert.deepEqual(failure(new UsageError("Bad pid: 0"), true), {
    status: 2,
    text: "fh: Bad pid: 0\n",
  });
  assert.deepEqual(failure(new TypeError("x is null"), false), {
    status: 1,
    text: "fh: x is null\n",
  });
  assert.deepEqual(failure("gone", false), { status: 1, text: "fh: gone\n" });
  assert.deepEqual(failure(new RangeError(), false), { status: 1, text: "fh: RangeError\n" });
});

test("failure() keeps what others chose on one line", () => {
  const { text } = failure(new UsageError("Unknown command: a\nb\x1b[2J"), false);
  assert.equal(text, "fh: Unknown command: a\\nb\\x1b[2J\n");
});

test("failure() shows where an error comes from to those who ask", () => {
  const { text } = failure(new Error("broken", { cause: new Error("why") }), true);
  assert.match(text, /^fh: broken\n {4}at .*failure_test/);
  assert.match(text, /\n {2}caused by Error: why\n$/);
});
