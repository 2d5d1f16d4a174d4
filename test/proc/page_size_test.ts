import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pageSizeOf } from "../../src/proc/page_size.ts";

test("the size of a page is what getconf says", () => {
  const { stdout } = spawnSync("getconf", ["PAGESIZE"], { encoding: "utf8" });
  assert.equal(pageSizeOf(new Uint8Array(readFileSync("/proc/self/auxv"))), Number(stdout));
});

test("another size is read, and a file without one is taken for the usual", () => {
  const auxv = new Uint8Array(new BigUint64Array([33n, 1n, 6n, 65536n, 0n, 0n]).buffer);
  assert.equal(pageSizeOf(auxv), 65_536);
  assert.equal(pageSizeOf(auxv.subarray(0, 20)), 4096);
  assert.equal(pageSizeOf(null), 4096);
});
