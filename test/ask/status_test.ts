import assert from "node:assert/strict";
import { test } from "node:test";
import { Notes } from "../../src/ask/notes.ts";
import { askStatus } from "../../src/ask/status.ts";
import { History } from "../../src/history/history.ts";
import { openProcfs } from "../../src/proc/procfs.ts";
import { exit, fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;

/** How far back a file reaches that was written to for so long, milliseconds; and its size. */
async function reach(seconds: number, limits: { keepMs?: number; maxBytes?: number }) {
  using past = new TestRecorder(undefined, limits);
  past.tell(
    ...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]),
    fork(2 * S, 7, 1),
    exit(seconds * S, 7, 0),
  ).end();
  const store = storeOf(new History(past.path));
  try {
    const { reachMs, run, size } = await askStatus(store, openProcfs("/proc"), new Notes());
    const { since, until } = store.bounds.range()!;
    return { reachMs, run, spanMs: until - since, size };
  } finally {
    store.close();
  }
}

test("a size limit reaches as far back as at the pace up to now", async () => {
  const { reachMs, run, spanMs, size } = await reach(3600, { maxBytes: 1 << 30 });
  assert.equal(run!.maxBytes, 1 << 30);
  assert.equal(run!.keepMs, null);
  assert.equal(reachMs, spanMs * ((1 << 30) / size));
});

test("a file that is full reaches as far as it does, and as what is kept", async () => {
  const { reachMs, spanMs } = await reach(3600, { maxBytes: 4096 });
  assert.equal(reachMs, spanMs);
  const kept = await reach(3600, { maxBytes: 1 << 30, keepMs: 86_400_000 });
  assert.deepEqual([kept.run!.keepMs, kept.reachMs], [86_400_000, 86_400_000]);
});

test("no pace is told of a few minutes, nor a reach without a limit", async () => {
  assert.equal((await reach(60, { maxBytes: 1 << 30 })).reachMs, null);
  assert.equal((await reach(3600, {})).reachMs, null);
});
