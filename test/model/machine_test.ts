import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT } from "../../src/model/event.ts";
import { createRedact } from "../../src/redact/redact.ts";
import {
  clone,
  drawn,
  exec,
  exit,
  exitOfAll,
  fork,
  gap,
  run,
  scan,
  simple,
} from "../support/events.ts";

/** Ten milliseconds: a clock tick. */
const T = 10_000_000;
const SHELL = scan(100 * T, 101 * T, [
  { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
]);
const AT = 200 * T;

test("step() reports a fork, its exec and its exit, once each", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    exec(AT + 1, 60, "/bin/true"),
    exit(AT + 5, 60, 0x300),
  ]);
  assert.deepEqual(changes, [
    "snapshot 1",
    "snapshot 50",
    "fork 60 by 50",
    "exec 60 /bin/true",
    "exit 60 code 3",
  ]);
  assert.equal(machine.get(60)?.durationNs, 5);
  assert.equal(
    drawn(machine),
    "1 running init\n  50 running sh\n    60 exited true",
  );
});

test("step() lets a fork inherit image and uid without being told", () => {
  const { machine } = run([...SHELL, fork(AT, 60, 50)]);
  assert.deepEqual(machine.get(60)?.image.argv, ["/bin/sh"]);
  assert.equal(machine.get(60)?.uid, 0);
});

test("step() counts threads and ends a process with its last one", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    clone(AT + 1, 60, 61, 50),
    clone(AT + 2, 60, 62, 50),
    exit(AT + 3, 60, 0, 61),
    exit(AT + 4, 60, 0x700, 62),
    exit(AT + 5, 60, 0x700),
  ]);
  assert.deepEqual(changes.slice(2), ["fork 60 by 50", "exit 60 code 7"]);
  assert.equal(machine.get(60)?.end, AT + 5);
});

test("step() keeps a process alive whose leader exits first", () => {
  const events = [
    ...SHELL,
    fork(AT, 60, 50),
    clone(AT + 1, 60, 61, 50),
    exit(AT + 2, 60, 0),
  ];
  const before = run(events);
  assert.equal(before.machine.get(60)?.state, "leaderless");
  const after = run([...events, exit(AT + 9, 60, 0x300, 61)]);
  assert.equal(after.machine.get(60)?.state, "exited");
  assert.equal(after.changes.at(-1), "exit 60 code 3");
});

test("step() takes an exec by a thread, an exit of the leader first, as the same process", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    clone(AT + 1, 60, 61, 50),
    exit(AT + 2, 60, 0),
    exec(AT + 3, 60, "/bin/true"),
    exit(AT + 9, 60, 0),
  ]);
  assert.deepEqual(changes.slice(2), ["fork 60 by 50", "exec 60 /bin/true", "exit 60 code 0"]);
  assert.equal(machine.get(60)?.state, "exited");
});

test("step() revives a process that execs after its exit was told", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    exit(AT + 2, 60, 0),
    exec(AT + 3, 60, "/bin/true"),
  ]);
  assert.equal(changes.at(-1), "exec 60 /bin/true");
  assert.equal(machine.get(60)?.alive, true);
  assert.equal(machine.get(60)?.end, null);
});

test("step() believes the parent that a CLONE_PARENT fork names", () => {
  const { machine } = run([...SHELL, fork(AT, 60, 50), fork(AT + 1, 61, 50)]);
  assert.equal(machine.get(61)?.parent?.pid, 50);
});

test("step() keeps the first parent of an orphan and notes the reaper", () => {
  const { machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    fork(AT + 1, 61, 60),
    exit(AT + 2, 60, 0, 60, 50),
    exit(AT + 9, 61, 0, 61, 1),
  ]);
  assert.equal(
    drawn(machine),
    "1 running init\n  50 running sh\n    60 exited sh\n      61 exited sh reaper 1",
  );
});

test("step() reports an exit that comes before its fork, and the fork after it", () => {
  const { changes, machine } = run([
    ...SHELL,
    exit(AT + 5, 60, 0, 60, 50),
    fork(AT, 60, 50),
  ]);
  assert.deepEqual(changes.slice(2), ["exit 60 code 0", "fork 60 by 50"]);
  assert.equal(machine.get(60)?.state, "exited");
  assert.equal(machine.get(60)?.durationNs, 5);
});

test("step() takes a later fork of an exit without a fork as another process", () => {
  const { changes, machine } = run([...SHELL, exit(AT, 60, 0), fork(AT + 5, 60, 50)]);
  assert.deepEqual(changes.slice(2), ["exit 60 code ?".replace("?", "0"), "fork 60 by 50"]);
  assert.equal(machine.get(60)?.alive, true);
});

