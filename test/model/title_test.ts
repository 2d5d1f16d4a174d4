import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutPadding } from "../../src/model/title.ts";

const trimmed = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder().decode(withoutPadding(bytes));
};

test("the room of a title is dropped, and nothing that an exec may have given", () => {
  assert.equal(trimmed("nginx: worker process\0\0\0\0\0"), "nginx: worker process\0");
  for (
    const text of [
      "nginx: worker process\0",
      "nginx: worker process",
      "my program\0\0-x\0",
      "echo\0\0\0",
      "printf\0\0",
      "\0\0",
      "",
    ]
  ) assert.equal(trimmed(text), text);
});
