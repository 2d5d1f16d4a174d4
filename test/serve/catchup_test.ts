import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { Users } from "../../src/proc/passwd.ts";
import { RecordedPast } from "../../src/recorder/served_past.ts";
import { Sequence } from "../../src/serve/sequence.ts";
import { exec, exit, fork, gap, scan } from "../support/events.ts";
import { type Line, ServerOfTest, settled } from "../support/fake_socket.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";
import { random } from "../support/random.ts";

const SECOND = 1e9;
const CLIENT = 1;
const users = new Users(() => "", () => 0);

/** A server with a history. */
class ServedRecorder extends ServerOfTest {
  constructor(readonly past: RecordedPast, options: ConstructorParameters<typeof ServerOfTest>[0]) {
    super(options);
  }
}

/** A server on the recorder of a test: what happens is recorded first, and then told. */
function serve(recorder: TestRecorder, write?: () => boolean): ServedRecorder {
  const flushed = () => {
    recorder.flush();
    return write?.() ?? true;
  };
  const past = new RecordedPast(recorder.path, users, flushed, Date.now);
  const it = new ServedRecorder(past, {
    past,
    onChange: (change) => recorder.writer.note(change),
    epoch: PAST_EPOCH,
    since: SECOND,
  });
  it.connect(CLIENT);
  return it;
}

/** `event pid seq` of each line that is an event of a process or a gap. */
function told(lines: readonly Line[]): string[] {
  return lines.filter(({ event }) => event !== undefined && event !== "source")
    .map(({ event, pid, lost, seq }) => `${event} ${pid ?? lost} ${seq}`);
}

/** What a client is told until nothing more comes. */
async function takeAll(it: ServerOfTest, client = CLIENT): Promise<Line[]> {
  const lines: Line[] = [];
  for (let quiet = 0; quiet < 5;) {
    await settled(5);
    const more = it.socket.take(client);
    quiet = more.length === 0 ? quiet + 1 : 0;
    lines.push(...more);
  }
  return lines;
}

/** Processes that come and go one after the other, some of them at once. */
function* life(seed: number, from: number, count: number): Generator<SourceEvent> {
  const next = random(seed);
  let time = from;
  const running: number[] = [];
  for (let pid = 100; pid < 100 + count; pid++) {
    time += Math.ceil(next() * 1e7);
    yield fork(time, pid, 10);
    if (next() < 0.5) yield exec(time += Math.ceil(next() * 1e5), pid, `/bin/p${pid}`);
    running.push(pid);
    if (next() < 0.1) yield gap(time += 1000, Math.ceil(next() * 100));
    while (running.length > 0 && next() < 0.6) {
      yield exit(time += Math.ceil(next() * 1e6), running.shift()!, 0);
    }
  }
}

const HOST = scan(1.1 * SECOND, 1.2 * SECOND, [{ pid: 10, ppid: 1, start: SECOND, argv: ["/a"] }]);

test("from any number on nothing is missing, nothing comes twice, numbers stay", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST);
  it.connect(2);
  await it.subscribe(2);
  const events = [...life(1, 2 * SECOND, 400)];
  for (const event of events) it.machine.step(event);
  it.server.flush();
  const all = told(await takeAll(it, 2));
  assert.ok(all.length > 1000);
  // Nothing is remembered any more: all of it comes from the history.
  it.server.disconnected(2);
  it.server.close();
  const again = serve(recorder);
  again.sequence.last = it.sequence.last;
  const next = random(2);
  for (let round = 0; round < 20; round++) {
    const at = Math.floor(next() * all.length);
    const client = 10 + round;
    again.connect(client);
    const from = Number(all[at]!.split(" ")[2]);
    const lines = [...await again.subscribe(client, { from }), ...await takeAll(again, client)];
    assert.deepEqual(told(lines), all.slice(at + 1), `from ${all[at]}`);
  }
  recorder.end();
});

test("while it catches up things go on, and it arrives at the present without a gap", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST);
  const events = [...life(3, 2 * SECOND, 3000)];
  const half = events.length >> 1;
  const from = it.sequence.at(2 * SECOND) - 1;
  for (const event of events.slice(0, half)) it.machine.step(event);
  // The reader is slow: it takes a piece, and meanwhile more happens.
  let next = half;
  it.socket.onReady = async () => {
    for (let i = 0; i < 300 && next < events.length; i++) it.machine.step(events[next++]!);
    it.server.flush();
    await settled();
  };
  const lines = await it.subscribe(CLIENT, { from });
  for (let waited = 0; next < events.length && waited < 1000; waited++) await settled(5);
  lines.push(...await takeAll(it));
  const kinds = new Map<number, string>([[1, "fork"], [2, "exec"], [3, "exit"], [11, "gap"]]);
  const happened = events.map(({ kind, pid, a }) => `${kinds.get(kind)} ${kind === 11 ? a : pid}`);
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), happened);
  const seqs = lines.slice(1).map(({ seq }) => seq);
  assert.ok(seqs.every((seq, i) => i === 0 || seq > seqs[i - 1]), "numbers grow");
  recorder.end();
});