test("step() ends the old process when its pid is forked again without an exit", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    fork(AT + 1, 61, 60),
    fork(AT + 50 * T, 60, 1),
  ]);
  assert.deepEqual(changes.slice(2), [
    "fork 60 by 50",
    "fork 61 by 60",
    "exit* 60 code ?",
    "fork 60 by 1",
  ]);
  assert.notEqual(machine.get(61)?.parent, machine.get(60));
  assert.equal(machine.get(61)?.parent?.state, "exited");
});

test("step() tells apart two lives of a pid in one clock tick", () => {
  const { machine } = run([...SHELL, fork(AT, 60, 50), exit(AT + 1, 60, 0), fork(AT + 2, 60, 50)]);
  const second = machine.get(60)!;
  assert.equal(second.nth, 1);
  assert.equal(second.id, `0a1b2c3d-60-${AT / T}.2`);
});

test("step() reports a core dump before the exit", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    simple(EVENT.coredump, AT + 1, 60),
    exit(AT + 2, 60, 0x86),
  ]);
  assert.deepEqual(changes.slice(3), ["coredump 60", "exit 60 signal 6"]);
  assert.equal(machine.get(60)?.dumped, true);
});

test("step() ignores renames of threads that do not lead", () => {
  const renamed = simple(EVENT.comm, AT + 1, 60);
  renamed.tid = 61;
  renamed.text = new TextEncoder().encode("worker");
  const { changes } = run([...SHELL, fork(AT, 60, 50), renamed]);
  assert.deepEqual(changes.slice(3), []);
});

test("step() changes name and uid of the process alone, not of what it was forked from", () => {
  const renamed = simple(EVENT.comm, AT + 1, 60);
  renamed.text = new TextEncoder().encode("other");
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    renamed,
    simple(EVENT.uid, AT + 2, 60, 1000, 0),
  ]);
  assert.deepEqual(changes.slice(3), ["comm 60", "uid 60"]);
  assert.equal(machine.get(60)?.image.comm, "other");
  assert.equal(machine.get(50)?.image.comm, "sh");
  assert.deepEqual([machine.get(60)?.uid, machine.get(50)?.uid], [1000, 0]);
});

test("step() brings a process to light that does something unheard of", () => {
  const { changes, machine } = run([exec(AT, 60, "/bin/true")]);
  assert.deepEqual(changes, ["exec 60 /bin/true"]);
  const process = machine.get(60)!;
  assert.deepEqual([process.start, process.ppid, process.durationNs], [null, null, null]);
  assert.equal(process.id, `0a1b2c3d-60-~${AT / T}`);
});

test("step() repairs the state after a loss, and marks what it adds as inferred", () => {
  const { changes, machine } = run([
    ...SHELL,
    fork(AT, 60, 50),
    fork(AT + 1, 61, 50),
    gap(AT + 2 * T, 7),
    ...scan(AT + 3 * T, AT + 4 * T, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
      { pid: 61, ppid: 1, start: AT + 1, argv: ["/bin/sleep", "9"] },
      { pid: 70, ppid: 50, start: AT + T, argv: ["/bin/cat"] },
    ]),
  ]);
  assert.deepEqual(changes.slice(4), [
    "gap 7",
    "exec* 61 /bin/sleep 9",
    "fork* 70 by 50",
    "exec* 70 /bin/cat",
    "exit* 60 code ?",
  ]);
  assert.equal(machine.get(61)?.parent?.pid, 50, "the first parent is kept");
  assert.equal(machine.get(61)?.reaper, 1);
});

test("step() does not end in a rescan what was forked or seen to end while it ran", () => {
  const begin = AT + 3 * T;
  const [first, ...rest] = scan(begin, begin + 5 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
  ]);
  const end = rest.pop()!;
  const { changes } = run([
    ...SHELL,
    fork(AT, 60, 50),
    first!,
    ...rest,
    exit(begin + T, 60, 0),
    fork(begin + 2 * T, 80, 50),
    end,
  ]);
  assert.deepEqual(changes.slice(3), ["exit 60 code 0", "fork 80 by 50"]);
});

