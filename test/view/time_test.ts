import assert from "node:assert/strict";
import { test } from "node:test";
import { WallClock } from "../../src/view/time.ts";

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
  const clock = new WallClock();
  const date = new Date(1_700_000_000_000);
  const expected = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  assert.equal(clock.local({ seconds: 1_700_000_000, ns: 0 }, 7_999_999), `${expected}.007`);
});
