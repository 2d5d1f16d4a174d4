import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, BatchWriter } from "../../../src/model/batch.ts";
import { SourceEvent } from "../../../src/model/event.ts";
import { LateReads } from "../../../src/source/connector/late_reads.ts";
import { exec, fork } from "../../support/events.ts";

const MS = 1_000_000;

test("an image that was read when the pid began something else is of that", () => {
  const reads = new LateReads();
  reads.note(7, 10 * MS, 12 * MS);
  reads.note(8, 10 * MS, 12 * MS);
  assert.equal(reads.overtaken(7, 11 * MS), 10 * MS);
  assert.equal(reads.overtaken(7, 11 * MS), null, "it is told once");
  assert.equal(reads.overtaken(8, 13 * MS), null);
  reads.note(9, 10 * MS, 12 * MS);
  assert.equal(reads.overtaken(9, 12.05 * MS), 10 * MS, "it was loaded already");
});

test("what can be in doubt no more is forgotten", () => {
  const reads = new LateReads();
  for (let pid = 1; pid <= 10; pid++) reads.note(pid, pid * MS, pid * MS);
  reads.settle(6 * MS);
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
