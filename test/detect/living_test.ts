import assert from "node:assert/strict";
import { test } from "node:test";
import { Detector } from "../../src/detect/detector.ts";
import { judgeLooks, LivingLooks, type Look, mayBeTrouble } from "../../src/detect/living.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import { RunningBoot } from "../../src/model/boot.ts";
import { Process } from "../../src/model/process.ts";
import { EPOCH } from "./story.ts";

const S = 1e9;
const NOW = 1000 * S;

function look(pid: number, given: Partial<Look> & { letter?: string } = {}): Look {
  const { letter = "S", ...rest } = given;
  return {
    pid,
    ppid: 1,
    state: letter.charCodeAt(0),
    tty: 0,
    utime: 0,
    stime: 0,
    startTicks: 50_000,
    ...rest,
  };
}

function judge(before: readonly Look[], after: readonly Look[], seconds = 1) {
  const byPid = (looks: readonly Look[]) => new Map(looks.map((look) => [look.pid, look]));
  const times = [NOW - seconds * S, NOW] as const;
  return judgeLooks(byPid(before), byPid(after), times, INITIAL_LIMITS)
    .map(({ kind, pid, count }) => [kind, pid, count]);
}

test("zombies count for who does not wait, those that were there at both looks", () => {
  const zombies = (count: number) => {
    return Array.from({ length: count }, (_, i) => look(100 + i, { ppid: 7, letter: "Z" }));
  };
  assert.deepEqual(judge(zombies(10), zombies(12)), [["zombies", 7, 10]]);
  assert.deepEqual(judge(zombies(9), zombies(12)), []);
  const others = zombies(12).map((one) => ({ ...one, startTicks: 60_000 }));
  assert.deepEqual(judge(zombies(12), others), []);
});

test("a runaway has used a CPU all its life, does so now, and nobody waits for it", () => {
  const [age, used] = [50_000, 48_000];
  const busy = (given: Partial<Look>) => {
    return [look(5, { utime: used, ...given }), look(5, { utime: used + 95, ...given })] as const;
  };
  const tell = (given: Partial<Look>) => {
    const [before, after] = busy(given);
    return judge([before], [after]);
  };
  assert.equal(age, NOW / 1e7 - 50_000);
  assert.deepEqual(tell({}), [["runaway", 5, 1]]);
  assert.deepEqual(tell({ ppid: 4 }), []);
  assert.deepEqual(tell({ utime: 40_000 }), []);
  assert.deepEqual(judge([look(5, { utime: used })], [look(5, { utime: used + 50 })]), []);
});

test("stuck is who was in D, or stopped without a terminal, for as long as was looked", () => {
  const tell = (given: Parameters<typeof look>[1], seconds = 130) => {
    return judge([look(5, given)], [look(5, given)], seconds);
  };
  assert.deepEqual(tell({ letter: "D" }), [["stuck", 5, 1]]);
  assert.deepEqual(tell({ letter: "T" }), [["stuck", 5, 1]]);
  assert.deepEqual(tell({ letter: "T", tty: 34816 }), []);
  assert.deepEqual(tell({ letter: "D" }, 60), []);
  assert.deepEqual(tell({ letter: "S" }), []);
  const worked = [look(5, { letter: "D" })];
  assert.deepEqual(judge(worked, [look(5, { letter: "D", stime: 1 })], 130), []);
});

test("looks again and again are judged with one that is long enough ago", () => {
  const looks = new LivingLooks(INITIAL_LIMITS);
  const stuck = new Map([[5, look(5, { letter: "D" })]]);
  const told = [0, 60, 120, 180, 240].map((at) => {
    return looks.add(stuck, NOW + at * S).map(({ kind, since }) => [kind, (since - NOW) / S]);
  });
  // The third look is two minutes after the first; the fourth compares with the second.
  assert.deepEqual(told, [[], [], [["stuck", 0]], [["stuck", 60]], [["stuck", 120]]]);
  assert.deepEqual(looks.add(new Map(), NOW + 300 * S), []);
  assert.deepEqual(looks.add(stuck, NOW + 360 * S), [], "another process, or another wait");
});

test("who is busy or does not wait is told when the look before has seen it, too", () => {
  const looks = new LivingLooks(INITIAL_LIMITS);
  const zombies = Array.from({ length: 12 }, (_, i) => look(100 + i, { ppid: 7, letter: "Z" }));
  const at = (seconds: number, some: readonly Look[]) => {
    return looks.add(new Map(some.map((one) => [one.pid, one])), NOW + seconds * S)
      .map(({ kind, since }) => [kind, (since - NOW) / S]);
  };
  assert.deepEqual(at(0, []), []);
  const used = 51_000;
  assert.deepEqual(at(60, [...zombies, look(5, { utime: used })]), []);
  const busy = look(5, { utime: used + 5900 });
  assert.deepEqual(at(120, [...zombies, busy]), [["runaway", -500], ["zombies", 60]]);
});

test("only those are kept from look to look that may have trouble", () => {
  const may = (given: Parameters<typeof look>[1]) => mayBeTrouble(look(5, given), INITIAL_LIMITS);
  for (const letter of ["Z", "D", "T"]) assert.ok(may({ letter }), letter);
  assert.ok(may({ utime: 10_000, stime: 5000 }));
  assert.ok(!may({ utime: 10_000 }));
  assert.ok(!may({ letter: "R" }));
});

test("trouble of the living begins, goes on and is over", () => {
  const turns: string[] = [];
  const detector = new Detector({
    limits: INITIAL_LIMITS,
    onTurn: (turn, { kind, count }) => turns.push(`${kind} ${turn} ${count}`),
  });
  const process = new Process(7, 50 * S, 0, new RunningBoot("0a1b2c3d", EPOCH));
  const find = (pid: number) => pid === 7 ? process : null;
  const zombies = (count: number) => {
    return [{ kind: "zombies", pid: 7, count, since: NOW, cpu: 0 } as const];
  };
  const gone = { kind: "stuck", pid: 8, count: 1, since: NOW, cpu: 0 } as const;
  detector.look([...zombies(10), gone], NOW, find);
  detector.look(zombies(12), NOW + 60 * S, find);
  detector.look([], NOW + 120 * S, find);
  assert.deepEqual(turns, ["zombies begins 10", "zombies goes on 12", "zombies ends 12"]);
  const [found] = detector.found;
  assert.deepEqual([found!.since, found!.until], [NOW, NOW + 60 * S]);
  assert.equal(found!.facts.by, process);
});
