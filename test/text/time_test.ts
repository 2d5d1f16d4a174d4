import assert from "node:assert/strict";
import { test } from "node:test";
import { WallClock } from "../../src/text/time.ts";

test("utc() carries nanoseconds of the epoch into the next second", () => {
  const clock = new WallClock();
  const epoch = { seconds: 1_767_225_599, ns: 600_000_000 };
  assert.equal(clock.utc(epoch, 399_999_999), "2025-12-31T23:59:59.999999999Z");
  assert.equal(clock.utc(epoch, 400_000_000), "2026-01-01T00:00:00.000000000Z");
  assert.equal(clock.utc(epoch, 399_999_999), "2025-12-31T23:59:59.999999999Z");
});

test("utc() follows a clock that is set back", () => {
  const clock = new WallClock();
  assert.equal(clock.utc({ seconds: 100, ns: 0 }, 5e9), "1970-01-01T00:01:45.000000000Z");
  assert.equal(clock.utc({ seconds: 50, ns: 0 }, 6e9), "1970-01-01T00:00:56.000000000Z");
});

test("local() is the time of day with milliseconds", () => {
  const clock = new WallClock(() => 5.5 * 3_600_000);
  const epoch = { seconds: Date.UTC(2026, 0, 5, 20, 1, 2) / 1000, ns: 0 };
  assert.equal(clock.localSecond(epoch, 7_999_999, false), "01:31:02");
  assert.equal(clock.fraction, 7_999_999);
  assert.equal(clock.localSecond(epoch, 7_999_999, true), "01-06 01:31:02");
});
