import assert from "node:assert/strict";
import { test } from "node:test";
import { FILTER_OPTIONS } from "../../src/cli/filter_options.ts";
import { createFilter, type FilterOptions } from "../../src/ask/filter.ts";
import { parseGlob, parseNameGlob } from "../../src/ask/text/values.ts";
import { UsageError } from "../../src/fault.ts";
import { EVENT, type SourceEvent } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { exec, exit, fork, gap, scan, simple } from "../support/events.ts";

const T = 10_000_000;
const USERS = { uid: (name: string) => ({ root: 0, nobody: 65534, "1000": 1000 })[name] ?? null };
const HOST = scan(100 * T, 101 * T, [
  { pid: 1, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: 50, ppid: 1, start: 10 * T, argv: ["/bin/sh"] },
]);
const AT = 200 * T;

/** The changes a filter lets pass: kind and pid. */
function pass(
  options: FilterOptions,
  events: readonly SourceEvent[],
  snapshots = false,
  ownQuestions = true,
): string[] {
  const filter = createFilter(options, USERS, undefined, ownQuestions);
  const passed: string[] = [];
  const machine = new Machine({
    onChange(change) {
      if (!filter.matches(change)) return;
      if (change.kind === "snapshot" && !snapshots) return;
      passed.push(`${change.kind} ${change.process?.pid ?? ""}`.trimEnd());
    },
  });
  for (const event of events) machine.step(event);
  return passed;
}

/** An exec of an image with that cgroup file. */
function execIn(time: number, pid: number, cgroup: string | null): SourceEvent {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const event = exec(time, pid, "/bin/true");
  event.text = encodeImage({
    argv: bytes("true\0"),
    exe: null,
    cwd: null,
    cgroup: cgroup === null ? null : bytes(cgroup),
    comm: bytes("true"),
    env: null,
  });
  return event;
}

test("createFilter() leaves out who asks for it, where it is to", () => {
  const question = exec(AT + 1, 60, "/usr/bin/fh", "log", "-m", "curl");
  const events = [...HOST, fork(AT, 60, 50), question, exit(AT + 2, 60, 0)];
  assert.deepEqual(pass({ match: [/curl/] }, events), ["exec 60", "exit 60"]);
  assert.deepEqual(pass({ match: [/curl/] }, events, false, false), []);
  assert.deepEqual(pass({ match: [/fh log/] }, events, false, false), ["exec 60", "exit 60"]);
});

const LIFE = [
  fork(AT, 60, 50),
  exec(AT + 1, 60, "/bin/make", "-j8", "all"),
  simple(EVENT.sid, AT + 2, 60),
  fork(AT + 3, 61, 60),
  exec(AT + 4, 61, "/usr/bin/cc", "a.c"),
  exit(AT + T, 61, 0x100),
  gap(AT + T + 1, 3),
  exit(AT + 5 * T, 60, 0),
];

test("without options fork, exec, exit and gaps pass", () => {
  assert.deepEqual(pass({}, [...HOST, ...LIFE]), [
    "fork 60",
    "exec 60",
    "fork 61",
    "exec 61",
    "exit 61",
    "gap",
    "exit 60",
  ]);
});

test("--event chooses kinds, gaps pass whatever is chosen", () => {
  assert.deepEqual(pass({ event: ["sid"] }, [...HOST, ...LIFE]), ["sid 60", "gap"]);
});

test("snapshots pass whatever events are chosen", () => {
  assert.deepEqual(pass({ event: ["exit"], user: ["root"] }, HOST, true), [
    "snapshot 1",
    "snapshot 50",
  ]);
  assert.deepEqual(pass({ comm: [parseGlob("s*")] }, HOST, true), ["snapshot 50"]);
  assert.deepEqual(pass({ failed: true }, HOST, true), []);
});

test("--pid lets the process and its descendants pass", () => {
  assert.deepEqual(pass({ pid: [61] }, [...HOST, ...LIFE]), [
    "fork 61",
    "exec 61",
    "exit 61",
    "gap",
  ]);
  const all = pass({}, [...HOST, ...LIFE]);
  assert.deepEqual(pass({ pid: [50] }, [...HOST, ...LIFE]), all);
  assert.deepEqual(pass({ pid: [7, 61, 60] }, [...HOST, ...LIFE]), all);
  assert.deepEqual(pass({ pid: [7] }, [...HOST, ...LIFE]), ["gap"]);
});

test("--comm matches the name, any of several", () => {
  assert.deepEqual(pass({ comm: [parseGlob("c?"), parseGlob("x")] }, [...HOST, ...LIFE]), [
    "exec 61",
    "exit 61",
    "gap",
  ]);
});

