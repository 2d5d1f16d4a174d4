/** How the machine ends processes, whatever a scan has counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { clone, exec, exit, fork, gap, run, scan } from "../support/events.ts";

/** Ten milliseconds: a clock tick. */
const T = 10_000_000;
const SHELL = scan(100 * T, 101 * T, [
  { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
]);
const AT = 200 * T;

/** A scan that finds one process, beside init. */
function found(threads: number, state = "S"): SourceEvent[] {
  return scan(AT, AT + T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 60, ppid: 1, start: T, argv: ["x"], threads, state },
  ]);
}

/** What a machine that takes no count as proof tells, and what it leaves in doubt. */
function mistrusting(events: readonly SourceEvent[]): { changes: string[]; doubts: string[] } {
  const changes: string[] = [];
  const doubts: string[] = [];
  const machine = new Machine({
    onChange({ kind, process }) {
      if (process !== null && kind !== "snapshot") changes.push(`${kind} ${process.pid}`);
    },
  });
  machine.mistrustCounts(({ pid, status }, at) => doubts.push(`${pid} ${at - AT} ${status}`));
  for (const event of events) machine.step(event);
  return { changes, doubts };
}

test("step() ends a process whose leader had ended before the scan with its last thread", () => {
  const { changes, machine } = run([...found(2, "Z"), exit(AT + 2 * T, 60, 0x300, 61)]);
  assert.equal(changes.at(-1), "exit 60 code 3");
  assert.equal(machine.get(60)?.end, AT + 2 * T);
  assert.equal(run(found(2, "Z")).machine.get(60)?.state, "leaderless");
});

test("step() ends a process of which a repair found that its leader had ended unseen", () => {
  const events = [
    ...SHELL,
    fork(AT, 60, 50),
    clone(AT + 1, 60, 61, 50),
    clone(AT + 2, 60, 62, 50),
    gap(AT + 2 * T, 2),
    ...scan(AT + 3 * T, AT + 4 * T, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
      { pid: 60, ppid: 50, start: AT, argv: ["/bin/sh"], state: "Z", threads: 2 },
    ]),
  ];
  const last = exit(AT + 5 * T, 60, 0x300, 62);
  assert.equal(run(events).machine.get(60)?.state, "leaderless");
  assert.equal(run([...events, last]).changes.at(-1), "exit 60 code 3");
  assert.deepEqual(mistrusting([...events, last]).doubts, [`60 ${5 * T} 768`]);
});

test("step() leaves it in doubt whether a process ended whose threads a scan counted", () => {
  const both = [exit(AT + 2 * T, 60, 9), exit(AT + 2 * T + 5, 60, 9, 61)];
  assert.deepEqual(mistrusting([...found(2), ...both]), {
    changes: [],
    doubts: [`60 ${2 * T} 9`, `60 ${2 * T + 5} 9`],
  });
  assert.deepEqual(mistrusting([...found(3), ...both.toReversed()]), {
    changes: [],
    doubts: [`60 ${2 * T + 5} null`, `60 ${2 * T} 9`],
  });
  assert.deepEqual(mistrusting([...found(1), both[0]!]), { changes: ["exit 60"], doubts: [] });
  const execd = [...found(2), exec(AT + T + 1, 60, "/bin/true"), both[0]!];
  assert.deepEqual(mistrusting(execd), { changes: ["exec 60", "exit 60"], doubts: [] });
});

test("step() does not take the 0 of a thread that ended by itself for the status", () => {
  const threads = [fork(AT, 60, 50), clone(AT + 1, 60, 61, 50), clone(AT + 2, 60, 62, 50)];
  const killed = [exit(AT + 3, 60, 9), exit(AT + 4, 60, 9, 61), exit(AT + 5, 60, 0, 62)];
  assert.equal(run([...SHELL, ...threads, ...killed]).changes.at(-1), "exit 60 signal 9");
  const left = [exit(AT + 3, 60, 0), exit(AT + 4, 60, 0x300, 61), exit(AT + 5, 60, 0, 62)];
  assert.equal(run([...SHELL, ...threads, ...left]).changes.at(-1), "exit 60 code 3");
});

test("step() tells the exit of what was a zombie when the first scan came to it", () => {
  const { changes, machine } = run([...found(1, "Z"), exit(AT + 1, 60, 0x400)]);
  assert.equal(changes.at(-1), "exit 60 code 4");
  assert.equal(machine.get(60)?.end, AT + 1);
  assert.equal([...machine.processes()].length, 2);
});

test("step() leaves in doubt what the first scan shows alive though its exit came before", () => {
  const early = exit(AT - 1000, 60, 0x400);
  assert.deepEqual(mistrusting([early, ...found(1)]), { changes: [], doubts: ["60 -1000 1024"] });
  assert.deepEqual(mistrusting([early, ...found(1, "Z")]), { changes: [], doubts: [] });
  assert.deepEqual(mistrusting([exit(AT - 1000, 61, 0), ...found(1)]).changes, []);
});

test("step() knows threads of the kernel from the programs that it starts", () => {
  const { machine } = run([
    ...scan(100 * T, 101 * T, [
      { pid: 2, ppid: 0, start: 0, argv: ["kthreadd"], kernel: true },
      { pid: 7, ppid: 2, start: 0, argv: ["kworker/u4:1"], kernel: true },
      { pid: 50, ppid: 2, start: 99 * T, argv: ["/sbin/agent"] },
    ]),
    fork(AT, 60, 2),
    fork(AT, 70, 7),
    exec(AT + 1, 70, "/sbin/request-key"),
    fork(AT + 2, 71, 70),
    // A fork that is told after the process was found.
    fork(99 * T + 3, 50, 7),
  ]);
  const threads = [...machine.processes()].filter(({ kernel }) => kernel).map(({ pid }) => pid);
  assert.deepEqual(threads, [2, 7, 60]);
});

test("a rescan takes a program whose file was replaced for the same", () => {
  const again = scan(300 * T, 301 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"], exe: "/bin/sh (deleted)" },
  ]);
  const { changes } = run([...SHELL, ...again]);
  assert.deepEqual(changes, ["snapshot 1", "snapshot 50"]);
});