test("step() does not tell the fork of a process again that a rescan inferred", () => {
  const { changes } = run([
    ...SHELL,
    ...scan(AT, AT + T, [
      { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
      { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
      { pid: 60, ppid: 50, start: AT - 1, argv: ["/bin/sh"] },
    ]),
    fork(AT + 1000, 60, 50),
  ]);
  assert.deepEqual(changes.slice(2), ["fork* 60 by 50"]);
});

test("step() tells the fork of a process that the first look found half a tick after it", () => {
  const first = scan(AT, AT + T, [
    { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
    { pid: 60, ppid: 50, start: AT - 1, argv: ["/bin/sh"] },
  ]);
  const { changes } = run([...first, fork(AT + 1000, 60, 50)]);
  assert.deepEqual(changes, ["snapshot 50", "snapshot 60", "fork 60 by 50"]);
});

test("step() takes a zombie of the first look as ended, without news", () => {
  const { changes, machine } = run(scan(AT, AT + T, [
    { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
    { pid: 60, ppid: 50, start: 20 * T, argv: ["x"], state: "Z" },
  ]));
  assert.deepEqual(changes, ["snapshot 50", "snapshot 60"]);
  assert.equal(machine.get(60)?.state, "exited");
});

test("step() links a child that is listed before its parent", () => {
  const { machine } = run(scan(AT, AT + T, [
    { pid: 60, ppid: 500, start: 20 * T, argv: ["/bin/cat"] },
    { pid: 500, ppid: 1, start: 20 * T, argv: ["/bin/sh"] },
  ]));
  assert.equal(machine.get(60)?.parent?.pid, 500);
});

test("step() ends a leaderless process that turns out to be gone, with its leader's status", () => {
  const { changes } = run([
    ...SHELL,
    fork(AT, 60, 50),
    clone(AT + 1, 60, 61, 50),
    exit(AT + 2, 60, 0x500),
    simple(EVENT.absent, AT + 9, 60),
  ]);
  assert.equal(changes.at(-1), "exit* 60 code 5");
});

test("step() does not count thread events that a rescan has seen already", () => {
  const { machine } = run([
    ...scan(AT, AT + T, [{ pid: 60, ppid: 1, start: T, argv: ["x"], threads: 3 }]),
    clone(AT + T / 2, 60, 61, 1),
    exit(AT + T / 2 + 1, 60, 0, 61),
  ]);
  assert.equal(machine.get(60)?.threads, 3);
});

test("step() believes an exit of the whole process whatever the threads", () => {
  const { changes } = run([
    ...scan(AT, AT + T, [{ pid: 60, ppid: 1, start: T, argv: ["x"], threads: 9 }]),
    exitOfAll(AT + 2 * T, 60, 9),
  ]);
  assert.equal(changes.at(-1), "exit 60 signal 9");
});

test("step() passes gaps on and ignores what it does not know", () => {
  const { changes } = run([gap(AT, 3), simple(EVENT.other, AT, 60, 0x1000)]);
  assert.deepEqual(changes, ["gap 3"]);
});

test("step() keeps no secret of a command line, however it learns of it", () => {
  const secret = ["mysql", "-phunter2"];
  const redact = createRedact();
  const found = scan(100 * T, 101 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: secret },
  ]);
  const later = scan(300 * T, 301 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: ["env", "TOKEN=hunter2"] },
    { pid: 70, ppid: 1, start: 210 * T, argv: secret },
  ]);
  const events = [...found, fork(AT, 60, 50), exec(AT + 1, 60, ...secret, "shop"), ...later];
  const { changes, machine } = run(events, { redact });
  assert.deepEqual(changes, [
    "snapshot 1",
    "snapshot 50",
    "fork 60 by 50",
    "exec 60 mysql -p*** shop",
    "exec* 50 env TOKEN=***",
    "fork* 70 by 1",
    "exec* 70 mysql -p***",
    "exit* 60 code ?",
  ]);
  for (const { image } of machine.processes()) {
    assert.doesNotMatch(image.argv!.join(" "), /hunter2/);
  }
  assert.match(run(events).changes.join(), /hunter2/);
});

test("step() keeps of a title the words alone, and of an exec all that it gave", () => {
  const worker = ["nginx: worker process", "", ""];
  const found = scan(100 * T, 101 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: worker },
  ]);
  const later = scan(300 * T, 301 * T, [
    { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
    { pid: 50, ppid: 1, start: 10 * T, argv: worker },
    { pid: 60, ppid: 50, start: AT, argv: ["my program", "", ""] },
    { pid: 70, ppid: 1, start: 210 * T, argv: worker },
  ]);
  const events = [...found, fork(AT, 60, 50), exec(AT + 1, 60, "my program", "", ""), ...later];
  const { changes, machine } = run(events);
  assert.deepEqual(changes.slice(2), [
    "fork 60 by 50",
    "exec 60 my program  ",
    "fork* 70 by 1",
    "exec* 70 nginx: worker process",
  ]);
  assert.deepEqual(machine.get(50)!.image.argv, ["nginx: worker process"]);
  assert.deepEqual(machine.get(60)!.image.argv, ["my program", "", ""]);
});
