import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BatchWriter } from "../../src/model/batch.ts";
import { EVENT, SourceEvent } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { readRecording, recordBatch } from "../../src/source/recording.ts";

const EPOCH = { seconds: 0, ns: 0 };

test("recordBatch() and readRecording() give back every byte and number", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const image = encodeImage({
    argv: bytes,
    exe: bytes.slice(1),
    cwd: null,
    cgroup: new Uint8Array(0),
    comm: bytes.slice(2, 9),
    env: null,
  });
  const exec = new SourceEvent().reset(EVENT.exec, 1234.5, 60, 61);
  exec.text = image;
  exec.d = -1;
  const comm = new SourceEvent().reset(EVENT.comm, 2e15, 60, 60);
  comm.text = bytes;
  comm.cpu = 3;
  const writer = new BatchWriter();
  for (const event of [exec, comm]) writer.add(event);
  const replayed = [...readRecording(recordBatch(writer.take(Infinity, EPOCH)!))];
  assert.deepEqual(replayed, [exec, comm]);
});

test("readRecording() skips comments and empty lines, and refuses what is no event", () => {
  const text = readFileSync(
    new URL("../fixtures/recordings/shell.ndjson", import.meta.url),
    "utf8",
  );
  assert.equal([...readRecording(text)].length, 10);
  assert.throws(() => [...readRecording('{"kind":"nonsense"}')], SyntaxError);
  assert.throws(() => [...readRecording("{")], SyntaxError);
});
