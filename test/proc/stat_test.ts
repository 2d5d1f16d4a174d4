import assert from "node:assert/strict";
import test from "node:test";
import {
  isReleased,
  parseStat,
  parseStatInto,
  PF_KTHREAD,
  StatFields,
} from "../../src/proc/stat.ts";
import { readFixture } from "../support/fixture.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

test("parseStat() reads the fields of a running process", () => {
  assert.deepEqual(parseStat(readFixture("proc/stat_plain.txt")), {
    pid: 32372,
    comm: bytesOf("cat"),
    state: "R".charCodeAt(0),
    ppid: 32369,
    pgrp: 32356,
    session: 1312,
    tty: 0,
    tpgid: -1,
    flags: 4194304,
    minflt: 76,
    majflt: 0,
    utime: 0,
    stime: 0,
    threads: 1,
    startTicks: 229308,
    vsize: 3133440,
    rss: 362,
    startStack: 140732852649440,
    processor: 0,
    exitCode: 0,
  });
});

test('parseStat() keeps a comm with ")" and spaces in it', () => {
  const stat = parseStat(readFixture("proc/stat_parens.txt"));
  assert.equal(textOf(stat!.comm), "(a b ) ( c d)");
  assert.equal(stat!.ppid, 32373);
  assert.equal(stat!.startTicks, 229317);
});

test("parseStat() keeps newline, escape and invalid UTF-8 in comm", () => {
  const stat = parseStat(readFixture("proc/stat_bytes.txt"));
  assert.deepEqual(
    stat!.comm,
    new Uint8Array([...bytesOf("a) R 1\n\x1b[31m"), 0xff, 0xc3]),
  );
  assert.equal(stat!.ppid, 32383);
});

test("parseStat() gives the wait status of a zombie", () => {
  const stat = parseStat(readFixture("proc/stat_zombie.txt"));
  assert.equal(stat!.state, "Z".charCodeAt(0));
  assert.equal(stat!.exitCode, 3 << 8);
  assert.equal(stat!.processor, 1);
  assert.equal(stat!.vsize, 0);
});

test("parseStat() reads kernel threads, names longer than 15 bytes included", () => {
  const first = parseStat(readFixture("proc/stat_kthread.txt"));
  assert.notEqual(first!.flags & PF_KTHREAD, 0);
  const worker = parseStat(readFixture("proc/stat_kworker.txt"));
  assert.equal(textOf(worker!.comm), "kworker/R-rcu_gp");
  assert.notEqual(worker!.flags & PF_KTHREAD, 0);
  assert.equal(parseStat(readFixture("proc/stat_plain.txt"))!.flags & PF_KTHREAD, 0);
});

test("parseStat() reads the negative ids of a task that is being released", () => {
  const stat = parseStat(bytesOf("9 (x) X 0 -1 -1 0 -1 4 0 0 0 0 0 0 0 0 20 0 0 0 77 0 0\n"));
  assert.deepEqual([stat!.pgrp, stat!.session, stat!.threads], [-1, -1, 0]);
});

test("parseStat() gives null as exit code when the kernel is too old to write it", () => {
  const stat = parseStat(bytesOf("9 (x) S 1 9 9 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 77 4096 8 0 1\n"));
  assert.equal(stat!.exitCode, null);
  assert.equal(stat!.processor, null);
  assert.equal(stat!.rss, 8);
});

test("parseStat() reads the exit code when newer fields follow it", () => {
  const line = textOf(readFixture("proc/stat_zombie.txt")).replace("\n", " 5 6\n");
  assert.equal(parseStat(bytesOf(line))!.exitCode, 768);
});

test("parseStat() is exact for numbers beyond 32 bits", () => {
  const stat = parseStat(
    bytesOf(
      "4194304 (x) S 1 9 9 0 -1 4294967295 0 0 0 0 4294967296 7 0 0 20 0 1 0 " +
        "9007199254740991 140737488355328 8\n",
    ),
  );
  assert.equal(stat!.flags, 4294967295);
  assert.equal(stat!.utime, 4294967296);
  assert.equal(stat!.startTicks, Number.MAX_SAFE_INTEGER);
  assert.equal(stat!.vsize, 2 ** 47);
});

test("parseStat() copies comm", () => {
  const bytes = readFixture("proc/stat_plain.txt");
  const stat = parseStat(bytes);
  bytes.fill(0);
  assert.equal(textOf(stat!.comm), "cat");
});

test("parseStat() gives null for a line that is cut at any byte", () => {
  for (const name of ["plain", "parens", "bytes", "zombie", "kworker"]) {
    const whole = readFixture(`proc/stat_${name}.txt`);
    for (let end = 0; end < whole.length; end++) {
      assert.equal(parseStat(whole.subarray(0, end)), null, `${name} cut at ${end}`);
    }
  }
});

test("parseStat() gives null for malformed lines", () => {
  const rest = "1 9 9 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 77 4096 8 0 1\n";
  assert.notEqual(parseStat(bytesOf(`9 (x) S ${rest}`)), null);
  for (
    const line of [
      "\n",
      ")(\n",
      `(x) S ${rest}`,
      `9 x) S ${rest}`,
      `9 (x S ${rest}`,
      `-9 (x) S ${rest}`,
      `9 (x)S ${rest}`,
      `9 (x) SS ${rest}`,
      `9 (x) S  ${rest}`,
      `9 (x) S --${rest}`,
      `9 (x) S a${rest}`,
      `9 (x) S ${rest.replace(" 77", " 7-7")}`,
      `9 (x) S ${rest.replace(" 77", " -")}`,
      `9 (x) S ${rest.replace(" 77", "\n77")}`,
    ]
  ) assert.equal(parseStat(bytesOf(line)), null, JSON.stringify(line));
});

test("parseStatInto() looks no further than the length it is given", () => {
  const line = readFixture("proc/stat_parens.txt");
  const buffer = new Uint8Array(4096).fill(")".charCodeAt(0));
  buffer.set(line);
  const fields = new StatFields();
  assert.equal(parseStatInto(buffer, line.length, fields), true);
  assert.equal(textOf(buffer.subarray(fields.commStart, fields.commEnd)), "(a b ) ( c d)");
  assert.equal(parseStatInto(buffer, line.length + 1, fields), false);
});

test("parseStatInto() leaves the object as it was when the line is malformed", () => {
  const fields = new StatFields();
  const line = readFixture("proc/stat_plain.txt");
  parseStatInto(line, line.length, fields);
  const before = { ...fields };
  const other = readFixture("proc/stat_zombie.txt");
  assert.equal(parseStatInto(other, 60, fields), false);
  assert.deepEqual({ ...fields }, before);
});

test("isReleased() tells a line without parent from one of the first process", () => {
  const fields = new StatFields();
  const line = (rest: string) => {
    const bytes = bytesOf(`7 (a) Z ${rest} ${"0 ".repeat(30)}0\n`);
    assert.ok(parseStatInto(bytes, bytes.length, fields));
    return isReleased(fields);
  };
  assert.equal(line("0 -1 -1 0 -1 4194316 0 0 0 0 0 0 0 0 20 0 0 0 5 0 0"), true);
  assert.equal(line("0 7 7 0 -1 4194316 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0"), false);
});
