import assert from "node:assert/strict";
import { test } from "node:test";
import { CRON, INIT, MS, S, SHELL, Story } from "./story.ts";

const BACKUP = ["/usr/bin/backup", "--all"];
const MINUTE = 60 * S;

/** Runs at each of `at` minutes; 1 fails, 0 does not. */
function story(ends: readonly number[], at = (i: number) => i * 5): Story {
  const story = new Story();
  ends.forEach((end, i) => {
    const begin = 10 * S + at(i) * MINUTE;
    const shell = ["/bin/sh", "-c", BACKUP.join(" ")];
    const parent = story.life({
      at: begin,
      lives: 2 * S,
      argv: shell,
      status: end << 8,
      parent: CRON,
    });
    story.life({ at: begin + MS, lives: S, argv: BACKUP, status: end << 8, parent });
  });
  return story;
}

test("a command that comes every five minutes and fails is told once, not its shell", () => {
  const found = story([1, 1, 1, 1]).tell();
  assert.equal(found.length, 1);
  const [{ kind, count, facts, process }] = found as [typeof found[0]];
  assert.deepEqual([kind, count, facts.everyNs, facts.lastGood], [
    "failing",
    4,
    5 * MINUTE,
    null,
  ]);
  assert.equal(process.image.argv?.[0], BACKUP[0]);
});

test("it is known when it ended well, and over when it does so more often", () => {
  const [found] = story([1, 1, 0, 1, 1]).tell();
  assert.equal(found?.facts.lastGood, 10 * S + 10 * MINUTE + 2 * S);
  const over = story([1, 1, 1, 0, 0, 0, 0]).tell();
  assert.deepEqual(over.map(({ isOver }) => isOver), [true]);
  assert.deepEqual(story([1, 1, 1]).tell({}, 30 * MINUTE).map(({ isOver }) => isOver), [true]);
});

test("what fails at odd times, or less often than not, is none", () => {
  const odd = [0, 7, 8, 30, 31, 52, 90];
  assert.deepEqual(story([1, 1, 1, 1, 1, 1, 1], (i) => odd[i]!).tell(), []);
  assert.deepEqual(story([1, 0, 0, 1, 0, 0, 1]).tell(), []);
  assert.deepEqual(story([1, 1]).tell(), []);
});

test("whose failure ended otherwise than the job is not named for it", () => {
  const wrapped = new Story();
  for (let i = 0; i < 4; i++) {
    const at = 10 * S + i * 5 * MINUTE;
    const make = { at, lives: 2 * S, argv: ["/usr/bin/make"], status: 2 << 8, parent: CRON };
    const parent = wrapped.life(make);
    wrapped.life({ at: at + MS, lives: S, argv: ["/usr/bin/cc"], status: 1 << 8, parent });
  }
  const found = wrapped.tell();
  assert.deepEqual(found.map(({ process }) => process.image.argv?.[0]), ["/usr/bin/make"]);
});

test("a child whose failure is dealt with, and what people repeat, is none", () => {
  const dealt = new Story();
  const people = new Story();
  for (let i = 0; i < 6; i++) {
    const at = 10 * S + i * 5 * MINUTE;
    const parent = dealt.life({ at, lives: 2 * S, argv: ["/bin/sh", "check"], parent: CRON });
    dealt.life({ at: at + MS, lives: MS, argv: ["/bin/grep", "x"], status: 0x100, parent });
    people.life({ at, lives: S, argv: ["/usr/bin/make"], status: 0x200, parent: SHELL });
  }
  assert.deepEqual(dealt.tell(), []);
  assert.deepEqual(people.tell(), []);
});

test("a unit that a timer starts counts as one of cron", () => {
  const timed = new Story();
  for (let i = 0; i < 4; i++) {
    timed.life({
      at: 10 * S + i * 10 * MINUTE,
      lives: S,
      argv: BACKUP,
      status: 0x100,
      parent: INIT,
      cgroup: "/system.slice/backup.service",
    });
  }
  assert.deepEqual(timed.tell().map(({ kind, count }) => [kind, count]), [["failing", 4]]);
});

test("what fails every few seconds is a loop, or a test of a shell", () => {
  const often = new Story();
  for (let i = 0; i < 50; i++) {
    often.life({ at: (10 + i * 5) * S, lives: MS, argv: BACKUP, status: 0x100, parent: SHELL });
  }
  assert.deepEqual(often.tell(), []);
});
