import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRule } from "../../src/cmd/serve_filter.ts";
import { globSource } from "../../src/cmd/values.ts";

const USERS = { uid: () => null };

test("a text that is far too long is refused before anything is made of it", () => {
  // To look for the end of each of these sets took minutes.
  for (const text of ["[".repeat(65_000), "\\".repeat(65_000), "[a".repeat(30_000)]) {
    for (const name of ["comm", "exe", "cgroup", "unit"]) {
      const message = /Bad pattern: larger than 1024 characters; give a smaller one$/;
      assert.throws(() => parseRule({ [name]: text }, USERS), { message });
    }
  }
});

test("a set of a glob ends before 256 characters, or is none", () => {
  assert.equal(globSource(`[${"a".repeat(256)}]`), `^[${"a".repeat(256)}]$`);
  assert.equal(globSource(`[${"a".repeat(257)}]`), `^\\[${"a".repeat(257)}\\]$`);
  assert.equal(globSource("[!a]b]"), "^[^a]b\\]$");
});
