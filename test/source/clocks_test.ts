import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOCK } from "../../ffi/linux.ts";
import { Machine } from "../../src/model/machine.ts";
import { Clocks } from "../../src/source/clocks.ts";
import { Users } from "../../src/proc/passwd.ts";
import { JsonLines } from "../../src/view/json.ts";
import { BOOT, exec, exit, fork } from "../support/events.ts";
import { fakeLibc } from "../support/fake_libc.ts";

const S = 1_000_000_000;

/** Clocks that stand where they are put; nanoseconds, the wall clock's since the epoch in two. */
function clocksAt(
  state: { boot: number; suspended: number; wall: [number, number] },
  offsetNs = 0,
): Clocks {
  const libc = fakeLibc({
    clockGettime: (clock) => state.boot - (clock === CLOCK.BOOTTIME ? 0 : state.suspended),
    clockRealtime: () => ({ seconds: state.wall[0], ns: state.wall[1] }),
  });
  return new Clocks(libc, offsetNs);
}

test("sample() follows a wall clock that is set, and leaves the time since boot alone", () => {
  const state = { boot: 100 * S, suspended: 0, wall: [1_700_000_100, 500] as [number, number] };
  const clocks = clocksAt(state);
  assert.deepEqual(clocks.epoch, { seconds: 1_700_000_000, ns: 500 });
  for (const jump of [3600, -7200]) {
    state.boot += S;
    state.wall[0] += 1 + jump;
    assert.equal(clocks.sample(), state.boot);
    assert.deepEqual(clocks.epoch, { seconds: state.wall[0] - state.boot / S, ns: 500 });
  }
});

test("sample() takes the slewing of NTP for no step, and a time before the epoch as it is", () => {
  const state = { boot: 100 * S, suspended: 0, wall: [1_700_000_100, 500] as [number, number] };
  const clocks = clocksAt(state);
  state.boot += S;
  state.wall = [1_700_000_101, 900_000];
  clocks.sample();
  assert.deepEqual(clocks.epoch, { seconds: 1_700_000_000, ns: 500 });
  state.wall = [50, 0];
  clocks.sample();
  assert.deepEqual(clocks.epoch, { seconds: -51, ns: 0 });
});

test("sample() adds the time spent in suspend to the connector's time stamps", () => {
  const state = { boot: 100 * S, suspended: 0, wall: [1_700_000_100, 0] as [number, number] };
  const clocks = clocksAt(state);
  assert.equal(clocks.suspendedNs, 0);
  state.boot += 3600 * S;
  state.suspended = 3000 * S;
  clocks.sample();
  assert.equal(clocks.suspendedNs, 3000 * S);
});

test("what a time namespace adds to the clocks is not in the connector's time stamps", () => {
  const state = { boot: 100 * S, suspended: 90 * S, wall: [1_700_000_100, 0] as [number, number] };
  assert.equal(clocksAt(state, 4 * S).suspendedNs, 94 * S);
  state.suspended = -20 * S;
  assert.equal(clocksAt(state, 4 * S).suspendedNs, -16 * S);
});

test("a clock that is set moves the times shown from then on, never order or duration", () => {
  const lines = new JsonLines({
    source: "connector",
    users: new Users(() => null, () => 0),
    env: false,
  });
  let epoch = { seconds: 1_700_000_000, ns: 0 };
  const told: Record<string, unknown>[] = [];
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => told.push(JSON.parse(lines.line(change, epoch))),
  });
  machine.step(fork(S, 60, 50));
  epoch = { seconds: 1_600_000_000, ns: 0 };
  machine.step(exec(2 * S, 60, "/bin/true"));
  epoch = { seconds: 1_800_000_000, ns: 0 };
  machine.step(exit(3 * S, 60, 0));
  assert.deepEqual(told.map(({ event, time }) => [event, time]), [
    ["fork", "2023-11-14T22:13:21.000000000Z"],
    ["exec", "2020-09-13T12:26:42.000000000Z"],
    ["exit", "2027-01-15T08:00:03.000000000Z"],
  ]);
  assert.equal(told[2]!["duration_ns"], 2 * S);
});
