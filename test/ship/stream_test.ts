/** Histories to a stream: each life once, when it has ended, whatever happens on the way. */
import assert from "node:assert/strict";
import { copyFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parseFilterText } from "../../src/ask/filter_text.ts";
import { CommandError } from "../../src/fault.ts";
import { GAP_REASON, GAP_WORDS, type SourceEvent } from "../../src/model/event.ts";
import { openUsers } from "../../src/proc/users.ts";
import { lifeTest } from "../../src/ship/filter.ts";
import { ship, type ShipOptions } from "../../src/ship/ship.ts";
import { SinkAway } from "../../src/ship/sink.ts";
import { StreamSink } from "../../src/ship/stream_sink.ts";
import { temporaryFolder } from "../support/at_end.ts";
import { account, exec, exit, fork, scan } from "../support/events.ts";
import { Mounted } from "../support/mounts.ts";
import { TestRecorder } from "../support/past.ts";
import { HOST, progressOf, shipTo, TestStream } from "../support/stream.ts";
import { unless } from "../support/unless.ts";
import { until } from "../support/until.ts";

const S = 1e9;
const INIT = { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] };
const UNSHIPPED = GAP_WORDS[GAP_REASON.unshipped]!;

function program(at: number, pid: number, ...argv: string[]): SourceEvent[] {
  return [
    ...[fork(at * S, pid, 1), exec(at * S + 1e6, pid, ...argv)],
    account(at * S + 1e8, pid, { userUs: 7, cpuNs: 7000 }),
    exit(at * S + 1e8, pid, 0),
  ];
}

