import assert from "node:assert/strict";
import test from "node:test";
import { parseStatus, realUidOf, tgidOf } from "../../src/proc/status.ts";
import { readFixture } from "../support/fixture.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const ids = (id: number) => ({ real: id, effective: id, saved: id, fs: id });

test("parseStatus() reads the fields of an unprivileged process", () => {
  assert.deepEqual(parseStatus(readFixture("proc/status_nobody.txt")), {
    name: bytesOf("cat"),
    tgid: 32494,
    pid: 32494,
    ppid: 32493,
    tracerPid: 0,
    uid: ids(65534),
    gid: ids(65534),
    nsPid: [32494],
    threads: 1,
    capEff: 0n,
    noNewPrivs: true,
  });
});

test("parseStatus() undoes the escapes of the name", () => {
  const status = parseStatus(readFixture("proc/status_bytes.txt"));
  assert.deepEqual(
    status!.name,
    new Uint8Array([...bytesOf("a\\\\n\n\x1b[31m"), 0xff, 0xc3, ...bytesOf(")")]),
  );
});

test("parseStatus() gives the pid in each namespace and the capabilities", () => {
  const status = parseStatus(readFixture("proc/status_pidns.txt"));
  assert.deepEqual(status!.nsPid, [32507, 1]);
  assert.equal(status!.capEff, 0x1fffeffffffn);
  assert.equal(status!.noNewPrivs, false);
});

test("parseStatus() reads a kernel thread", () => {
  const status = parseStatus(readFixture("proc/status_kthread.txt"));
  assert.equal(textOf(status!.name), "kthreadd");
  assert.equal(status!.ppid, 0);
});

test("parseStatus() tells real, effective, saved and file system ids apart", () => {
  const text = textOf(readFixture("proc/status_nobody.txt"))
    .replace(/Uid:.*/, "Uid:\t1000\t0\t3\t4294967295");
  assert.deepEqual(parseStatus(bytesOf(text))!.uid, {
    real: 1000,
    effective: 0,
    saved: 3,
    fs: 4294967295,
  });
});

test("parseStatus() does without lines that old kernels lack", () => {
  const text = textOf(readFixture("proc/status_nobody.txt"))
    .replace(/NSpid:.*\n/, "").replace(/NoNewPrivs:.*\n/, "");
  const status = parseStatus(bytesOf(text));
  assert.deepEqual(status!.nsPid, []);
  assert.equal(status!.noNewPrivs, null);
});

test("parseStatus() gives null when a line that every kernel has is absent or malformed", () => {
  const text = textOf(readFixture("proc/status_nobody.txt"));
  for (const key of ["Name", "Tgid", "Pid", "PPid", "TracerPid", "Uid", "Gid", "CapEff"]) {
    const line = new RegExp(`^${key}:.*\n`, "m");
    assert.equal(parseStatus(bytesOf(text.replace(line, ""))), null, `no ${key}`);
    const damaged = key === "Name" ? "" : `${key}:\t-\n`;
    assert.equal(parseStatus(bytesOf(text.replace(line, damaged))), null, `damaged ${key}`);
  }
  assert.equal(parseStatus(new Uint8Array()), null);
});

test("parseStatus() gives null for a file that is cut before its last wanted line", () => {
  const whole = readFixture("proc/status_nobody.txt");
  const wanted = textOf(whole).indexOf("CapBnd");
  for (let end = 0; end < wanted; end++) {
    assert.equal(parseStatus(whole.subarray(0, end)), null, `cut at ${end}`);
  }
});

test("realUidOf() and tgidOf() give the real uid and the process", () => {
  const bytes = bytesOf("Name:\tx\nTgid:\t7\nPid:\t8\nUid:\t1000\t0\t0\t0\n");
  assert.equal(realUidOf(bytes, bytes.length), 1000);
  assert.equal(tgidOf(bytes, bytes.length), 7);
});

test("realUidOf() gives -1 when the line is absent, cut or beyond the length", () => {
  const whole = readFixture("proc/status_nobody.txt");
  const end = textOf(whole).indexOf("Uid:\t65534\t") + "Uid:\t65534\t".length;
  assert.equal(realUidOf(whole, end), 65534);
  for (let length = 0; length < end; length++) assert.equal(realUidOf(whole, length), -1);
});

test("realUidOf() is not misled by a name that looks like a line", () => {
  const bytes = bytesOf("Name:\tx\\nUid:\\t0\nUid:\t1000\t0\t0\t0\n");
  assert.equal(realUidOf(bytes, bytes.length), 1000);
});
