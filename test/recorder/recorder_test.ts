import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { CommandError } from "../../src/fault.ts";
import { HistoryError } from "../../src/history/history_error.ts";
import { exec, exit, fork, scan } from "../support/events.ts";
import { Recording } from "../support/recording.ts";
import { until } from "../support/until.ts";
import { ask, Subscription } from "../support/server.ts";

const S = 1e9;
const SCAN = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** Nobody asks them. */
const questions = { tree: () => Promise.reject(), why: () => Promise.reject() };

test("a recorder keeps what a session tells until it is ended", async () => {
  using it = await new Recording().begun();
  it.source.send([...SCAN, fork(11 * S, 5, 1), exec(11.1 * S, 5, "a")]);
  it.source.last = [exit(12 * S, 5, 0)];
  await it.end();
  assert.deepEqual(it.rows(), [[1, "running"], [5, "exited"]], "what was in hand is kept, too");
  const [kept, ...others] = it.said.toReversed();
  assert.deepEqual(others.reverse(), [
    "source replay: a test feeds it",
    `recording to ${it.path}, for 1h00m, up to 64 MiB`,
  ]);
  assert.match(kept!, /^kept 2 processes since 2026-\S+ \S+ in \/\S+, \d+ KiB; fh log and /);
});

test("a recorder knows after its first look what has ended while nobody recorded", async () => {
  using first = await new Recording().begun();
  first.source.send([...SCAN, fork(11 * S, 5, 1)]);
  await first.end();
  assert.deepEqual(first.rows(), [[1, "running"], [5, "running"]]);
  using second = await new Recording({}, first).begun();
  second.source.send(SCAN);
  await second.end();
  assert.deepEqual(first.rows(), [[1, "running"], [5, "unknown"]]);
});

test("a recorder keeps jobs, and answers about them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    const place = { path: join(folder, "fh.sock"), group: null };
    using it = await new Recording({ socket: { place, needed: true, questions } }).begun();
    const own = scan(10 * S, 10 * S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);
    // A process of whoever runs the test.
    for (const event of own) event.d = process.getuid!();
    it.source.send(own);
    await ask(place.path, "job_create", { name: "work" });
    await ask(place.path, "job_add", { job: "work", pids: [1] });
    it.source.send([fork(11 * S, 5, 1), fork(12 * S, 6, 5)]);
    assert.equal((await ask(place.path, "job_show", { job: "work" })).members, 3);
    await it.end();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder counts what happens, for who scrapes it and who asks its socket", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    const place = { path: join(folder, "fh.sock"), group: null };
    const metrics = { host: "127.0.0.1", port: 0 };
    using it = await new Recording({ socket: { place, needed: true, questions }, metrics }).begun();
    const url = it.said.map((text) => /^metrics at (\S+)$/.exec(text)?.[1]).find(Boolean)!;
    it.source.send([...SCAN, fork(11 * S, 5, 1), exec(11.1 * S, 5, "a"), exit(12 * S, 5, 256)]);
    const { families } = await ask(place.path, "metrics");
    assert.ok(families.some(({ name }: { name: string }) => name === "fh_forks_total"));
    let text = await (await fetch(url)).text();
    for (
      const line of [
        'fh_build_info{version="1.0.0",source="replay"} 1',
        "fh_up 1",
        "fh_forks_total 1",
        'fh_exits_total{outcome="failed"} 1',
        "fh_living_processes 1",
        'fh_unit_failed_processes_total{unit="a.service"} 1',
        "fh_history_limit_bytes 67108864",
        "fh_history_keep_seconds 3600",
        "fh_history_writable 1",
        "fh_socket_subscribers 0",
      ]
    ) assert.ok(text.includes(`\n${line}\n`) || text.startsWith(`${line}\n`), `${line}\n${text}`);
    await until(() => it.rows().length === 2, "its rows");
    // What was told a moment ago is told again.
    for (const late = performance.now() + 60_000; !/^fh_history_rows 2$/m.test(text);) {
      assert.ok(performance.now() < late, text);
      text = await (await fetch(url)).text();
    }
    await it.end();
    await assert.rejects(fetch(url));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder goes on in a new file after SIGHUP where the old one was moved", async () => {
  using it = await new Recording().begun();
  it.source.send([...SCAN, fork(11 * S, 5, 1)]);
  renameSync(it.path, `${it.path}.1`);
  it.hangUp();
  it.source.send([fork(12 * S, 6, 1)]);
  await it.end();
  assert.deepEqual(it.rows().map(([pid]) => pid), [1, 5, 6]);
});

test("a recorder without a place for its file ends, and tells nobody what follows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    const place = { path: join(folder, "fh.sock"), group: null };
    using it = await new Recording({ socket: { place, needed: true, questions } }).begun();
    assert.equal(it.said.at(-1), `listening on ${place.path}`);
    it.source.send(SCAN);
    const listening = await Subscription.open(place.path, { filter: { event: ["fork"] } });
    const pids = () => listening.events.map(({ pid }) => pid).filter((pid) => pid !== undefined);
    it.source.send([fork(11 * S, 5, 1)]);
    await listening.until("fork", () => pids().length > 0);
    renameSync(it.path, `${it.path}.1`);
    mkdirSync(it.path);
    it.source.last = [fork(12 * S, 6, 1)];
    it.hangUp();
    await assert.rejects(it.ended, HistoryError);
    await listening.close();
    assert.deepEqual(pids(), [5]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder ends with the error of its source", async () => {
  using it = await new Recording().begun();
  it.source.send(SCAN);
  it.source.fail(new Error("it is gone"));
  await assert.rejects(it.ended, /it is gone/);
  assert.deepEqual(it.rows(), [[1, "running"]]);
});

/** A socket that cannot be: its folder is a file. */
const nowhere = (folder: string) => join(folder, "file", "fh.sock");

test("a recorder goes on without a socket that nobody has asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fh-recorder-"));
  try {
    writeFileSync(join(folder, "file"), "");
    const place = { path: nowhere(folder), group: null };
    using it = await new Recording({ socket: { place, needed: false, questions } }).begun();
    await it.end();
    assert.match(it.said[0]!, /^no socket: Cannot listen on /);
    using needed = new Recording({ socket: { place, needed: true, questions } });
    await assert.rejects(needed.ended, (error: Error) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /^Cannot listen on /);
      return true;
    });
    using alone = new Recording({ history: null, socket: { place, needed: true, questions } });
    await assert.rejects(alone.ended, /^CommandError: Cannot listen on /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a recorder with nobody to tell is none", async () => {
  const place = { path: null, group: null };
  using it = new Recording({ history: null, socket: { place, needed: true, questions } });
  await assert.rejects(it.ended, /^CommandError: Nowhere to listen: XDG_RUNTIME_DIR is not set; /);
});
