import assert from "node:assert/strict";
import test from "node:test";
import { bootTimeOf, processesOf } from "../../src/proc/kernel_stat.ts";
import { readFixture } from "../support/fixture.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

test("processesOf() and bootTimeOf() find their lines", () => {
  const bytes = readFixture("proc/kernel_stat.txt");
  assert.equal(processesOf(bytes, bytes.length), 292170);
  assert.equal(bootTimeOf(bytes, bytes.length), 1795432500);
});

test("processesOf() gives -1 when the line is absent, cut or beyond the length", () => {
  const bytes = bytesOf("cpu 1\nbtime 5\nprocesses 77\nprocs_running 1\n");
  assert.equal(processesOf(bytes, bytes.length), 77);
  const end = "cpu 1\nbtime 5\nprocesses 77\n".length;
  for (let length = 0; length < end; length++) assert.equal(processesOf(bytes, length), -1);
  assert.equal(processesOf(bytesOf("cpu 1\nprocesses \n"), 17), -1);
  assert.equal(processesOf(bytesOf("cpu 1\nprocesses x\n"), 18), -1);
  assert.equal(bootTimeOf(bytesOf("cpu 1\n"), 6), -1);
});
