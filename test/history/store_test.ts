/** What a history answers as a store, beside what its parts are asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findTarget } from "../../src/ask/find.ts";
import type { ChangeQuery } from "../../src/ask/store.ts";
import { History } from "../../src/history/history.ts";
import { Bounds } from "../../src/model/bounds.ts";
import type { PastBoot } from "../../src/model/boot.ts";
import { takeSnapshot } from "../../src/model/snapshot.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { PAST_BOOT, PAST_EPOCH, TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;

/** Four that end one after the other. */
function past(): TestRecorder {
  const recorder = new TestRecorder();
  recorder.tell(...scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]));
  for (let i = 0; i < 4; i++) {
    recorder.tell(fork((2 + i) * S, 100 + i, 1), exec((2 + i) * S + 1, 100 + i, "/bin/it"));
    recorder.tell(exit((2 + i) * S + 1e8, 100 + i, 0));
  }
  return recorder.end();
}

test("changes of several stretches come in the order that is asked for", async () => {
  using recorder = past();
  const store = storeOf(new History(recorder.path));
  const [whole] = store.bounds.all();
  const spans = [{ ...whole!, until: 4 * S }, { ...whole!, since: 4 * S }];
  const query = (backwards: boolean): ChangeQuery => ({
    kinds: new Set(["exit"]),
    backwards,
    accepts: ({ process }) => process !== null,
    ofImage: null,
    sought: null,
    pids: null,
    minDuration: null,
    failed: false,
    lineage: null,
    few: false,
    kept: false,
  });
  for (const backwards of [false, true]) {
    const pids: number[] = [];
    for await (const [change] of store.log(spans, query(backwards))) pids.push(change.process!.pid);
    assert.deepEqual(pids, backwards ? [103, 102, 101, 100] : [100, 101, 102, 103]);
  }
  store.close();
});

test("of what lived the living are all there, and of the dead the newest so many", async () => {
  using recorder = past();
  const store = storeOf(new History(recorder.path));
  const pidsOf = async (limit: number) =>
    (await store.lived(store.bounds.all(), { limit, asOf: null })).map(({ pid }) => pid).toSorted();
  assert.deepEqual(await pidsOf(2), [1, 102, 103]);
  assert.deepEqual(await pidsOf(0), [1]);
  assert.deepEqual(await pidsOf(Infinity), [1, 100, 101, 102, 103]);
  store.close();
});

test("a living process is not the one of another time, nor that of another id", async () => {
  using recorder = past();
  const store = storeOf(new History(recorder.path));
  const comm = new TextEncoder().encode("other");
  const sighting = { pid: 100, ppid: 1, startTicks: 9000, state: 82, threads: 1, uid: 0, comm };
  const processes = takeSnapshot([{ ...sighting, exitCode: null, argv: null }]);
  const family = store.family({ processes, bootId: PAST_BOOT, startTicks: () => 9000 });
  const at = (seconds: number) => (PAST_EPOCH.seconds + seconds) * 1000;
  const find = (target: { at?: number; id?: string }) =>
    findTarget(family, { pid: 100, at: null, id: null, ...target });
  assert.equal(await find({}), processes[0]);
  assert.equal((await find({ at: at(2) }))?.state, "exited");
  assert.equal(await find({ at: at(5) }), null, "nobody had it then");
  assert.equal(await find({ id: `${PAST_BOOT.slice(0, 8)}-100-1` }), null);
  store.close();
});

test("a moment that two boots have had is that of the later one", () => {
  const boot = (id: number) =>
    ({ id, since: 0, known: 10 * S, reached: false, nsOf: (ms: number) => ms * 1e6 }) as PastBoot;
  const bounds = new Bounds([boot(1), boot(2)], () => 0);
  assert.deepEqual(bounds.at(5000).map(({ boot }) => boot.id), [2]);
  assert.deepEqual(bounds.at(50_000), []);
});
