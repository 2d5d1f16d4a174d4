/** What people get wrong: one clear line, the right status, no stack trace. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/at_end.ts";
import { FH, type Outcome, runFh, runProgram } from "../support/executable.ts";
import { unless } from "../support/unless.ts";

const PIDS = "give a whole number from 1 to 4194304";

/** Arguments, exit status, and the line on standard error without its `fh: `. */
const BAD: readonly (readonly [args: readonly string[], status: number, line: string])[] = [
  [["wach"], 2, "Unknown command: wach; did you mean watch?"],
  [["frobnicate"], 2, "Unknown command: frobnicate; see fh --help"],
  [["--jsn", "watch"], 2, "Unknown option: --jsn; did you mean --json?"],
  [["watch", "--jsn"], 2, "Unknown option: --jsn; did you mean --json?"],
  [["watch", "--zzzzzz"], 2, "Unknown option: --zzzzzz; see fh watch --help"],
  [["watch", "-p"], 2, "Missing value: -p, --pid <process>; see fh watch --help"],
  [
    ["watch", "-p", "no-such"],
    3,
    "No process named no-such: none is in /proc; give a pid, or the name ps shows",
  ],
  [
    ["account", "-p", "1", "--by", "job"],
    2,
    "Bad options: --pid with --by job, whose sums do not tell that apart; take one of them",
  ],
  [
    ["account", "-m", "x", "-x", "-a", "x"],
    2,
    "Bad option: --match is for the history; take it without a file",
  ],
  [["watch", "-p", "0"], 2, `Bad pid: 0; ${PIDS}`],
  [["watch", "-p", "-1"], 2, `Bad pid: -1; ${PIDS}`],
  [["watch", "-p", "4194305"], 2, `Bad pid: 4194305; ${PIDS}`],
  [["watch", "-p", ""], 2, `Bad pid: ''; ${PIDS}`],
  [
    ["tree", "nobody-of-that-name"],
    3,
    "No process named nobody-of-that-name: none is in /proc; give a pid, or the name ps shows",
  ],
  [["tree", "0"], 2, `Bad pid: 0; ${PIDS}`],
  [["tree", "-1"], 2, `Bad pid: -1; ${PIDS}`],
  [["tree", "1", "2"], 2, "Too many operands: 2, not 1; see fh tree --help"],
  [
    ["tree", "4194304"],
    3,
    "No process 4194304: it is not in /proc; it has ended, or is hidden from you",
  ],
  [["watch", "-m", "("], 2, "Bad regular expression: (; missing )"],
  [["watch", "-c", "[z-a]"], 2, "Bad pattern: [z-a]; give ranges in order, such as [a-z]"],
  [
    ["watch", "--duration", "5"],
    2,
    "Bad duration: 5; give a number and a unit, such as 250ms, 10s, 3m, 2h or 7d",
  ],
  [["watch", "--count", "0"], 2, "Bad count: 0; give a whole number from 1"],
  [["watch", "-e", "foork"], 2, "Unknown event: foork; did you mean fork?"],
  [
    ["watch", "-e", "birth"],
    2,
    "Unknown event: birth; give one of fork, exec, exit, comm, uid, gid, sid, ptrace, coredump",
  ],
  [["watch", "-e", "fork,,exit"], 2, "Bad list: fork,,exit; give names with commas between them"],
  [
    ["watch", "-u", "no such user"],
    2,
    "Unknown user: no such user; give a user name of this host or a uid",
  ],
  [
    ["watch", "--source", "nonsense"],
    2,
    "Unknown source: nonsense; give one of auto, connector, poll, replay",
  ],
  [
    ["tree", "--color", "blue"],
    2,
    "Unknown colour setting: blue; give one of auto, always, never",
  ],
  [
    ["watch", "-u", "\x1b[31m\n"],
    2,
    "Unknown user: \\x1b[31m\\n; give a user name of this host or a uid",
  ],
];

/** Asserts on status and the one line; `text` may stand for the whole standard error. */
function check({ status, stdout, stderr }: Outcome, expected: number, line: string): void {
  assert.deepEqual({ status, stdout, stderr }, {
    status: expected,
    stdout: "",
    stderr: `fh: ${line}\n`,
  });
}

for (const [args, status, line] of BAD) {
  test(`fh ${JSON.stringify(args)} ends with ${status} and one line`, () => {
    check(runFh(args), status, line);
  });
}

const folder = temporaryFolder("fh-bad-input-");

/** Why the places below cannot be made; null when they can. */
function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  const made = runProgram("unshare", ["--net", "--mount", "true"]);
  return made.status === 0 ? null : `needs unshare(1): ${made.stderr.trim()}`;
}

const missing = obstacle();

test(
  ...unless(missing, "fh watch --source connector in a net namespace says where to run it"),
  () => {
    const outcome = runProgram("unshare", ["--net", FH, "watch", "--source", "connector"]);
    check(
      outcome,
      1,
      "Cannot watch through the connector: this is another network namespace, and the kernel's " +
        "proc connector serves the initial one; run on the host, or with --net=host",
    );
  },
);

test(
  ...unless(missing, "fh watch --source connector in a pid namespace says where to run it"),
  () => {
    const place = ["--pid", "--fork", "--mount-proc"];
    const outcome = runProgram("unshare", [...place, FH, "watch", "--source", "connector"]);
    check(
      outcome,
      1,
      "Cannot watch through the connector: this is another pid namespace, and the kernel's " +
        "proc connector serves the initial one; run on the host, or with --pid=host",
    );
  },
);

/** An empty /proc, but for the link through which the runtime finds itself. */
const EMPTY_PROC = 'mount -t proc proc "$0" && mount -t tmpfs none /proc && ' +
  'ln -s "$0/self" /proc/self && exec "$@"';

test(...unless(missing, "fh tree says so when /proc shows no process"), () => {
  const outcome = runProgram("unshare", ["--mount", "sh", "-c", EMPTY_PROC, folder, FH, "tree"]);
  const what = "Cannot read /proc: it shows no process; mount it: mount -t proc proc /proc";
  check(outcome, 1, what);
});

test(...unless(missing, "fh tree PID says so when /proc shows no process"), () => {
  const command = ["--mount", "sh", "-c", EMPTY_PROC, folder, FH, "tree", "1"];
  check(
    runProgram("unshare", command),
    3,
    "No process 1: it is not in /proc; it has ended, or is hidden from you",
  );
});