function begun(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

test("a life is sent once, when it has ended, in this session or a later one", async () => {
  using recorder = begun();
  const stream = new TestStream();
  const ship = () => shipTo(stream, progressOf(recorder), recorder.path);
  recorder.tell(...program(2, 100, "/bin/a"), fork(3 * S, 101, 1), fork(4 * S, 102, 1)).flush();
  assert.deepEqual(await ship(), { lives: 1, forgotten: 0, refused: 0, failures: [] });
  assert.deepEqual(await ship(), { lives: 0, forgotten: 0, refused: 0, failures: [] });
  recorder.tell(exit(5 * S, 102, 256), ...program(6, 103, "/bin/b")).flush();
  await ship();
  recorder.tell(exit(7 * S, 101, 0)).end();
  await ship();
  assert.deepEqual(stream.pids, [100, 102, 103, 101]);
  const { lives, images } = stream.parcels.at(-1)!;
  assert.deepEqual([lives[0]!.status, images.has(lives[0]!.image)], [0, true]);
});

test("an account that comes after the end is waited for", async () => {
  using recorder = begun();
  const stream = new TestStream();
  const ending = new AbortController();
  const { signal } = ending;
  recorder.tell(fork(2 * S, 100, 1), exit(3 * S, 100, 0), fork(3 * S, 101, 1)).flush();
  const progress = progressOf(recorder);
  const shipping = shipTo(stream, progress, recorder.path, { once: false, signal });
  await until(() => stream.parcels.length > 1);
  assert.deepEqual(stream.pids, []);
  recorder.tell(account(4 * S, 100, { userUs: 1, cpuNs: 1000 }), exit(4 * S, 101, 0)).flush();
  await until(() => stream.pids.length === 1);
  // It is long over: no account will come.
  recorder.tell(...program(20, 102, "/bin/a")).flush();
  await until(() => stream.pids.length === 3);
  assert.deepEqual([...stream.pids].sort(), [100, 101, 102]);
  ending.abort();
  await shipping;
  recorder.end();
});

test("what was forgotten before it was sent is a counted gap, running or not", async () => {
  using recorder = begun();
  const stream = new TestStream();
  const ship = () => shipTo(stream, progressOf(recorder), recorder.path);
  recorder.tell(...program(2, 100, "/bin/a"), fork(3 * S, 101, 1)).flush();
  await ship();
  recorder.tell(exit(4 * S, 101, 0), ...program(5, 102, "/bin/b"), ...program(6, 103, "/bin/b"));
  recorder.flush();
  recorder.db.exec("DELETE FROM life WHERE pid IN (101, 102)");
  recorder.end();
  assert.deepEqual(await ship(), { lives: 1, forgotten: 2, refused: 0, failures: [] });
  assert.deepEqual(stream.pids, [100, 103]);
  const missed = stream.gaps.filter(({ reason }) => reason === UNSHIPPED);
  assert.deepEqual(missed.map(({ lost, since }) => [lost, since]), [[1, 0], [1, 3 * S]]);
});

test("what was taken is sent again only where it could not be noted", async () => {
  using recorder = begun();
  const stream = new TestStream();
  recorder.tell(...program(2, 100, "/bin/a")).end();
  const ship = () => shipTo(stream, progressOf(recorder), recorder.path);
  stream.trouble = () => {
    throw new SinkAway(1, "It is gone");
  };
  await assert.rejects(ship(), /It is gone/);
  assert.deepEqual((await ship()).lives, 1);
  assert.deepEqual((await ship()).lives, 0);
  assert.deepEqual(stream.pids, [100, 100]);
});

test("a file that is made anew sends what the old one had not, and once", async () => {
  using first = begun();
  const stream = new TestStream();
  const ship = () => shipTo(stream, progressOf(first), first.path);
  first.tell(...program(2, 100, "/bin/a"), fork(3 * S, 101, 1), exec(3 * S, 101, "/bin/s")).end();
  await ship();
  rmSync(first.path);
  using second = new TestRecorder(first.path, { since: 4 * S });
  const living = { pid: 101, ppid: 1, start: 3 * S, argv: ["/bin/s"] };
  second.tell(...scan(4 * S, 4 * S, [INIT, living]), ...program(5, 102, "/bin/a"));
  second.tell(exit(6 * S, 101, 0)).end();
  await ship();
  assert.deepEqual([...stream.pids].sort(), [100, 101, 102]);
});

test("who runs on in a new file is told once, however late its fork was told", async () => {
  using first = begun();
  const stream = new TestStream();
  const ship = () => shipTo(stream, progressOf(first), first.path);
  // The kernel noted the start in the tick before.
  first.tell(fork(3 * S + 5000, 101, 1), exec(3 * S + 1e6, 101, "/bin/s")).end();
  await ship();
  rmSync(first.path);
  using second = new TestRecorder(first.path, { since: 4 * S });
  assert.equal((await ship()).forgotten, 0, "it is not there yet");
  const living = { pid: 101, ppid: 1, start: 3 * S - 1e7, argv: ["/bin/s"] };
  second.tell(...scan(4 * S, 4 * S, [INIT, living])).flush();
  assert.equal((await ship()).forgotten, 0);
  second.tell(exit(6 * S, 101, 0)).end();
  assert.equal((await ship()).forgotten, 0);
  assert.deepEqual(stream.pids, [101]);
  assert.deepEqual(stream.gaps.filter(({ lost }) => lost !== null && lost > 0), []);
});

test("a history that nobody has begun is waited for, and what to do is said", async () => {
  const folder = temporaryFolder("fh-ship-");
  const path = join(folder, "history.db");
  const stream = new TestStream();
  const ending = new AbortController();
  const { signal } = ending;
  const failures: string[] = [];
  const open = () => Promise.resolve(new StreamSink(stream, progressOf({ path, folder }), HOST));
  const how = { path, open, argv: true, rate: 1e6, accepts: null, stays: false, signal };
  const shipping = ship({ ...how, once: false }, {
    begun() {},
    round() {},
    failed: (message, retryMs) => failures.push(`${message} ${retryMs}`),
  });
  await until(() => failures.length === 2);
  assert.deepEqual(
    new Set(failures),
    new Set([
      `there is no ${path}; start fh record to have one 5000`,
    ]),
  );
  using recorder = new TestRecorder(path);
  recorder.tell(...scan(S, S, [INIT]), ...program(2, 100, "/bin/a")).end();
  await until(() => stream.pids.length === 1);
  ending.abort();
  await shipping;
});

test("two that ship to one place are told, and a file of no use is", async () => {
  using recorder = begun();
  const stream = new TestStream();
  const progress = progressOf(recorder);
  recorder.tell(...program(2, 100, "/bin/a")).flush();
  await shipTo(stream, progress, recorder.path);
  assert.equal(statSync(progress.path).mode & 0o777, 0o600);
  copyFileSync(progress.path, `${progress.path}.other`);
  rmSync(progress.path);
  copyFileSync(`${progress.path}.other`, progress.path);
  recorder.tell(...program(3, 101, "/bin/a")).end();
  await assert.rejects(
    shipTo(stream, progress, recorder.path),
    /Another fh ships to test:\/\/stream; end one of them/,
  );
  for (const text of ["", "{}", '{"version":1,"cursor":{"last":"x"},"open":[]}']) {
    writeFileSync(progress.path, text);
    await assert.rejects(
      shipTo(stream, progressOf(recorder), recorder.path),
      (error) =>
        error instanceof CommandError && /does not say how far it came/.test(error.message),
    );
  }
});

test("nothing is sent where it could not be noted how far it came", async () => {
  using recorder = begun();
  const stream = new TestStream();
  recorder.tell(...program(2, 100, "/bin/a")).end();
  const progress = progressOf(recorder, join(recorder.path, "ship"));
  await assert.rejects(
    shipTo(stream, progress, recorder.path),
    /^CommandError: Cannot write .*: ENOTDIR; see its folder$/,
  );
  assert.deepEqual(stream.parcels, []);
});

const isRoot = process.getuid!() === 0;

test(...unless(isRoot ? null : "needs root", "on a full disk nothing more is sent"), async () => {
  using recorder = begun();
  const stream = new TestStream();
  using small = Mounted.tmpfs(8192);
  const progress = progressOf(recorder, small.folder);
  const full = join(small.folder, "full");
  writeFileSync(full, "x".repeat(8192));
  recorder.tell(...program(2, 100, "/bin/a")).flush();
  const ship = () => shipTo(stream, progress, recorder.path);
  await assert.rejects(ship(), /Cannot write .*: ENOSPC; make room there/);
  recorder.tell(...program(3, 101, "/bin/a")).end();
  await assert.rejects(ship(), /ENOSPC/);
  assert.deepEqual(stream.pids, [100], "what was sent is not sent again");
  rmSync(full);
  await ship();
  assert.deepEqual(stream.pids, [100, 101]);
});

test("what a filter leaves out is not looked at again, nor missed", async () => {
  using recorder = begun();
  const stream = new TestStream();
  const progress = progressOf(recorder);
  const accepts = lifeTest(parseFilterText("-c b"), openUsers());
  const ship = () => shipTo(stream, progress, recorder.path, { accepts });
  recorder.tell(...program(2, 100, "/bin/a"), ...program(3, 101, "/bin/b"), fork(4 * S, 102, 1));
  recorder.flush();
  await ship();
  const { open } = stream.parcels.at(-1)!;
  assert.deepEqual(open.map(({ pid }) => pid), [1, 102], "those that run");
  recorder.tell(exec(5 * S, 102, "/bin/b"), exit(6 * S, 102, 0)).flush();
  recorder.db.exec("DELETE FROM life WHERE pid = 100");
  recorder.end();
  assert.equal((await ship()).forgotten, 0);
  assert.deepEqual(stream.pids, [101, 102]);
});

test("a low rate is kept by small parcels, and a signal ends it between two", async () => {
  using recorder = begun();
  const stream = new TestStream();
  for (let i = 0; i < 22; i++) recorder.tell(...program(2 + i, 100 + i, "/bin/a"));
  recorder.end();
  const ship = (more: Partial<ShipOptions>) =>
    shipTo(stream, progressOf(recorder), recorder.path, { rate: 2, ...more });
  const ending = new AbortController();
  const shipping = ship({ once: false, signal: ending.signal });
  await until(() => stream.parcels.length === 1);
  ending.abort();
  await shipping;
  const begin = performance.now();
  assert.equal((await ship({})).lives, 12);
  assert.deepEqual(stream.parcels.map(({ lives }) => lives.length), [10, 10, 2]);
  assert.ok(performance.now() - begin > 4900, "ten lives take five seconds");
});

test("what a filter leaves out is not paced by the rate, and the cursor goes on", async () => {
  using recorder = begun();
  const stream = new TestStream();
  for (let i = 0; i < 3500; i++) recorder.tell(...program(2 + i / 10, 100 + i, "/bin/a"));
  recorder.end();
  const accepts = lifeTest(parseFilterText("-c b"), openUsers());
  const ship = (more: Partial<ShipOptions>) =>
    shipTo(stream, progressOf(recorder), recorder.path, { accepts, rate: 1, ...more });
  const ending = new AbortController();
  const { signal } = ending;
  stream.trouble = () => ending.abort();
  await ship({ once: false, signal });
  assert.equal(stream.parcels.length, 1);
  const { last } = progressOf(recorder).read()!.cursor;
  assert.equal(last, 1000);
  const begin = performance.now();
  await ship({});
  assert.deepEqual(stream.parcels.map(({ cursor }) => cursor.last), [1000, 2000, 3000, 3501]);
  assert.ok(performance.now() - begin > 195, "10 000 a second");
  assert.deepEqual(stream.pids, []);
});
