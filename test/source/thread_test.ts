import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { readBatch } from "../../src/model/batch.ts";
import { EVENT } from "../../src/model/event.ts";
import type { CaptureOptions } from "../../src/source/capture.ts";
import { CaptureThread } from "../../src/source/thread.ts";

const OPTIONS: CaptureOptions = {
  source: "poll",
  procRoot: "/proc",
  env: [],
  intervalNs: null,
  realtime: false,
};

test("a thread that was prepared captures, and so does one that is started behind it", async () => {
  const start = CaptureThread.prepare();
  for (let time = 0; time < 2; time++) {
    const pids = new Set<number>();
    let ended = 0;
    const capture = await start(OPTIONS, {
      onBatch: (batch) =>
        readBatch(batch, (event) => {
          if (event.kind === EVENT.present) pids.add(event.pid);
        }),
      onEnd: () => ended++,
    });
    assert.equal(capture.info.source, "poll");
    await capture.stop();
    assert.ok(pids.has(process.pid), "the first look at the host finds this process");
    assert.equal(ended, 1);
  }
});
