import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningBoot } from "../../src/model/boot.ts";
import { type Sighting, takeSnapshot } from "../../src/model/snapshot.ts";
import { createRedact } from "../../src/redact/redact.ts";

const encoder = new TextEncoder();

function sighting(parts: Partial<Sighting>): Sighting {
  return {
    pid: 100,
    ppid: 1,
    startTicks: 4711,
    state: "S".charCodeAt(0),
    threads: 1,
    exitCode: 0,
    uid: 0,
    comm: encoder.encode("sleep"),
    argv: encoder.encode("sleep\x00100\0"),
    ...parts,
  };
}

const one = (parts: Partial<Sighting>) => takeSnapshot([sighting(parts)])[0]!;
const Z = "Z".charCodeAt(0);

test("takeSnapshot() links parents that were seen too, whatever the order", () => {
  const [child, parent] = takeSnapshot(
    [sighting({ ppid: 50 }), sighting({ pid: 50, ppid: 7 })],
    undefined,
    new RunningBoot("7c0a51fe"),
  );
  assert.equal(child!.parent, parent);
  assert.equal(parent!.parent, null);
  assert.equal(parent!.ppid, 7);
  assert.equal(child!.id, "7c0a51fe-100-4711");
  assert.deepEqual(child!.image.argv, ["sleep", "100"]);
});

test("takeSnapshot() does not make a process its own parent", () => {
  assert.equal(one({ ppid: 100 }).parent, null);
});

test("takeSnapshot() knows by its session whom another has forked than its parent", () => {
  const adopted = (session: number, ofParent: number) => {
    const seen = [sighting({ ppid: 50, session }), sighting({ pid: 50, session: ofParent })];
    return takeSnapshot(seen)[0]!.adopted;
  };
  assert.ok(adopted(70, 50));
  assert.ok(!adopted(50, 50));
  assert.ok(!adopted(100, 50));
  // Of another pid namespace nothing is known.
  assert.ok(!adopted(0, 50));
  assert.ok(adopted(70, 0));
  assert.ok(!one({ session: 70 }).adopted);
});

test("takeSnapshot() takes a zombie for ended, with its status where it is told", () => {
  const zombie = one({ state: Z, exitCode: 0x200, argv: null });
  assert.deepEqual([zombie.state, zombie.status, zombie.end], ["exited", 0x200, null]);
  assert.equal(zombie.image.argv, null);
});

test("takeSnapshot() does not take 0 for the status of a zombie: others may not see it", () => {
  assert.equal(one({ state: Z, exitCode: 0 }).status, null);
  assert.equal(one({ state: Z, exitCode: null }).status, null);
});

test("takeSnapshot() takes a zombie leader with living threads for alive", () => {
  const leader = one({ state: Z, threads: 3 });
  assert.deepEqual([leader.state, leader.alive], ["leaderless", true]);
});

test("takeSnapshot() gives a kernel thread no argv", () => {
  assert.equal(one({ argv: new Uint8Array() }).image.argv, null);
});

test("takeSnapshot() hides secrets where it is told to", () => {
  const seen = [sighting({ argv: encoder.encode("app\0--token\0hunter2\0") })];
  assert.deepEqual(takeSnapshot(seen, createRedact())[0]!.image.argv, ["app", "--token", "***"]);
  assert.deepEqual(takeSnapshot(seen)[0]!.image.argv, ["app", "--token", "hunter2"]);
});