test("--comm knows a long name, of which the kernel keeps a part, and that of a script", () => {
  const events = [
    ...HOST,
    fork(AT, 60, 50),
    exec(AT + 1, 60, "/lib/systemd-journald"),
    exec(AT + 2, 60, "/usr/bin/python3", "/opt/hog.py"),
  ];
  assert.deepEqual(pass({ comm: [parseNameGlob("systemd-journald")] }, events), ["exec 60"]);
  assert.deepEqual(pass({ comm: [parseNameGlob("systemd-j*d")] }, events), ["exec 60"]);
  assert.deepEqual(pass({ comm: [parseNameGlob("hog.py")] }, events), ["exec 60"]);
  assert.deepEqual(pass({ comm: [parseNameGlob("journald")] }, events), []);
  const cut = parseNameGlob("systemd-journald");
  assert.ok(cut("systemd-journal") && !cut("systemd-journa") && !cut("systemd-journalx"));
  assert.ok(!parseNameGlob("systemd-journal?")("systemd-journal"), "a pattern is not cut");
});

test("--match matches the command line, any of several", () => {
  assert.deepEqual(pass({ match: [/^\/bin\/make -j\d all$/] }, [...HOST, ...LIFE]), [
    "exec 60",
    "fork 61",
    "gap",
    "exit 60",
  ]);
  assert.deepEqual(pass({ match: [/ a\.c$/, /nothing/] }, [...HOST, ...LIFE]), [
    "exec 61",
    "exit 61",
    "gap",
  ]);
});

test("--match matches the name where the command line is not known", () => {
  const named = simple(EVENT.comm, AT, 70);
  named.text = new TextEncoder().encode("kworker/0:1");
  assert.deepEqual(pass({ match: [/^kworker/], event: ["comm"] }, [named]), ["comm 70"]);
});

test("--user takes names and uids, any of several", () => {
  const events = [
    ...HOST,
    fork(AT, 60, 50),
    simple(EVENT.uid, AT + 1, 60, 65534, 65534),
    exit(AT + 2, 60, 0),
    fork(AT + 3, 61, 50),
    exit(AT + 4, 62, 0),
  ];
  assert.deepEqual(pass({ user: ["nobody", "1000"] }, events), ["exit 60"]);
  assert.deepEqual(pass({ user: ["root"] }, events), ["fork 60", "fork 61"]);
});

test("an unknown user is wrong usage", () => {
  assert.throws(() => createFilter({ user: ["root", "nosuch"] }, USERS), UsageError);
});

test("--failed lets exits by signal or with a status pass, not the unknown ones", () => {
  const events = [
    ...HOST,
    fork(AT, 60, 50),
    exit(AT + 1, 60, 0x100),
    fork(AT + 2, 61, 50),
    exit(AT + 3, 61, 9),
    fork(AT + 4, 62, 50),
    exit(AT + 5, 62, 0),
    fork(AT + 6, 63, 50),
    exit(AT + 7, 63, -1),
  ];
  assert.deepEqual(pass({ failed: true }, events), ["exit 60", "exit 61"]);
  assert.deepEqual(pass({ failed: true, event: ["fork"] }, events), []);
});

test("--min-duration lets exits after that life time pass", () => {
  assert.deepEqual(pass({ minDuration: T }, [...HOST, ...LIFE]), ["gap", "exit 60"]);
  assert.deepEqual(pass({ minDuration: T - 3 }, [...HOST, ...LIFE]), [
    "exit 61",
    "gap",
    "exit 60",
  ]);
  assert.deepEqual(pass({ minDuration: 0 }, [exit(AT, 80, 0)]), []);
});

test("--cgroup matches the path", () => {
  const events = [
    ...HOST,
    execIn(AT, 60, "0::/user.slice/a\n"),
    execIn(AT + 1, 61, "3:cpu,cpuacct:/jobs\n1:name=systemd:/user.slice/b\n"),
    execIn(AT + 2, 62, null),
  ];
  assert.deepEqual(pass({ cgroup: [parseGlob("/user.slice/*")] }, events), ["exec 60", "exec 61"]);
  assert.deepEqual(pass({ cgroup: [parseGlob("/user.slice")] }, events), []);
});

test("several filters must all hold", () => {
  const options = { pid: [60], comm: [parseGlob("cc")], failed: true, user: ["root"] };
  assert.deepEqual(pass(options, [...HOST, ...LIFE]), ["exit 61", "gap"]);
  assert.deepEqual(pass({ ...options, minDuration: 60e9 }, [...HOST, ...LIFE]), ["gap"]);
});

test("FILTER_OPTIONS has one option for each filter", () => {
  assert.deepEqual(FILTER_OPTIONS.map(({ flags }) => /--[\w-]+/.exec(flags)![0]), [
    "--pid",
    "--event",
    "--user",
    "--comm",
    "--match",
    "--failed",
    "--min-duration",
    "--cgroup",
  ]);
});

test("a filter asks about an image once, whatever number of processes have it", () => {
  let asked = 0;
  const glob = (text: string) => {
    asked++;
    return text === "sh";
  };
  const storm = Array.from({ length: 1000 }, (_, i) => [
    fork(AT + 2 * i, 1000 + i, 50),
    exit(AT + 2 * i + 1, 1000 + i, 0),
  ]);
  assert.equal(pass({ comm: [glob] }, [...HOST, ...storm.flat()]).length, 2000);
  assert.equal(asked, 2);
});
