import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { peakKibOf } from "../../src/proc/peak.ts";

const encoder = new TextEncoder();

function peakOf(text: string): number | null {
  const bytes = encoder.encode(text);
  return peakKibOf(bytes, bytes.length);
}

test("the peak is read behind its padding", () => {
  assert.equal(
    peakOf("Name:\tcat\nVmPeak:\t    2492 kB\nVmHWM:\t    1144 kB\nVmRSS:\t 7 kB\n"),
    1144,
  );
  assert.equal(peakOf("VmPeak:\t1 kB\nVmHWM:\t12345678 kB\n"), 12_345_678);
});

test("a name cannot pass for the line, and what is cut is not known", () => {
  assert.equal(peakOf("Name:\tVmHWM:\t5 kB\nTgid:\t1\n"), null);
  assert.equal(peakOf("Name:\tx\nVmHWM:\t    11"), null);
  assert.equal(peakOf("Name:\tx\nVmHWM:\t kB\n"), null);
  assert.equal(peakOf(""), null);
});

test("the kernel tells it of this process", () => {
  const bytes = readFileSync("/proc/self/status");
  const peak = peakKibOf(bytes, bytes.length);
  assert.ok(peak !== null && peak > 1000 && peak < 1e8, String(peak));
});
