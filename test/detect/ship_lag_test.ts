/** A lag that grows is trouble; one that shrinks, or is small, is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings } from "../../src/detect/findings.ts";
import { type ShipLag, ShipLags } from "../../src/detect/ship_lag.ts";
import { INITIAL_LIMITS } from "../../src/detect/thresholds.ts";
import type { Process } from "../../src/model/process.ts";

const MINUTE = 60e9;
const keeper = { pid: 7, uid: 0 } as unknown as Process;

function told(...looks: readonly (readonly ShipLag[])[]): string[] {
  const turns: string[] = [];
  const findings = new Findings((turn, { kind, facts, count, since, until }) => {
    const span = Math.round((until - since) / MINUTE);
    turns.push(`${turn} ${kind} ${count} ${span}m ${facts.reason}`);
  });
  const lags = new ShipLags(INITIAL_LIMITS, findings);
  looks.forEach((look, at) => lags.look(look, (100 + at) * MINUTE, keeper));
  return turns;
}

const lag = (minutes: number, trouble: string | null = null, to = "db"): ShipLag => {
  return { to, lagMs: minutes * 60_000, waiting: minutes * 10, trouble };
};

test("a lag that grows beyond the threshold is told until it shrinks", () => {
  assert.deepEqual(told([lag(9)], [lag(10, "away")], [lag(11, "away")], [lag(10.5)], [lag(0)]), [
    "begins ship-lag 100 10m db: away",
    "goes on ship-lag 110 11m db: away",
    "ends ship-lag 110 11m db: away",
  ]);
});

test("who catches up, and who is a little behind, is no trouble", () => {
  assert.deepEqual(told([lag(600)], [lag(500)], [lag(300)], [lag(1)]), []);
  assert.deepEqual(told([lag(1)], [lag(2)], [lag(9.9)]), []);
});

test("each place is told by itself, and is over when nobody ships there any more", () => {
  const a = (minutes: number) => lag(minutes, null, "a");
  assert.deepEqual(told([lag(20), a(1)], [lag(21), a(2)], [a(3)]), [
    "begins ship-lag 210 21m db",
    "ends ship-lag 210 21m db",
  ]);
});

test("a reason is cut, whatever a server says", () => {
  const [turn] = told([lag(20)], [lag(21, "x".repeat(10_000))]);
  assert.ok(turn!.length < 400);
});
