import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT, GAP_REASON, type SourceEvent, UNKNOWN } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { Users } from "../../src/proc/passwd.ts";
import { JsonLines } from "../../src/view/json.ts";
import { BOOT, clone, exec, exit, fork, gap, scan, simple } from "../support/events.ts";

const T = 10_000_000;
const EPOCH = { seconds: 1_700_000_000, ns: 999_999_999 };
const USERS = new Users(() => "root:x:0:0::/root:/bin/sh\n", () => 0);

function linesOf(events: readonly SourceEvent[], env = false): Record<string, unknown>[] {
  const lines = new JsonLines({ source: "connector", users: USERS, env });
  const told: string[] = [];
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => told.push(lines.line(change, EPOCH)),
  });
  for (const event of events) machine.step(event);
  return told.map((line) => {
    assert.ok(line.endsWith("}\n") && line.indexOf("\n") === line.length - 1, "one line");
    return JSON.parse(line);
  });
}

const SHELL = scan(T, 2 * T, [{ pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] }]);

test("line() gives a fork every field of the contract, inherited ones included", () => {
  const [, forked] = linesOf([...SHELL, fork(3 * T + 1, 60, 50)]);
  assert.deepEqual(forked, {
    event: "fork",
    time: "2023-11-14T22:13:21.030000000Z",
    source: "connector",
    id: "0a1b2c3d-60-3",
    pid: 60,
    ppid: 50,
    parent: "0a1b2c3d-50-0",
    uid: 0,
    user: "root",
    comm: "sh",
    exe: "/bin/sh",
    argv: ["/bin/sh"],
    cwd: "/",
    cgroup: "/test.slice/a.service",
    unit: "a.service",
    container: null,
  });
});

test("line() tells exits by code, signal, core and life time", () => {
  const [, , first, , second] = linesOf([
    ...SHELL,
    fork(3 * T, 60, 50),
    exit(3 * T + 77, 60, 0x2a00),
    fork(4 * T, 61, 50),
    exit(4 * T + 5, 61, 0x8b),
  ]);
  const of = ({ exit_code, signal, core, duration_ns }: Record<string, unknown>) => [
    exit_code,
    signal,
    core,
    duration_ns,
  ];
  assert.deepEqual(of(first!), [42, null, false, 77]);
  assert.deepEqual(of(second!), [null, "SIGSEGV", true, 5]);
});

test("line() has null for what is not known", () => {
  const [line] = linesOf([exit(3 * T, 60, UNKNOWN)]);
  const { ppid, parent, uid, user, argv, exit_code, signal, duration_ns } = line!;
  assert.deepEqual(
    [ppid, parent, uid, user, argv, exit_code, signal, duration_ns],
    [null, null, null, null, null, null, null, null],
  );
});

test("line() tells from when to when something is missing", () => {
  const [first] = linesOf([gap(5 * T, 3, 2 * T)]);
  const [since, time] = [first!["since"], first!["time"]].map((text) => Date.parse(String(text)));
  assert.equal(time! - since!, 3 * T / 1e6);
});

test("line() tells gaps with count and reason", () => {
  const slow = simple(EVENT.gap, T, 0, 4, GAP_REASON.reader);
  const [first, second] = linesOf([gap(T, 3), slow]);
  assert.deepEqual([first!["lost"], first!["reason"]], [3, "overflow"]);
  assert.deepEqual([second!["lost"], second!["reason"]], [4, "slow reader"]);
});

test("line() marks what was inferred, and only that", () => {
  const again = scan(9 * T, 10 * T, [
    { pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] },
    { pid: 70, ppid: 50, start: 5 * T, argv: ["/bin/sh"] },
  ]);
  const [snapshot, inferred] = linesOf([...SHELL, ...again]);
  assert.equal("inferred" in snapshot!, false);
  assert.equal(inferred!["inferred"], true);
});

test("line() keeps hostile bytes inside their JSON strings", () => {
  const event = exec(3 * T, 50, "x");
  const bytes = (text: string) => new TextEncoder().encode(text);
  event.text = encodeImage({
    argv: Uint8Array.of(...bytes('a"b\\\n\x1b[31m\u2028'), 0xff, 0, 0),
    exe: bytes("/a\nb (deleted)"),
    cwd: null,
    cgroup: null,
    comm: bytes("a) R\n"),
    env: null,
  });
  const line = linesOf([...SHELL, event])[1]!;
  assert.deepEqual(line["argv"], ['a"b\\\n\x1b[31m\u2028\ufffd', ""]);
  assert.deepEqual([line["exe"], line["comm"], line["cwd"]], ["/a\nb (deleted)", "a) R\n", null]);
});

test("line() gives other events their own fields", () => {
  const [, uid, gid, traced] = linesOf([
    ...SHELL,
    simple(EVENT.uid, 3 * T, 50, 65534, 0),
    simple(EVENT.gid, 4 * T, 50, 1, -1),
    simple(EVENT.ptrace, 5 * T, 50, 99),
  ]);
  assert.deepEqual([uid!["uid"], uid!["user"], uid!["euid"]], [65534, null, 0]);
  assert.deepEqual([gid!["gid"], gid!["egid"]], [1, 4294967295]);
  assert.equal(traced!["tracer"], 99);
});

test("line() shows asked-for variables, null when they could not be read", () => {
  const event = exec(3 * T, 50, "x");
  const bytes = (text: string) => new TextEncoder().encode(text);
  const [argv, none] = [bytes("x\0"), null];
  event.text = encodeImage({
    argv,
    exe: none,
    cwd: none,
    cgroup: none,
    comm: none,
    env: bytes("A=b=c\0B=\0"),
  });
  const lines = linesOf([...SHELL, event, exec(4 * T, 50, "y")], true);
  assert.deepEqual(lines[1]!["env"], { A: "b=c", B: "" });
  assert.equal(lines[2]!["env"], null);
  assert.equal("env" in linesOf([...SHELL])[0]!, false);
});

test("line() says nothing of threads", () => {
  assert.equal(linesOf([...SHELL, clone(3 * T, 50, 51, 1)]).length, 1);
});

test("source() names source and reason", () => {
  const lines = new JsonLines({ source: "poll", users: USERS, env: false });
  assert.deepEqual(JSON.parse(lines.source('be"cause', EPOCH, 2)), {
    event: "source",
    time: "2023-11-14T22:13:21.000000001Z",
    source: "poll",
    why: 'be"cause',
  });
});

test("line() has the name of a user once it is known, and the new one of a number", () => {
  let name: string | null = null;
  const users = { name: () => name } as unknown as Users;
  const lines = new JsonLines({ source: "connector", users, env: false });
  const told: string[] = [];
  const machine = new Machine({
    boot: BOOT,
    onChange: (change) => told.push(lines.line(change, EPOCH)),
  });
  for (const event of SHELL) machine.step(event);
  for (const [at, now] of [null, "ann", "ann", "bob"].entries()) {
    name = now;
    // A line of the same second repeats the last one.
    machine.step(fork((100 * at + 300) * T, 60 + at, 50));
  }
  const found = told.slice(1).map((line) => JSON.parse(line).user);
  assert.deepEqual(found, [null, "ann", "ann", "bob"]);
});
