import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { BatchWriter } from "../src/model/batch.ts";
import { Session } from "../src/session.ts";
import type { CaptureHandlers } from "../src/source/capture.ts";
import { exec, fork } from "./support/events.ts";

const EPOCH = { seconds: 1_700_000_000, ns: 0 };

/** A session of batches that a test makes. */
async function openSession(onBatch: () => void, onChange: () => void): Promise<{
  session: Session;
  handlers: CaptureHandlers;
}> {
  let handlers!: CaptureHandlers;
  const session = await Session.open({
    capture: { source: "connector", procRoot: "/p", env: [], intervalNs: null, realtime: false },
    onBatch,
    onChange,
    onEnd: () => {},
  }, (_options, given) => {
    handlers = given;
    return Promise.resolve({
      info: { source: "connector", why: "a test" },
      began: { epoch: EPOCH, time: 0 },
      stop: () => Promise.resolve(),
    });
  });
  session.begin();
  return { session, handlers };
}

/** Turns of the event loop until something is so. */
async function until(isSo: () => boolean): Promise<number> {
  for (let turns = 0;; turns++) {
    if (isSo()) return turns;
    assert.ok(turns < 10_000);
    await new Promise((resolve) => setImmediate(() => resolve(null)));
  }
}

test("after so many events, or bytes of their texts, the listener is asked for more", async () => {
  const pieces: number[] = [];
  let told = 0;
  const { session, handlers } = await openSession(() => {
    pieces.push(told);
    told = 0;
  }, () => told++);
  const writer = new BatchWriter();
  for (let n = 0; n < 10_000; n++) writer.add(fork(1000 + n, 100 + n, 1));
  handlers.onBatch(writer.take(Infinity, EPOCH)!);
  await until(() => pieces.length === 3);
  assert.deepEqual(pieces.splice(0), [4096, 4096, 1808]);
  const long = "x".repeat(60_000);
  for (let n = 0; n < 7; n++) writer.add(exec(20_000 + n, 100 + n, "/bin/true", long));
  handlers.onBatch(writer.take(Infinity, EPOCH)!);
  await until(() => pieces.length === 3);
  assert.deepEqual(pieces.splice(0), [3, 3, 1]);
  await session.close();
});

test("batches that come at once leave others their turn, and an end waits for all", async () => {
  let told = 0;
  const { session, handlers } = await openSession(() => {
    for (const began = performance.now(); performance.now() < began + 10;);
  }, () => told++);
  const tell = (pid: number) => {
    for (let n = 0; n < 12; n++) {
      const writer = new BatchWriter();
      writer.add(fork(1000 + n, pid + n, 1));
      handlers.onBatch(writer.take(Infinity, EPOCH)!);
    }
  };
  tell(100);
  assert.ok(told < 12, String(told));
  assert.ok(await until(() => told === 12) >= 3);
  tell(200);
  await session.close();
  assert.equal(told, 24);
});
