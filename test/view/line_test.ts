import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENT, GAP_REASON, type SourceEvent } from "../../src/model/event.ts";
import { Machine } from "../../src/model/machine.ts";
import { Users } from "../../src/proc/passwd.ts";
import { EventLines, type LineOptions } from "../../src/view/line.ts";
import { ByteText } from "../../src/text/byte_text.ts";
import { displayWidth } from "../../src/text/escape.ts";
import { exec, exit, fork, gap, scan, simple } from "../support/events.ts";

const T = 10_000_000;
const EPOCH = { seconds: Date.UTC(2026, 0, 5) / 1000, ns: 0 };
const USERS = new Users(() => "root:x:0:0\na-very-long-name:x:1000:0\n", () => 0);
const SHELL = scan(T, 2 * T, [{ pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] }]);

function eventLines(options: Partial<LineOptions> = {}): EventLines {
  return new EventLines({
    users: USERS,
    color: false,
    offsetAt: () => 0,
    tree: false,
    env: [],
    width: () => Infinity,
    ...options,
  });
}

function linesOf(events: readonly SourceEvent[], options: Partial<LineOptions> = {}): string[] {
  const lines = eventLines(options);
  const told: string[] = [];
  const machine = new Machine({ onChange: (change) => told.push(lines.line(change, EPOCH)) });
  for (const event of [...SHELL, ...events]) machine.step(event);
  return told.slice(1);
}

test("line() aligns its columns under the header", () => {
  const events = [
    fork(3 * T, 60, 50),
    exec(3 * T + 1_000_000, 60, "/bin/ls", "-la", "a file"),
    exit(15 * T, 60, 0x200),
  ];
  assert.deepEqual([`${eventLines().header()}\n`, ...linesOf(events)], [
    "TIME         EVENT        PID    PPID USER     DURATION STATUS   COMMAND\n",
    "00:00:00.030 fork          60      50 root                       /bin/sh\n",
    "00:00:00.031 exec          60      50 root                       /bin/ls -la 'a file'\n",
    "00:00:00.150 exit          60      50 root        120ms exit 2   /bin/ls -la 'a file'\n",
  ]);
});

test("line() puts how it ended behind the command where there is little room", () => {
  const few = eventLines({ width: () => 80 });
  const events = [
    fork(3 * T, 60, 50),
    exec(3 * T + 1_000_000, 60, "/bin/ls", "-la", "a file", "x".repeat(80)),
    simple(EVENT.uid, 4 * T, 60, 1000, 1000),
    exit(15 * T, 60, 0x200),
    gap(16 * T, 2),
  ];
  const lines = linesOf(events, { width: () => 80 });
  assert.deepEqual([`${few.header()}\n`, ...lines], [
    "TIME         EVENT     PID    PPID USER     COMMAND\n",
    "00:00:00.030 fork       60      50 root     /bin/sh\n",
    "00:00:00.031 exec       60      50 root     …/ls -la 'a fi…xxxxxxxxxxxxxxxxxxxxx\n",
    "00:00:00.040 uid        60      50 a-very-+ /bin/ls -la…  # uid 1000, effective…\n",
    "00:00:00.150 exit       60      50 a-very-+ /bin/ls -la 'a fil…  # exit 2, 120ms\n",
    "00:00:00.160 gap   2 events lost: overflow\n",
  ]);
  const dated = eventLines({ width: () => 80, dates: true });
  assert.equal(dated.header(), "DATE  TIME     EVENT     PID    PPID USER     COMMAND");
});

test("line() is one row of a terminal, however wide its texts are", () => {
  const wide = "\u6f22".repeat(100);
  for (const width of [1, 20, 46, 80, 119, 120, 160]) {
    const lines = linesOf([
      fork(3 * T, 60, 50),
      exec(3 * T + 1_000_000, 60, "/bin/ls", wide),
      exit(15 * T, 60, 0x200),
      gap(16 * T, 2, 4 * T),
    ], { width: () => width, tree: true });
    assert.equal(lines.length, 4);
    for (const line of lines) assert.ok(displayWidth(line.trimEnd()) <= width, `${width}: ${line}`);
  }
});