test("a time is where it begins", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST, fork(2 * SECOND, 30, 10), exit(3 * SECOND, 30, 0));
  const from = new Date((PAST_EPOCH.seconds + 2.5) * 1000).toISOString();
  const lines = [...await it.subscribe(CLIENT, { from }), ...await takeAll(it)];
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), ["exit 30"]);
  assert.equal((await it.ask(CLIENT, { op: "subscribe", from: "some day" })).error, "EFAULT");
  recorder.end();
});

test("what is older than the history begins with a gap", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST, fork(5 * SECOND, 30, 10));
  const lines = [...await it.subscribe(CLIENT, { from: 1000 }), ...await takeAll(it)];
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), ["gap null", "fork 30"]);
  recorder.end();
});

test("where the history has no room, that is told", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder, () => false);
  await it.tell(...HOST, fork(5 * SECOND, 30, 10));
  const lines = [
    ...await it.subscribe(CLIENT, { from: it.sequence.at(4 * SECOND) }),
    ...await takeAll(it),
  ];
  const gaps = lines.filter(({ event }) => event === "gap");
  assert.deepEqual(gaps.map(({ lost, reason }) => [lost, reason]), [[null, "disk full"]]);
  recorder.end();
});

test("a number of another server begins two seconds before, and says so", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST, fork(5 * SECOND, 30, 10), fork(7 * SECOND, 31, 10));
  const params = { from: it.sequence.at(6.5 * SECOND), instance: "b-1-0" };
  const lines = [...await it.subscribe(CLIENT, params), ...await takeAll(it)];
  assert.equal(lines[0].overlap, true);
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), ["fork 30", "fork 31"]);
  recorder.end();
});

test("who leaves in the middle of the past is told nothing more", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST);
  for (const event of life(5, 2 * SECOND, 3000)) it.machine.step(event);
  let pieces = 0;
  it.socket.onReady = async () => {
    pieces++;
    it.server.disconnected(CLIENT);
    await settled();
  };
  await it.subscribe(CLIENT, { from: it.sequence.at(2 * SECOND) });
  await takeAll(it);
  assert.equal(pieces, 1);
  recorder.end();
});

test("a history that cannot be read is a gap, and ends nothing", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST, fork(5 * SECOND, 30, 10));
  recorder.flush();
  const aside = `${recorder.path}.aside`;
  renameSync(recorder.path, aside);
  const lines = [
    ...await it.subscribe(CLIENT, { from: it.sequence.at(4 * SECOND) }),
    ...await takeAll(it),
  ];
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), ["gap null"]);
  await it.tell(exit(6 * SECOND, 30, 0));
  assert.deepEqual(told(await takeAll(it)).map((line) => line.replace(/ \d+$/, "")), ["exit 30"]);
  assert.equal(it.errors.length, 1);
  renameSync(aside, recorder.path);
  recorder.end();
});

test("when another file is begun while the past is told, that is a gap", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST);
  for (const event of life(5, 2 * SECOND, 1000)) it.machine.step(event);
  it.socket.onReady = () => {
    it.past.reopened();
    return settled();
  };
  const params = { from: it.sequence.at(2 * SECOND), filter: { event: "exec" } };
  const lines = [...await it.subscribe(CLIENT, params), ...await takeAll(it)];
  const unknown = lines.filter(({ event, lost }) => event === "gap" && lost === null);
  assert.ok(unknown.length > 0);
  recorder.end();
});

test("a clock that was set does not move the past", async () => {
  using recorder = new TestRecorder();
  const it = serve(recorder);
  await it.tell(...HOST, fork(5 * SECOND, 30, 10), exit(6 * SECOND, 30, 0));
  // An hour later by the clock, a second later by the time since boot.
  const later = { ...PAST_EPOCH, seconds: PAST_EPOCH.seconds + 3600 };
  recorder.flush(later);
  await it.tell(fork(7 * SECOND, 31, 10));
  recorder.flush(later);
  const from = new Date((later.seconds + 6.5) * 1000).toISOString();
  const lines = [...await it.subscribe(CLIENT, { from }), ...await takeAll(it)];
  assert.deepEqual(told(lines).map((line) => line.replace(/ \d+$/, "")), ["fork 31"]);
  recorder.end();
});

test("the place of a boot is the same for every server of it", () => {
  using recorder = new TestRecorder();
  const past = new RecordedPast(recorder.path, users, () => true, Date.now);
  const base = past.baseOf("7c0a51fe-1111-4222-8333-444444444444");
  assert.equal(base, PAST_EPOCH.seconds * 1e6);
  assert.equal(new Sequence(base!, 0).base, new Sequence(PAST_EPOCH, 0).base);
  assert.equal(past.baseOf("00000000-1111-4222-8333-444444444444"), null);
  recorder.end();
});
