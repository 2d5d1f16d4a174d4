import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, BatchWriter } from "../../../src/model/batch.ts";
import { SourceEvent } from "../../../src/model/event.ts";
import { LateReads } from "../../../src/source/connector/late_reads.ts";
import { exec, fork } from "../../support/events.ts";

const MS = 1_000_000;
const [ENV, TRUE] = ["env", "true"].map((text) => new TextEncoder().encode(text)) as [
  Uint8Array,
  Uint8Array,
];

test("an image that was read when the pid began something else is of that", () => {
  const reads = new LateReads();
  reads.note(7, 10 * MS, 12 * MS, ENV);
  reads.note(8, 10 * MS, 12 * MS, ENV);
  assert.equal(reads.overtaken(7, 11 * MS, TRUE), 10 * MS);
  assert.equal(reads.overtaken(7, 11 * MS, TRUE), null, "it is told once");
  assert.equal(reads.overtaken(8, 13 * MS, TRUE), null);
  reads.note(9, 10 * MS, 12 * MS, ENV);
  assert.equal(reads.overtaken(9, 12.05 * MS, null), 10 * MS, "it was loaded already");
});

test("an image that an exec soon after has, too, is of that one", () => {
  const reads = new LateReads();
  const after = (ms: number, image: Uint8Array | null) => {
    reads.note(7, 10 * MS, 12 * MS, TRUE.slice());
    return reads.overtaken(7, (12 + ms) * MS, image);
  };
  // Loading it took longer than usual: the CPU was taken from it.
  assert.equal(after(3, TRUE), 10 * MS);
  assert.equal(after(3, ENV), null);
  assert.equal(after(3, null), null, "a fork tells nothing of it");
  assert.equal(after(6, TRUE), null);
});

test("what can be in doubt no more is forgotten", () => {
  const reads = new LateReads();
  for (let pid = 1; pid <= 10; pid++) reads.note(pid, pid * MS, pid * MS, ENV);
  reads.settle(11 * MS);
  assert.equal(reads.waiting, 5);
});

test("dropText() takes the text of that event alone", () => {
  const writer = new BatchWriter();
  writer.add(exec(10, 1, "/bin/env"));
  writer.add(exec(20, 1, "/bin/nice"));
  writer.add(fork(20, 2, 1));
  writer.add(exec(30, 1, "/bin/true"));
  const bytes = writer.textBytes;
  writer.dropText(1, 20);
  assert.equal(writer.textBytes, bytes * 2 / 3);
  const reader = new BatchReader(writer.take(Infinity, { seconds: 0, ns: 0 })!);
  const event = new SourceEvent();
  const texts: boolean[] = [];
  for (let index = 0; index < reader.count; index++) {
    reader.read(index, event);
    texts.push(event.text !== null);
  }
  assert.deepEqual(texts, [true, false, false, true]);
  writer.dropText(1, 10);
});