test("line() gives up a command before how it ended", () => {
  const width = () => 60;
  const [, exited] = linesOf([fork(3 * T, 60, 50), exit(15 * T, 60, 0x200)], { width });
  assert.match(exited!, /^00:00:00\.150 exit +60 +50 root +# exit 2, 120ms\n$/);
  const wide = linesOf([fork(3 * T, 60, 50), exit(15 * T, 60, 0x200)], { width: () => 64 });
  assert.match(wide[1]!, /# exit 2, 120ms\n$/);
  for (const dates of [false, true]) {
    assert.equal(displayWidth(eventLines({ width: () => 20, dates }).header()), 20);
  }
});

test("line() says nothing of execs of whom a fork is but supposed", () => {
  const lines = eventLines();
  const told: string[] = [];
  const machine = new Machine({
    onChange: (change) => {
      if (change.kind === "fork") lines.pass(change);
      else told.push(lines.line(change, EPOCH));
    },
  });
  const rescan = scan(20 * T, 21 * T, [
    { pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] },
    { pid: 60, ppid: 50, start: 10 * T, argv: ["/bin/sh"] },
  ]);
  for (const event of [...SHELL, ...rescan, exit(30 * T, 60, 0)]) machine.step(event);
  assert.match(told.at(-1)!, / exit +60 .*\/bin\/sh\n$/);
});

test("line() says of a fork that was passed that it ran no program", () => {
  const lines = eventLines();
  const told: string[] = [];
  const machine = new Machine({
    onChange: (change) => {
      if (change.kind === "fork") lines.pass(change);
      else told.push(lines.line(change, EPOCH));
    },
  });
  const events = [
    fork(3 * T, 60, 50),
    fork(3 * T, 61, 50),
    exec(4 * T, 61, "/bin/ls"),
    exit(5 * T, 60, 0),
    exit(6 * T, 61, 0),
  ];
  for (const event of [...SHELL, ...events]) machine.step(event);
  const [, , forked, executed] = told;
  assert.match(forked!, / exit 0 +\/bin\/sh {2}# no exec\n$/);
  assert.match(executed!, / exit 0 +\/bin\/ls\n$/);
});

test("line() shows a title as it is, and the name of who has an empty command line", () => {
  const [, first, , second] = linesOf([
    fork(3 * T, 60, 50),
    exec(3 * T + 1, 60, "nginx: worker process", "", ""),
    fork(4 * T, 61, 50),
    exec(4 * T + 1, 61, ""),
  ]);
  assert.match(first!, / nginx: worker process\n$/);
  assert.match(second!, / \[[^\]]*\]\n$/);
});

test("line() tells what is unknown by a question mark, and what was inferred by a star", () => {
  const rescan = scan(20 * T, 21 * T, [{ pid: 50, ppid: 1, start: T / 2, argv: ["/bin/sh"] }]);
  const [, , , lost, gone] = linesOf([
    exit(3 * T, 61, -1),
    fork(4 * T, 60, 50),
    gap(5 * T, 2),
    ...rescan,
  ]);
  assert.equal(gone, undefined);
  assert.match(lost!, /^00:00:00\.210 exit\* +60 +50 root +170ms exit \? +\/bin\/sh\n$/);
});

test("append() writes what line() says, where lines need not be cut", () => {
  const users = new Users(() => "root:x:0:0\nf\u00fc\u0161:x:1000:0\n", () => 0);
  for (const options of [{}, { tree: true }, { dates: true, users }, { env: ["A"] }]) {
    const lines = eventLines(options);
    const machine = new Machine({
      onChange: (change) => {
        const bytes = new ByteText(0);
        lines.append(change, EPOCH, bytes);
        assert.equal(bytes.toString(), lines.line(change, EPOCH));
      },
    });
    const events = [
      fork(3 * T, 60, 50),
      exec(3 * T + 1_000_000, 60, "/bin/l\u00e4s", "\n\u6f22"),
      fork(3 * T + 2_000_000, 4_194_303, 60),
      simple(EVENT.uid, 4 * T, 60, 1000, 1000),
      simple(EVENT.ptrace, 4 * T, 60, 0, 60),
      exit(1500 * T, 60, 0x200),
      exit(1501 * T, 4_194_303, 11),
      exit(1502 * T, 99, 0),
      gap(1503 * T, 2, 4 * T),
    ];
    for (const event of [...SHELL, ...events]) machine.step(event);
  }
});

test("line() says in local time since when something is missing", () => {
  const lines = linesOf([gap(16 * T, 2, 4 * T)], { offsetAt: () => 3_600_000 });
  assert.deepEqual(lines, [
    "01:00:00.160 gap      2 events lost: overflow, since 01:00:00.040\n",
  ]);
});

test("line() says since when something is missing", () => {
  assert.deepEqual(linesOf([gap(500 * T, 39_107, 20 * T)]), [
    "00:00:05.000 gap      39107 events lost: overflow, since 00:00:00.200\n",
  ]);
});

test("line() writes a gap as a sentence", () => {
  assert.deepEqual(linesOf([gap(5 * T, 1), gap(6 * T, 20)]), [
    "00:00:00.050 gap      1 event lost: overflow\n",
    "00:00:00.060 gap      20 events lost: overflow\n",
  ]);
  const missed = [1, 20].map((count) => Object.assign(gap(T, count), { b: GAP_REASON.missed }));
  assert.deepEqual(linesOf(missed), [
    "00:00:00.010 gap      1 task lost: missed\n",
    "00:00:00.010 gap      20 tasks lost: missed\n",
  ]);
});

test("line() lets nothing of a process's text reach the terminal as it is", () => {
  const renamed = simple(EVENT.comm, 4 * T, 50);
  renamed.text = new TextEncoder().encode("\x1b[31m\n\u202e");
  const text = linesOf([exec(3 * T, 50, "/bin/x\x1b]0;pwned\x07", "a\nb"), renamed]).join("");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\x00-\x1f\x7f\u202e]/);
  assert.equal(text.split("\n").length, 3);
});

test("line() shortens long user names, and colours by what happened when asked to", () => {
  const [uid, failed] = linesOf([
    simple(EVENT.uid, 3 * T, 50, 1000, 1000),
    exit(4 * T, 50, 9),
  ], { color: true });
  assert.match(uid!, / a-very-\+ /);
  assert.ok(failed!.startsWith("\x1b[31m"));
  assert.match(failed!, / SIGKILL .*\/bin\/sh\n$/);
});

test("line() indents by depth when asked to", () => {
  const lines = linesOf([fork(3 * T, 60, 50), fork(4 * T, 61, 60), fork(5 * T, 62, 50)], {
    tree: true,
  });
  const indents = lines.map((line) => line.indexOf("/bin/sh"));
  assert.deepEqual(indents.map((at) => at - indents[0]!), [0, 2, 0]);
});
