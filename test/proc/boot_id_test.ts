import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readShortBootId } from "../../src/proc/boot_id.ts";
import { openProcfs } from "../../src/proc/procfs.ts";

test("readShortBootId() gives the first group of the boot id, zeros where it is hidden", () => {
  const whole = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  assert.equal(readShortBootId(openProcfs("/proc")), whole.split("-")[0]);
  assert.equal(readShortBootId(openProcfs("/nonexistent")), "00000000");
});
