/** Moments that are asked for while a recorder is at work, and after the wall clock was set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readStretch, recordedSpans } from "../../src/ask/stretch.ts";
import { parseMoment } from "../../src/ask/text/moments.ts";
import { parseTarget } from "../../src/ask/text/target.ts";
import { UsageError } from "../../src/fault.ts";
import { History } from "../../src/history/history.ts";
import { fork, scan } from "../support/events.ts";
import { TestRecorder } from "../support/past.ts";
import { storeOf } from "../support/written.ts";

const S = 1e9;
const HOUR = 3600;
const INIT = scan(S, S, [{ pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] }]);

/** Epoch of a boot that is `seconds` old now, so that its clock shows the time that it is. */
function bootedAgo(seconds: number) {
  return { seconds: Math.floor(Date.now() / 1000) - seconds, ns: 0 };
}

test("what begins now is recorded while a recorder is at work", () => {
  const epoch = bootedAgo(HOUR);
  using past = new TestRecorder(undefined, { epoch });
  past.tell(...INIT).flush(epoch);
  const history = new History(past.path);
  // As openHistory() does, some time before the question is read.
  history.reach(Date.now() - 5000);
  for (const moment of [Date.now(), parseMoment("now", Date.now()), Date.now() + 900]) {
    const [span] = history.bounds.at(moment);
    assert.equal(span?.boot, history.boots[0]);
    assert.ok(history.livedWithin(span!).some(({ pid }) => pid === 1));
    assert.equal(history.bounds.spans(moment, Number.MAX_SAFE_INTEGER).length, 1);
  }
  assert.deepEqual(history.bounds.at(Date.now() + 60_000), [], "that is yet to come");
  history.close();
  past.end();
});

test("without a recorder nothing is known after the last that was written", () => {
  const epoch = bootedAgo(HOUR);
  using past = new TestRecorder(undefined, { epoch });
  past.tell(...INIT).flush(epoch).end();
  const history = new History(past.path);
  assert.deepEqual(history.bounds.at(Date.now()), []);
  assert.deepEqual(history.bounds.spans(Date.now(), Number.MAX_SAFE_INTEGER), []);
  history.close();
});

test("a time that was recorded before the clock was set back can be asked for", () => {
  // The clock was two hours ahead for the first half hour.
  const right = bootedAgo(HOUR);
  const ahead = { ...right, seconds: right.seconds + 2 * HOUR };
  using past = new TestRecorder(undefined, { epoch: ahead });
  past.tell(...INIT, fork(600 * S, 100, 1)).flush(ahead);
  past.tell(fork(1800 * S, 200, 1)).flush(right);
  const history = new History(past.path);
  history.reach(Date.now());
  const now = Date.now();
  const at = (ns: number) => new Date(ahead.seconds * 1000 + ns / 1e6).toISOString();
  // Of 601 s after boot: an hour and ten minutes from now.
  const moment = parseMoment(at(601 * S), now, history.bounds);
  assert.ok(moment > now + HOUR * 1000);
  const [span] = history.bounds.at(moment);
  assert.equal(Math.round(span!.since / S), 601);
  assert.deepEqual(history.livedWithin(span!).map(({ pid }) => pid).sort(), [1, 100]);
  const stretch = readStretch({ since: at(590 * S), until: at(610 * S) }, now);
  const [found] = recordedSpans(storeOf(history), stretch);
  assert.deepEqual([found!.since, found!.until].map((ns) => Math.round(ns / S)), [590, 610]);
  assert.equal(parseTarget(`100@${at(601 * S)}`, now, history.bounds).at, moment);
  // What no clock has shown yet lies ahead as ever.
  const never = at(2000 * S);
  for (
    const ask of [
      () => parseMoment(never, now, history.bounds),
      () => recordedSpans(storeOf(history), readStretch({ since: never }, now)),
      () => parseTarget(`100@${never}`, now, history.bounds),
    ]
  ) {
    assert.throws(ask, (error) => error instanceof UsageError && /future/.test(error.message));
  }
  // And now is now, though the clock has shown it before.
  const [present] = history.bounds.at(now);
  assert.ok(Math.abs(present!.since / S - HOUR) < 60, String(present!.since));
  history.close();
  past.end();
});
