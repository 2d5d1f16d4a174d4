/** What earlier sessions may have sent otherwise: each is looked at, and few are held. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openForReading } from "../../src/history/file.ts";
import { Outgoing } from "../../src/history/outgoing.ts";
import type { SourceEvent } from "../../src/model/event.ts";
import { Shipper } from "../../src/ship/shipper.ts";
import type { Acknowledged, Cursor, Parcel, Sink } from "../../src/ship/sink.ts";
import { Watched } from "../../src/ship/watched.ts";
import { account, exit, fork, scan } from "../support/events.ts";
import { PAST_BOOT, TestRecorder } from "../support/past.ts";

const S = 1e9;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
const COUNT = 5000;
const EARLIER_BOOT = "99999999-1111-4222-8333-444444444444";

/** So many that have just ended, in one second. */
function stormed(): TestRecorder {
  const recorder = new TestRecorder().tell(...scan(S, S, [INIT]));
  const all: SourceEvent[] = [];
  for (let i = 0; i < COUNT; i++) {
    const at = 2 * S + i * 1e5;
    all.push(fork(at, 100 + i, 1), account(at + 5e4, 100 + i, { userUs: 1, cpuNs: 1000 }));
    all.push(exit(at + 5e4, 100 + i, 0));
  }
  return recorder.tell(...all).end();
}

/** The end of an earlier session, when all of it was sent. */
function cursorOf(given: Partial<Cursor>): Cursor {
  return {
    ...{ last: COUNT + 1, boot_id: PAST_BOOT, pid: 100 + COUNT - 1, gap: 0 },
    ...{ born: 2 * S + (COUNT - 1) * 1e5, seen_boot: PAST_BOOT, seen: 3 * S },
    ...given,
  };
}

test("who had just ended in a storm is looked at, and few of them are held at once", () => {
  using recorder = stormed();
  const db = openForReading(recorder.path);
  const watched = new Watched(new Outgoing(db), "states", [], COUNT + 1);
  watched.passedOver(cursorOf({}), false);
  const looked = new Set<number>();
  let looks = 0;
  do {
    looks++;
    const changed = watched.changed(1000, () => true);
    assert.ok(changed.length <= 2000, String(changed.length));
    for (const { pid } of changed) looked.add(pid);
    assert.ok(watched.openAfter([], []).length <= 2000, "what is held");
    watched.keep(changed, [], { boot: 1, ns: 4 * S });
  } while (watched.isCut);
  assert.equal(looked.size, COUNT);
  assert.ok(looks <= COUNT / 1000 + 1, String(looks));
  assert.deepEqual(watched.changed(1000, () => true), [], "each once");
  db.close();
});

/** Takes states, and keeps how many lives it was sent. */
class States implements Sink {
  readonly shown = "test://states";
  readonly taking = "states";
  readonly #cursor: Cursor;
  readonly pids: number[] = [];

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  acknowledged(): Promise<Acknowledged> {
    return Promise.resolve({ name: "web1", cursor: this.#cursor, open: [] });
  }

  append({ lives }: Parcel): Promise<number> {
    this.pids.push(...lives.map(({ pid }) => pid));
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

test("of another file nobody was sent before, and all are sent once", async () => {
  using recorder = stormed();
  const db = openForReading(recorder.path);
  const sink = new States(cursorOf({ boot_id: EARLIER_BOOT, seen_boot: EARLIER_BOOT }));
  const how = { argv: true, accepts: null, once: true, most: Infinity };
  const shipper = await Shipper.begin(new Outgoing(db), sink, how);
  while ((await shipper.round()).waiting > 0);
  assert.equal(sink.pids.length, COUNT + 1);
  db.close();
});
