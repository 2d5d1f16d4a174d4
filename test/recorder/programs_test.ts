import assert from "node:assert/strict";
import { test } from "node:test";
import { PROGRAMS_MAX, RecordedPrograms } from "../../src/recorder/programs.ts";
import { exec, fork, scan } from "../support/events.ts";
import { PAST_EPOCH, TestRecorder } from "../support/past.ts";

const S = 1e9;
const DAY_MS = 86_400_000;
const NOW = PAST_EPOCH.seconds * 1000 + DAY_MS;
const INIT = { pid: 1, ppid: 0, start: S, argv: ["/sbin/init"] };

function empty(): TestRecorder {
  return new TestRecorder().tell(...scan(S, S, [INIT])).flush();
}

/** What is known, and the log that is written with the file. */
function open(past: TestRecorder, now = NOW, learnMs = 0) {
  const clock = { now };
  const programs = new RecordedPrograms(() => clock.now, learnMs);
  const log = programs.open(past);
  const write = () => {
    past.ledger.write(() => log.write());
    log.committed();
  };
  write();
  return { clock, programs, log, write };
}

const rows = ({ db }: TestRecorder) => {
  return db.prepare("SELECT name, uid, since, seen FROM program ORDER BY name").all()
    .map(({ name, uid, since, seen }) => [name, uid, since, seen]);
};

test("a program is known from the first time on, also to the next recorder", () => {
  using past = empty();
  const { programs, write, clock, log } = open(past);
  assert.equal(programs.isNew("/opt/a", 1000), true);
  assert.equal(programs.isNew("/opt/a", 0), false);
  assert.equal(programs.isNew("/opt/b\u{1b}[2J\n", null), true);
  assert.ok(log.dirty);
  write();
  assert.ok(!log.dirty);
  clock.now += DAY_MS / 2;
  assert.equal(programs.isNew("/opt/a", 7), false);
  assert.ok(!log.dirty, "it is noted once a day");
  clock.now += DAY_MS;
  assert.equal(programs.isNew("/opt/a", 7), false);
  write();
  const first = rows(past).filter(([name]) => String(name).startsWith("/opt"));
  assert.deepEqual(first, [
    ["/opt/a", 1000, NOW, NOW + 1.5 * DAY_MS],
    ["/opt/b\u{1b}[2J\n", -1, NOW, NOW],
  ]);
  const next = open(past, NOW + 9 * DAY_MS);
  assert.equal(next.programs.since, programs.since);
  assert.equal(next.programs.isNew("/opt/b\u{1b}[2J\n", 0), false);
});

test("what an older recorder has kept is known, and since when", () => {
  using past = empty();
  past.tell(fork(5 * S, 7, 1), exec(5.1 * S, 7, "tool")).flush();
  const { programs } = open(past);
  const known = rows(past).map(([name]) => name);
  assert.deepEqual(known.map((name) => programs.isNew(String(name), 0)), known.map(() => false));
  assert.deepEqual(known, ["/sbin/init", "tool"]);
  // The first life that was seen to begin; what ran already may be older than the recorder.
  assert.equal(programs.since, PAST_EPOCH.seconds * 1000 + 5000);
});

test("a new file gets all that is known", () => {
  using past = empty();
  using other = empty();
  const { programs } = open(past);
  programs.isNew("/opt/a", 3);
  const log = programs.open(other);
  other.ledger.write(() => log.write());
  assert.ok(rows(other).some(([name, uid]) => name === "/opt/a" && uid === 3));
});

test("beyond a number those of the user who has most are forgotten, the oldest first", () => {
  using past = empty();
  const { programs, write } = open(past);
  for (let i = 0; i < 10; i++) programs.isNew(`/root/${i}`, 0);
  programs.isNew("/home/other", 1001);
  // Each with another id that is subordinate to one user.
  for (let i = 0; i < PROGRAMS_MAX; i++) programs.isNew(`/tmp/${i}`, 100_000 + i);
  write();
  const names = new Set(rows(past).map(([name]) => name));
  assert.ok(names.size <= PROGRAMS_MAX);
  assert.ok(
    names.has("/home/other") && names.has("/root/0") && names.has(`/tmp/${PROGRAMS_MAX - 1}`),
  );
  assert.ok(!names.has("/tmp/0"));
});

test("a clock that was wrong does not make a host unknown for years", () => {
  using past = empty();
  const { programs, clock, write } = open(past, NOW + 3000 * DAY_MS);
  programs.isNew("/opt/a", 0);
  write();
  clock.now = NOW;
  programs.isNew("/opt/b", 0);
  assert.ok(programs.since <= NOW);
  assert.ok(open(past).programs.since <= NOW);
});

test("a host that is not known for long has nothing that is new", () => {
  using past = empty();
  const { programs, clock } = open(past, NOW, DAY_MS);
  assert.equal(programs.isNew("/opt/a", 0), false);
  for (let hour = 0; hour < 24; hour++) {
    clock.now += DAY_MS / 24;
    assert.equal(programs.isNew(`/opt/early-${hour}`, 0), hour === 23);
  }
  assert.deepEqual([programs.isNew("/opt/a", 0), programs.isNew("/opt/b", 0)], [false, true]);
});

test("a clock that is set is no time in which a host was got to know", () => {
  using past = empty();
  const { programs, clock } = open(past, 1000, 7 * DAY_MS);
  clock.now = NOW;
  assert.equal(programs.isNew("/bin/ls", 0), false);
});

test("what ran while nobody was to tell of it is known, too", () => {
  using past = empty();
  open(past);
  past.tell(fork(5 * S, 7, 1), exec(5.1 * S, 7, "tool")).flush();
  const next = open(past, NOW + 2 * DAY_MS);
  assert.equal(next.programs.isNew("tool", 0), false);
});
