/** What the poller relies on: one open /proc/PID/cmdline follows a process through its life. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Libc } from "../../ffi/libc.ts";
import { openLibc } from "../../ffi/mod.ts";
import { ExecBell, RING } from "../../src/source/poll/exec_bell.ts";
import { ProcFiles } from "../../src/source/proc_files.ts";
import { until } from "../support/until.ts";

const WAIT_MS = 10_000;

/** Reads until `wanted` holds, for the command line or the length of a read. */
async function untilRead(
  libc: Libc,
  fd: number,
  wanted: (text: string, length: number) => boolean,
): Promise<void> {
  const buffer = new Uint8Array(new ArrayBuffer(4096));
  await until(() => {
    const length = libc.pread(fd, buffer, 0);
    const text = new TextDecoder().decode(buffer.subarray(0, Math.max(0, length)));
    return wanted(text, length);
  }, String(wanted));
}

/** The only child of `parent`, once it has one. */
async function childOf(parent: number): Promise<number> {
  const children = () => readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim();
  return Number(await until(() => children() !== "" && children()));
}

function openCmdline(files: ProcFiles, libc: Libc, pid: number): number {
  const handle = files.openProcess(pid);
  const fd = files.openFile(handle, "cmdline");
  libc.close(handle);
  assert.ok(fd >= 0);
  return fd;
}

test("an open cmdline shows the program after an exec, and fails after the reaping", async () => {
  const libc = await openLibc();
  const shell = spawn("sh", ["-c", "read line; exec sleep 0.3"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const exited = once(shell, "exit");
  const fd = openCmdline(new ProcFiles(libc, "/proc"), libc, shell.pid!);
  await untilRead(libc, fd, (text) => text.endsWith("-c\0read line; exec sleep 0.3\0"));
  shell.stdin.end("\n");
  await untilRead(libc, fd, (text) => text === "sleep\x000.3\0");
  await exited;
  await untilRead(libc, fd, (_, length) => length === -3); // ESRCH
  libc.close(fd);
});

test("an open cmdline of a zombie is empty, and its comm is still there", async () => {
  const libc = await openLibc();
  const files = new ProcFiles(libc, "/proc");
  // The shell becomes a program that never reaps the child it had.
  const parent = spawn("sh", ["-c", "sleep 0.2 & exec sleep 5"], { stdio: "ignore" });
  const exited = once(parent, "exit");
  const pid = await childOf(parent.pid!);
  const fd = openCmdline(files, libc, pid);
  await untilRead(libc, fd, (text) => text === "sleep\x000.2\0");
  await untilRead(libc, fd, (_, length) => length === 0);
  assert.equal(readFileSync(`/proc/${pid}/comm`, "utf8"), "sleep\n");
  parent.kill();
  await exited;
  libc.close(fd);
});

/** The bell rings for every program of the host: others' may come between, and not each time. */
async function whenQuiet(bell: ExecBell, body: () => Promise<void> | void): Promise<void> {
  for (const end = performance.now() + WAIT_MS;; await delay(1)) {
    bell.answer();
    try {
      return await body();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

test("the doorbell rings for a dynamically linked program", async () => {
  const bell = new ExecBell(await openLibc());
  await whenQuiet(bell, async () => {
    assert.equal(bell.answer(), RING.none);
    await once(spawn("/bin/true"), "exit");
    assert.equal(bell.answer(), RING.begun);
    assert.equal(bell.answer(), RING.none);
  });
  bell.close();
});

const CACHE = "/etc/ld.so.cache";
const noCache = existsSync(CACHE) ? "" : ` (needs glibc: there is no ${CACHE})`;

test(
  `what a new program opens first rings as such${noCache}`,
  { skip: noCache !== "" },
  async () => {
    const bell = new ExecBell(await openLibc());
    await whenQuiet(bell, () => {
      assert.equal(bell.answer(), RING.none);
      readFileSync(CACHE);
      assert.equal(bell.answer(), RING.loading);
      // Whatever the order, the exec that has begun counts for more.
      readFileSync(CACHE);
      readFileSync("/bin/true");
      readFileSync(CACHE);
      assert.equal(bell.answer(), RING.begun);
      assert.equal(bell.answer(), RING.none);
    });
    bell.close();
  },
);

test("an open comm shows the name of a zombie, and fails after the reaping", async () => {
  const libc = await openLibc();
  const files = new ProcFiles(libc, "/proc");
  // The shell does not wait for its child before it is told to.
  const parent = spawn("sh", ["-c", "sleep 0.05 & read line; wait; read line"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const exited = once(parent, "exit");
  const pid = await childOf(parent.pid!);
  const handle = files.openProcess(pid);
  const comm = files.openFile(handle, "comm");
  libc.close(handle);
  await untilRead(libc, comm, (text) => text === "sleep\n");
  const state = () => /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
  await until(() => state() === "Z");
  await untilRead(libc, comm, (text) => text === "sleep\n");
  parent.stdin?.write("\n");
  await untilRead(libc, comm, (_, length) => length < 0);
  parent.kill();
  await exited;
  libc.close(comm);
});
