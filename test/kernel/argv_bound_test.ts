/** How much is read of a command line that its process has made as long as it likes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openLibc } from "../../ffi/mod.ts";
import { Image } from "../../src/model/image.ts";
import { openProcfs, readProcess } from "../../src/proc/procfs.ts";
import { ProcFiles } from "../../src/source/proc_files.ts";
import { program, programsMissing } from "../support/programs.ts";

const KIB = 1024;
const needs = programsMissing === null ? "" : ` (${programsMissing})`;
const skip = programsMissing !== null;

/** Runs `use` with the pid of a program that has said that it is ready. */
async function withReady(
  argv: readonly [string, ...string[]],
  use: (pid: number) => void | Promise<void>,
): Promise<void> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  try {
    await once(child.stdout, "data");
    await use(child.pid!);
  } finally {
    child.stdin.end();
    await exited;
  }
}

test(`1 GiB of a command line is counted, and 64 KiB are read${needs}`, { skip }, async () => {
  const libc = await openLibc();
  const files = new ProcFiles(libc, "/proc");
  await withReady([program("wide")!, "1024"], (pid) => {
    const handle = files.openProcess(pid);
    const image = Image.decode(files.readImage(handle));
    libc.close(handle);
    assert.equal(image.parts.argv!.length, 64 * KIB);
    assert.equal(image.argvMore, 2 ** 30 - 64 * KIB);
    assert.ok(image.comm!.startsWith("wide"));
    const { argv, argvMore } = readProcess(openProcfs("/proc"), pid)!;
    assert.deepEqual([argv!.length, argvMore], [64 * KIB, 2 ** 30 - 64 * KIB]);
    // The kernel refuses reads of 4 MiB there.
    assert.ok(files.readNumber("sys/kernel/pid_max")! > 0);
  });
});

test("what is kept of a command line can be chosen, and its arguments stay whole", async () => {
  const libc = await openLibc();
  const long = "\u20ac".repeat(30 * KIB);
  const script = "echo ready; read x";
  await withReady(["/bin/sh", "-c", script, "sh", long], (pid) => {
    const whole = readFileSync(`/proc/${pid}/cmdline`);
    for (const maxArgv of [4 * KIB, 64 * KIB, 256 * KIB]) {
      const files = new ProcFiles(libc, "/proc", { maxArgv });
      const handle = files.openProcess(pid);
      const { parts, argvMore, argv } = Image.decode(files.readImage(handle));
      libc.close(handle);
      const { length } = parts.argv!;
      assert.ok(length <= maxArgv && length > Math.min(maxArgv, whole.length) - 4);
      assert.equal(length + argvMore, whole.length);
      assert.ok(!argv!.at(-1)!.includes("\ufffd"));
    }
  });
});

test("of an environment 64 KiB are read", async () => {
  const libc = await openLibc();
  const files = new ProcFiles(libc, "/proc", { env: ["FIRST", "LAST"] });
  const variables = ["FIRST=1", `BIG=${"x".repeat(100 * KIB)}`, "LAST=2"];
  await withReady(["env", "-i", ...variables, "/bin/sh", "-c", "echo ready; read x"], (pid) => {
    const handle = files.openProcess(pid);
    const image = Image.decode(files.readImage(handle));
    libc.close(handle);
    assert.deepEqual(image.env, { FIRST: "1" });
  });
});
