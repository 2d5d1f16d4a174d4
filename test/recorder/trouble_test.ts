import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { openForReading } from "../../src/history/file.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { Recording } from "../support/recording.ts";

const S = 1e9;
const SCAN = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
const trouble = { hooks: [], limits: INITIAL_LIMITS };

/** A server under a supervisor that crashes some times, from a second on. */
function crashes(from: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const [at, pid] = [(from + 2 * i) * S, 100 + from + i];
    const server = [exec(at + 1000, pid, "/usr/bin/server", "--all"), exit(at + S, pid, 11)];
    return [fork(at, pid, 10), ...server];
  }).flat();
}

const SUPERVISOR = [fork(10.5 * S, 10, 1), exec(10.6 * S, 10, "/usr/bin/supervisor")];

/** Findings of a file: kind, how often, and whether it is over. */
function findings(path: string): unknown[][] {
  const db = openForReading(path);
  try {
    return db.prepare("SELECT kind, count, over, pid FROM finding JOIN life ON life.id = life")
      .all().map(({ kind, count, over, pid }) => [kind, count, over, pid]);
  } finally {
    db.close();
  }
}

test("a recorder keeps what it finds, and says nothing of it without a hook", async () => {
  using it = await new Recording({ trouble }).begun();
  it.source.send([...SCAN, ...SUPERVISOR, ...crashes(11, 6)]);
  await it.end();
  assert.deepEqual(findings(it.path), [["crash-loop", 6, 0, 116]]);
  assert.deepEqual(it.said.filter((text) => /trouble|wrong|server/.test(text)), []);
});

test("a finding that goes on is in the file that follows, too", async () => {
  using it = await new Recording({ trouble }).begun();
  it.source.send([...SCAN, ...SUPERVISOR, ...crashes(11, 6)]);
  renameSync(it.path, `${it.path}.1`);
  it.hangUp();
  // Of the new file's lives it is about the next one.
  it.source.send(crashes(23, 1));
  await it.end();
  assert.deepEqual(findings(`${it.path}.1`), [["crash-loop", 6, 0, 116]]);
  assert.deepEqual(findings(it.path), [["crash-loop", 7, 0, 123]]);
});

test("what a run leaves open is over for the next, and no run looks that is not to", async () => {
  using first = await new Recording({ trouble }).begun();
  first.source.send([...SCAN, ...SUPERVISOR, ...crashes(11, 6)]);
  await first.end();
  using second = await new Recording({}, first).begun();
  second.source.send([...SCAN]);
  await second.end();
  const db = openForReading(first.path);
  const runs = db.prepare("SELECT findings FROM run ORDER BY id").all();
  db.close();
  assert.deepEqual(runs.map(({ findings }) => findings), [1, 0]);
  using third = await new Recording({ trouble }, first).begun();
  third.source.send([...SCAN]);
  await third.end();
  assert.deepEqual(findings(first.path), [["crash-loop", 6, 1, 116]]);
});
