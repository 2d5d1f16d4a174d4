import assert from "node:assert/strict";
import { test } from "node:test";
import { openForReading } from "../../src/history/file.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { Recording } from "../support/recording.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const TICKS = 1e9 / 100;
const INIT = { pid: 1, ppid: 0, start: 7 * TICKS, argv: ["/sbin/init"] };

/** Samples of a file: pid, user and system time. */
function samples(path: string): unknown[][] {
  const db = openForReading(path);
  try {
    return db.prepare(
      `SELECT pid, sample.user_us, sample.system_us FROM sample JOIN life ON life.id = sample.life
        ORDER BY pid`,
    ).all().map(({ pid, user_us, system_us }) => [pid, user_us, system_us]);
  } finally {
    db.close();
  }
}

test("a recorder notes what the living have used as soon as it knows them", async () => {
  const processes = [
    { pid: 1, ppid: 0, comm: "init", cmdline: "init\0", start: 7, utime: 30, stime: 5 },
    { pid: 2, ppid: 1, comm: "idle", cmdline: "idle\0", start: 8 },
    { pid: 9, ppid: 1, comm: "other", cmdline: "other\0", start: 99, utime: 50 },
  ];
  using it = await new Recording({ samples: true, processes }).begun();
  const idle = { pid: 2, ppid: 1, start: 8 * TICKS, argv: ["idle"] };
  // What has the pid now is not what was told to have it.
  const before = { pid: 9, ppid: 1, start: 40 * TICKS, argv: ["before"] };
  it.source.send(scan(10 * S, 10 * S, [INIT, idle, before]));
  it.source.send([fork(11 * S, 5, 1), exec(11.1 * S, 5, "a"), exit(12 * S, 5, 0)]);
  await until(() => samples(it.path).length > 0);
  await it.end();
  assert.deepEqual(samples(it.path), [[1, 300_000, 50_000]]);
});

test("a recorder that accounts nothing notes nothing", async () => {
  const processes = [{ pid: 1, ppid: 0, comm: "init", cmdline: "init\0", start: 7, utime: 30 }];
  using it = await new Recording({ processes }).begun();
  it.source.send(scan(10 * S, 10 * S, [INIT]));
  it.source.send([fork(11 * S, 5, 1)]);
  await it.end();
  assert.deepEqual(samples(it.path), []);
});
