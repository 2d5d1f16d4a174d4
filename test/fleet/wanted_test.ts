/** Stretches of time of hosts, by the clocks that their boots began with. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sinceBootOf, stretchesOf } from "../../src/fleet/wanted.ts";
import type { BootSpan } from "../../src/model/bounds.ts";
import { PAST_EPOCH } from "../support/past.ts";

const boot = { boot: 1, host: 1, hostName: "a", epochTick: PAST_EPOCH.seconds * 100 };
const TIMES = Array.from({ length: 2000 }, (_, ns) => 5e9 + ns);

test("a stretch is taken with all of the microseconds in which it begins and ends", () => {
  for (const ns of TIMES) {
    const span = { boot: { id: 1 }, since: ns, until: ns } as BootSpan;
    const [stretch] = stretchesOf([span], new Map([[1, boot]]));
    const { since, until } = stretch!;
    const [from, to] = [sinceBootOf(since, boot), sinceBootOf(until, boot)];
    assert.ok(from <= ns && ns - from < 1000, `${ns} from ${from}`);
    assert.ok(to >= ns && to - ns < 1000, `${ns} to ${to}`);
  }
});
