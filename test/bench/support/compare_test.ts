import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "./compare.ts";
import { parseFh, type Seen } from "./seen.ts";
import { parseLoadOutput, parseTruth } from "./truth.ts";

/** Pid 5 twice, as after a wrap of the pid counter, and a program. */
const TRUTH = parseTruth([
  "0\tvfork\t5\t2\t100\t110\t0\t0\t-",
  "0\tvfork\t6\t2\t120\t130\t256\t1\t-",
  "0\tvfork\t5\t2\t140\t150\t512\t2\t-",
  "1\tspawn\t7\t2\t160\t170\t0\t0\t/bin/true fh-2-1-0",
  "1\tthread\t8\t2\t180\t190\t0\t1\t-",
].join("\n"));

function told(...lines: string[]): Seen[] {
  return lines.flatMap((line) => parseFh(line) ?? []);
}

const fork = (pid: number, ppid: number | null = 2) =>
  `{"event":"fork","pid":${pid},"ppid":${ppid}}`;
const exit = (pid: number, code: number) =>
  `{"event":"exit","pid":${pid},"ppid":2,"exit_code":${code}}`;
const exec = (argv: string) => `{"event":"exec","pid":7,"ppid":2,"argv":${argv}}`;

test("compare() tells a pid that came round again from a double", () => {
  const { phases } = compare(TRUTH, told(fork(5), fork(6), fork(5), fork(6)));
  assert.deepEqual([phases[0]?.tasks, phases[0]?.forks, phases[0]?.doubles], [3, 3, 1]);
});

test("compare() counts a fork without its parent as seen, with another parent not at all", () => {
  const { total } = compare(TRUTH, told(fork(5, null), fork(6, 99)));
  assert.deepEqual([total.forks, total.parents, total.doubles], [1, 0, 0]);
});

test("compare() holds wait statuses against the truth, in order", () => {
  const { total } = compare(TRUTH, told(exit(5, 0), exit(6, 0), exit(5, 2)));
  assert.deepEqual([total.exits, total.statuses, total.wrongStatuses], [3, 2, 1]);
});

test("compare() tells an exec from one with the right words", () => {
  const right = compare(TRUTH, told(exec('["/bin/true","fh-2-1-0"]')));
  assert.deepEqual([right.total.programs, right.total.execs, right.total.argvs], [1, 1, 1]);
  const wrong = compare(TRUTH, told(exec("null"), exec("null")));
  assert.deepEqual([wrong.total.execs, wrong.total.argvs, wrong.total.doubles], [1, 0, 1]);
});

test("compare() sums losses by reason and leaves threads out", () => {
  const gap = '{"event":"gap","lost":3,"reason":"missed"}';
  const { lost, total } = compare(TRUTH, told(gap, gap, fork(8)));
  assert.deepEqual(lost, { missed: 6 });
  assert.deepEqual([total.tasks, total.forks], [4, 0]);
});

test("parseLoadOutput() reads phases and workers", () => {
  const output = parseLoadOutput(
    "load=44\nworker=45 phase=0 cpu=0 tasks=9\nphase=0 kind=vfork tasks=9 seconds=0.5\n",
  );
  assert.equal(output.pid, 44);
  assert.deepEqual(output.phases, [{ kind: "vfork", tasks: 9, seconds: 0.5 }]);
  assert.equal(output.workers.get(45), 9);
});
