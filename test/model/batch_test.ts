import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchReader, BatchWriter, readBatch } from "../../src/model/batch.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { IMAGE_LAYOUT } from "../../src/model/image.ts";
import { exec, fork } from "../support/events.ts";
import { random } from "../support/random.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 123_456_789 };

test("take() gives back every field of every event", () => {
  const event = new SourceEvent().reset(EVENT.present, 1.5e18, 4_194_304, 7);
  Object.assign(event, { flags: 3, cpu: 5, a: -1, b: 2, c: -3, d: 4, start: 1e9, asOf: 2e9 });
  event.text = Uint8Array.of(1, 0, 255);
  const writer = new BatchWriter();
  writer.add(event);
  const reader = new BatchReader(writer.take(Infinity, EPOCH)!);
  const read = new SourceEvent();
  reader.read(0, read);
  read.text = read.text!.slice();
  assert.deepEqual(read, event);
  assert.deepEqual(reader.epoch, EPOCH);
  assert.equal(writer.count, 0);
  assert.equal(writer.textBytes, 0);
});

test("take() keeps what is younger than the horizon", () => {
  const writer = new BatchWriter();
  writer.add(fork(10, 1, 2));
  writer.add(exec(20, 1, "/bin/true"));
  writer.add(fork(12, 3, 2));
  assert.equal(writer.youngest, 20);
  assert.equal(new BatchReader(writer.take(15, EPOCH)!).count, 2);
  assert.equal(writer.take(15, EPOCH), null);
  assert.equal(writer.youngest, 20);
  const later = writer.take(20, EPOCH)!;
  assert.equal(writer.youngest, -1);
  const argv: (string | undefined)[] = [];
  readBatch(
    later,
    ({ text }) =>
      argv.push(
        new TextDecoder().decode(text!).slice(IMAGE_LAYOUT.header, IMAGE_LAYOUT.header + 9),
      ),
  );
  assert.deepEqual(argv, ["/bin/true"]);
});

test("add() sorts by time and keeps the order of equal times, for any order of arrival", () => {
  const next = random(20041217);
  for (let round = 0; round < 50; round++) {
    const writer = new BatchWriter();
    const times = Array.from({ length: 600 }, () => Math.floor(next() * 300));
    times.forEach((time, index) => writer.add(fork(time, index + 1, 0)));
    const seen: [number, number][] = [];
    readBatch(writer.take(Infinity, EPOCH)!, ({ time, pid }) => seen.push([time, pid]));
    const expected = times.map((time, index): [number, number] => [time, index + 1])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    assert.deepEqual(seen, expected, `round ${round}`);
  }
});

test("add() keeps texts with their events when it sorts", () => {
  const writer = new BatchWriter();
  writer.add(exec(30, 3, "c"));
  writer.add(exec(10, 1, "a"));
  writer.add(fork(20, 2, 1));
  const seen: string[] = [];
  readBatch(writer.take(Infinity, EPOCH)!, ({ pid, text }) => {
    seen.push(`${pid} ${text === null ? "-" : String.fromCharCode(text[IMAGE_LAYOUT.header]!)}`);
  });
  assert.deepEqual(seen, ["1 a", "2 -", "3 c"]);
});
