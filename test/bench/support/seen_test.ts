import assert from "node:assert/strict";
import { test } from "node:test";
import { forkstatParser, parseExecsnoop, parseExitsnoop, parseExtrace, parseFh } from "./seen.ts";

test("parseFh() gives parent, words and wait status", () => {
  const exec = parseFh('{"event":"exec","pid":7,"ppid":3,"argv":["/bin/true","a"]}');
  assert.deepEqual([exec?.kind, exec?.pid, exec?.ppid, exec?.argv], ["exec", 7, 3, "/bin/true a"]);
  const exit = parseFh('{"event":"exit","pid":7,"ppid":null,"exit_code":2,"signal":null}');
  assert.deepEqual([exit?.ppid, exit?.status], [null, 2 << 8]);
  const killed =
    '{"event":"exit","pid":7,"ppid":3,"exit_code":null,"signal":"SIGSEGV","core":true}';
  assert.equal(parseFh(killed)?.status, 0x8b);
  assert.equal(parseFh('{"event":"exit","pid":7,"ppid":3,"exit_code":null}')?.status, null);
});

test("parseFh() tells of losses and skips what is not compared", () => {
  const gap = parseFh('{"event":"gap","lost":41,"reason":"missed"}');
  assert.deepEqual([gap?.kind, gap?.lost, gap?.reason], ["gap", 41, "missed"]);
  assert.equal(parseFh('{"event":"source","why":"x"}'), null);
  assert.equal(parseFh('{"event":"ex'), null);
  assert.equal(parseFh("null"), null);
});

test("forkstatParser() joins the two lines of a fork", () => {
  const parse = forkstatParser();
  assert.equal(parse("Time     Event   PID Info   Duration Process"), null);
  assert.equal(parse("11:52:26 fork  31929 parent          ./load --phase x "), null);
  const fork = parse("11:52:26 fork  31930 child           true");
  assert.deepEqual([fork?.kind, fork?.pid, fork?.ppid], ["fork", 31930, 31929]);
  assert.equal(parse("11:52:26 fork      0 parent          [swapper]"), null);
  assert.equal(parse("11:52:26 fork  31931 child           <unknown>")?.ppid, null);
  const exec = parse("11:52:26 exec  31931                 /bin/true fh-31929-0-1 ");
  assert.equal(exec?.argv, "/bin/true fh-31929-0-1");
  assert.equal(parse("11:40:40 exit   3381    768   0.000s bash")?.status, 768);
});

test("parseExtrace() takes pid and words, indented or not", () => {
  const seen = parseExtrace("          31930 /bin/true fh-1-0-0");
  assert.deepEqual([seen?.pid, seen?.argv], [31930, "/bin/true fh-1-0-0"]);
  assert.equal(parseExtrace("extrace: process vanished before notification: pid 3439"), null);
});

test("parseExecsnoop() survives a name with spaces", () => {
  const seen = parseExecsnoop("a b (1) 2        3511   3505     0 /bin/true a b c ");
  assert.deepEqual([seen?.pid, seen?.ppid, seen?.argv], [3511, 3505, "/bin/true a b c"]);
  assert.equal(parseExecsnoop("PCOMM            PID    PPID   RET ARGS"), null);
  assert.equal(parseExecsnoop("lost 12 events on CPU #1!")?.lost, 12);
});

test("parseExitsnoop() gives the wait status", () => {
  const statusOf = (end: string) =>
    parseExitsnoop(`bash             3512    3505    3512    0.00    ${end}`)?.status;
  assert.equal(statusOf("0"), 0);
  assert.equal(statusOf("code 3"), 768);
  assert.equal(statusOf("signal 9 (Killed)"), 9);
  assert.equal(parseExitsnoop("PCOMM            PID     PPID    TID     AGE(s)  EXIT_CODE"), null);
});
