import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { test } from "node:test";
import { exitStatus } from "../../src/model/process.ts";
import { durationWords, exitWords, signalName, signalNumber } from "../../src/text/words.ts";

test("exitWords() says how a process ended", () => {
  const words: [number | null, string][] = [
    [0, "exit 0"],
    [0x200, "exit 2"],
    [0xff00, "exit 255"],
    [9, "SIGKILL"],
    [0x8b, "SIGSEGV (core)"],
    [34, "SIGRTMIN"],
    [null, "exit ?"],
  ];
  for (const [status, text] of words) assert.equal(exitWords(exitStatus(status)), text);
});

test("signalNumber() takes back what signalName() makes of any signal", () => {
  for (let signal = 1; signal <= 127; signal++) {
    assert.equal(signalNumber(signalName(signal)), signal);
  }
  for (const text of ["", "SIG", "KILL", "SIGNONE", "SIGRTMIN+", "SIGRTMIN2", "SIGRTMAX-1x"]) {
    assert.equal(signalNumber(text), null, text);
  }
});

test("signalName() agrees with this system's signals", () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    if (["SIGIOT", "SIGPOLL", "SIGUNUSED"].includes(name)) continue;
    assert.equal(signalName(number), name);
  }
});

test("signalNumber() takes back what signalName() makes of any signal", () => {
  for (let signal = 1; signal <= 127; signal++) {
    assert.equal(signalNumber(signalName(signal)), signal);
  }
  for (const text of ["", "SIG", "KILL", "SIGNONE", "SIGRTMIN+", "SIGRTMIN2", "SIGRTMAX-1x"]) {
    assert.equal(signalNumber(text), null, text);
  }
});

test("signalName() agrees with bash for real-time signals in the lower half", () => {
  const { stdout } = spawnSync("bash", ["-c", "for i in {34..49}; do kill -l $i; done"], {
    encoding: "utf8",
  });
  const names = Array.from({ length: 16 }, (_, i) => signalName(34 + i).slice(3));
  assert.deepEqual(stdout.trim().split("\n"), names);
});

test("signalName() gives a number to what has no name", () => {
  assert.deepEqual([0, 32, 33, 64, 65, 127].map(signalName), [
    "SIG0",
    "SIG32",
    "SIG33",
    "SIGRTMIN+30",
    "SIG65",
    "SIG127",
  ]);
});

const MS = 1e6;
const S = 1e9;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test("durationWords() takes the unit that fits", () => {
  const words: [number, string][] = [
    [0, "0us"],
    [999, "0us"],
    [850_400, "850us"],
    [999_999, "999us"],
    [MS, "1.0ms"],
    [1.29 * MS, "1.2ms"],
    [9.99 * MS, "9.9ms"],
    [12.9 * MS, "12ms"],
    [999.9 * MS, "999ms"],
    [S, "1.00s"],
    [1.259 * S, "1.25s"],
    [9.999 * S, "9.99s"],
    [59.99 * S, "59.9s"],
    [M, "1m00s"],
    [3 * M + 4.9 * S, "3m04s"],
    [H - 1, "59m59s"],
    [2 * H + 5 * M, "2h05m"],
    [D - 1, "23h59m"],
    [3 * D + 4 * H, "3d04h"],
    [100 * D, "100d"],
  ];
  for (const [ns, text] of words) assert.equal(durationWords(ns), text);
});

test("durationWords() needs six characters at most for a hundred years", () => {
  for (let ns = 1; ns < 36_500 * D; ns = ns * 1.07 + 1) {
    assert.ok(durationWords(ns).length <= 6, durationWords(ns));
  }
});
