import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT, type SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { Users } from "../../src/proc/passwd.ts";
import { JsonLines } from "../../src/view/json.ts";
import { BOOT, exec, exit, fork, scan, simple } from "../support/events.ts";
import { random } from "../support/random.ts";

const T = 10_000_000;
const EPOCH = { seconds: 1_700_000_000, ns: 0 };

/** Each change by a writer that has seen all before it, and by one that has seen none. */
function twice(events: readonly SourceEvent[], passwd: () => string): [string, string][] {
  const newWriter = () =>
    new JsonLines({
      source: "connector",
      users: new Users(passwd, () => Infinity),
      env: false,
    });
  const old = newWriter();
  const pairs: [string, string][] = [];
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => pairs.push([old.line(change, EPOCH), newWriter().line(change, EPOCH)]),
  });
  for (const event of events) machine.step(event);
  return pairs;
}

function assertAlike(events: readonly SourceEvent[], why?: string): string[] {
  const pairs = twice(events, () => "root:x:0:0::/root:/bin/sh\n");
  for (const [repeated, first] of pairs) assert.equal(repeated, first, why);
  return pairs.map(([line]) => line);
}

const SHELLS = scan(T, 2 * T, [
  { pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] },
  { pid: 51, ppid: 1, start: T / 2, argv: ["/bin/bash"] },
]);

test("a repeated line has the numbers of its own process", () => {
  const lines = assertAlike([
    ...SHELLS,
    fork(100 * T + 1, 60, 50),
    exit(100 * T + 22, 60, 0),
    fork(101 * T + 333, 61, 50),
    exit(101 * T + 4444, 61, 0x300),
  ]).slice(2).map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ id, pid, time }) => [id, pid, time.slice(-19)]), [
    ["0a1b2c3d-60-100", 60, "22:13:21.000000001Z"],
    ["0a1b2c3d-60-100", 60, "22:13:21.000000022Z"],
    ["0a1b2c3d-61-101", 61, "22:13:21.010000333Z"],
    ["0a1b2c3d-61-101", 61, "22:13:21.010004444Z"],
  ]);
  assert.deepEqual([lines[1].exit_code, lines[3].exit_code], [0, 3]);
  assert.deepEqual([lines[1].duration_ns, lines[3].duration_ns], [21, 4111]);
});

test("a line is not repeated where anything beside its numbers differs", () => {
  assertAlike([
    ...SHELLS,
    fork(100 * T, 60, 50),
    fork(100 * T, 61, 51), // another parent and image
    fork(100 * T, 162, 50), // a longer pid
    fork(1000 * T, 63, 50), // a longer start, another second
    fork(1000 * T, 64, 999), // an unknown parent
    simple(EVENT.uid, 1001 * T, 50, 33, 33),
    fork(1002 * T, 65, 50), // another user, without a name
    exec(1003 * T, 50, "/bin/zsh"),
    fork(1004 * T, 66, 50), // another image of the same parent
    exit(1005 * T, 66, 9),
    fork(1005 * T, 66, 50), // the same pid again
    exit(1005 * T, 66, 9),
    fork(1005 * T + 1, 66, 50), // and again in one tick
    exit(1006 * T, 66, 9),
    exit(1006 * T, 70, 0), // never seen before
    ...scan(1007 * T, 1008 * T, []), // ends the others, inferred
  ]);
});

test("a user's name that becomes known is shown from then on", () => {
  let passwd = "";
  let asked = 0;
  const events = [...SHELLS, ...[60, 61, 62].map((pid) => fork((pid + 40) * T, pid, 50))];
  const pairs = twice(events, () => {
    if (++asked > 6) passwd = "root:x:0:0::/root:/bin/sh\n";
    return passwd;
  });
  assert.equal(JSON.parse(pairs.at(-1)![0]).user, "root");
});

test("random streams read the same from both writers", () => {
  const seed = 4;
  const next = random(seed);
  const events: SourceEvent[] = [...SHELLS];
  const alive = [50, 51];
  for (let i = 0, time = 90 * T; i < 3000; i++) {
    time += Math.floor(next() * next() * 3e6) + (next() < 0.01 ? 1e9 : 0);
    const pid = alive[Math.floor(next() * alive.length)]!;
    if (next() < 0.45 || alive.length < 3) {
      const child = 60 + Math.floor(next() * 300);
      if (alive.includes(child)) continue;
      alive.push(child);
      events.push(fork(time, child, pid));
    } else if (next() < 0.7 && pid > 51) {
      alive.splice(alive.indexOf(pid), 1);
      events.push(exit(time, pid, next() < 0.8 ? 0 : 0x100));
    } else {
      events.push(exec(time, pid, "/bin/" + "abc"[Math.floor(next() * 3)]));
    }
  }
  assertAlike(events, `seed ${seed}`);
});
