import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../src/fault.ts";
import { FdOutput, type WriteCall } from "../../src/term/fd_output.ts";
import { until } from "../support/until.ts";

const decoder = new TextDecoder();
const NAME = "standard output";

/** A write(2) under the test's control: it answers when it is told to. */
class FakeWriter {
  readonly calls: Uint8Array[] = [];
  text = "";
  #done: Parameters<WriteCall>[2] | null = null;

  readonly write: WriteCall = (_fd, bytes, done) => {
    assert.equal(this.#done, null, "only one write is in flight");
    this.calls.push(bytes);
    this.#done = done;
  };

  /** Whether a write is in flight. */
  get busy(): boolean {
    return this.#done !== null;
  }

  /** Writes the first `count` bytes of what is in flight. */
  succeed(count: number = this.calls.at(-1)!.byteLength): void {
    this.text += decoder.decode(this.calls.at(-1)!.subarray(0, count), { stream: true });
    this.#answer(null, count);
  }

  /** Fails what is in flight. */
  fail(code: string): void {
    this.#answer(Object.assign(new Error(code), { code }), 0);
  }

  #answer(error: NodeJS.ErrnoException | null, written: number): void {
    const done = this.#done!;
    this.#done = null;
    done(error, written);
  }
}

function fakeOutput(onClosed: () => void = () => {}): { writer: FakeWriter; output: FdOutput } {
  const writer = new FakeWriter();
  return { writer, output: new FdOutput(-1, { name: NAME, write: writer.write, onClosed }) };
}

test("write() gathers what is written in one go", async () => {
  const { writer, output } = fakeOutput();
  output.write("a");
  output.write("é\n");
  output.write(new Uint8Array([0x62]));
  assert.equal(output.pendingBytes, 5);
  await until(() => writer.busy);
  output.write("c");
  assert.equal(output.pendingBytes, 6);
  writer.succeed();
  writer.succeed();
  assert.equal(writer.text, "aé\nbc");
  assert.deepEqual(writer.calls.map((bytes) => bytes.byteLength), [5, 1]);
  assert.equal(output.pendingBytes, 0);
});

test("hurry() waits for who takes something, and gives up on who takes nothing", async () => {
  let closed = 0;
  const { writer, output } = fakeOutput(() => closed++);
  output.write("a".repeat(1000));
  await until(() => writer.busy);
  const flushed = output.flush();
  output.hurry(100);
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    writer.succeed(10);
  }
  assert.equal(output.closed, false);
  await assert.rejects(flushed, {
    message: `Cannot write ${NAME}: nobody takes the last 900 bytes`,
  });
  assert.deepEqual([output.closed, closed, output.pendingBytes], [true, 1, 0]);
  // The write that was in flight comes back.
  writer.succeed();
  output.write("more");
  assert.equal(output.pendingBytes, 0);
});

test("hurry() leaves an output alone that nobody has to wait for", async () => {
  const { writer, output } = fakeOutput();
  output.hurry(60);
  await new Promise((resolve) => setTimeout(resolve, 100));
  output.write("still");
  await until(() => writer.busy);
  writer.succeed();
  await output.flush();
  assert.equal(writer.text, "still");
  output.write("last");
  await assert.rejects(output.flush(), CommandError);
});

test("write() keeps the order of small and large chunks", async () => {
  const { writer, output } = fakeOutput();
  let expected = "";
  for (let i = 0; i < 40; i++) {
    const chunk = `${i}é`.repeat([1, 20_000, 200_000, 3][i % 4]!);
    expected += chunk;
    output.write(i % 3 === 0 ? new TextEncoder().encode(chunk) : chunk);
  }
  await until(() => writer.busy);
  while (writer.busy) writer.succeed(Math.ceil(writer.calls.at(-1)!.byteLength / 2));
  assert.ok(writer.text === expected);
  for (const bytes of writer.calls) assert.ok(bytes.byteLength <= 256 * 1024);
});

test("write() copies bytes, so that the caller may use them again", async () => {
  const { writer, output } = fakeOutput();
  const bytes = new TextEncoder().encode("a".repeat(300_000));
  output.write(bytes);
  bytes.fill(0);
  await until(() => writer.busy);
  writer.succeed();
  await until(() => writer.busy);
  writer.succeed();
  assert.ok(writer.text === "a".repeat(300_000));
});

test("flush() waits for all that is written", async () => {
  const { writer, output } = fakeOutput();
  await output.flush();
  output.write("abc");
  let flushed = false;
  const flush = output.flush().then(() => flushed = true);
  await until(() => writer.busy);
  writer.succeed(1);
  assert.ok(!flushed);
  writer.succeed();
  await flush;
  assert.equal(writer.text, "abc");
});

test("a full non-blocking pipe and an interrupted write are tried again", async () => {
  const { writer, output } = fakeOutput();
  output.write("abcdef");
  await until(() => writer.busy);
  writer.succeed(2);
  writer.fail("EAGAIN");
  assert.ok(!writer.busy);
  await until(() => writer.busy);
  writer.fail("EINTR");
  writer.succeed(0);
  await until(() => writer.busy);
  assert.equal(output.pendingBytes, 4);
  writer.succeed();
  assert.equal(writer.text, "abcdef");
  assert.ok(!output.closed);
});

test("a reader that is gone closes the output without an error", async () => {
  let closed = 0;
  const { writer, output } = fakeOutput(() => closed++);
  output.write("abc");
  await until(() => writer.busy);
  output.write("def");
  const flush = output.flush();
  writer.fail("EPIPE");
  await flush;
  assert.deepEqual([output.closed, output.pendingBytes, closed], [true, 0, 1]);
  output.write("ghi");
  await output.flush();
  assert.equal(writer.calls.length, 1);
});

test("any other error closes the output, and every flush tells it", async () => {
  const { writer, output } = fakeOutput();
  output.write("abc");
  await until(() => writer.busy);
  const flush = output.flush();
  writer.fail("ENOSPC");
  const expected = new CommandError(1, "Cannot write standard output: ENOSPC");
  await assert.rejects(flush, expected);
  await assert.rejects(output.flush(), expected);
  assert.ok(output.closed);
});

test("an output that is no terminal is 80 by 24", () => {
  const size = () => assert.fail("asked for the size of no terminal");
  const output = new FdOutput(-1, { name: NAME, size });
  assert.deepEqual([output.isTerminal, output.columns, output.rows], [false, 80, 24]);
});

test("a full disk is told", async () => {
  const fd = openSync("/dev/full", "w");
  const output = new FdOutput(fd, { name: NAME });
  output.write("x");
  await assert.rejects(output.flush(), new CommandError(1, "Cannot write standard output: ENOSPC"));
  closeSync(fd);
});

/** Runs `body` in a folder of its own. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fh-output-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A named pipe with a reader that does not read. */
function openPipe(folder: string): { path: string; reader: number; writer: number } {
  const path = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { path, reader, writer: openSync(path, "w") };
}

test("a pipe without a reader does not end the program", () =>
  inFolder(async (folder) => {
    const { reader, writer } = openPipe(folder);
    closeSync(reader);
    const output = new FdOutput(writer, { name: NAME });
    output.write("x");
    await output.flush();
    assert.ok(output.closed);
    closeSync(writer);
  }));

test("two writers of one open file do not overwrite each other", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    const fd = openSync(path, "w");
    writeSync(fd, "first\n");
    const outputs = [0, 1].map(() => new FdOutput(fd, { name: NAME }));
    for (const line of ["second\n", "third\n"]) {
      for (const output of outputs) {
        output.write(line);
        await output.flush();
      }
    }
    writeSync(fd, "last\n");
    closeSync(fd);
    assert.equal(readFileSync(path, "utf8"), "first\nsecond\nsecond\nthird\nthird\nlast\n");
  }));

/** Whether a thread of `pid` is inside write(2) on the file `path`. */
function isStuck(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/task`).some((tid) => {
    try {
      const [call, fd] = readFileSync(`/proc/${pid}/task/${tid}/syscall`, "utf8").split(" ");
      if (call !== (process.arch === "x64" ? "1" : "64")) return false;
      return readlinkSync(`/proc/${pid}/fd/${Number(fd)}`) === path;
    } catch {
      return false;
    }
  });
}

const FH = [
  ..."bun" in process.versions ? [] : ["run", "-A"],
  fileURLToPath(new URL("../../bin/fh.ts", import.meta.url)),
];

/** A line of /proc/self/fdinfo/N: the access mode and flags such as O_NONBLOCK. */
function flagsOf(fd: number): string {
  return /^flags:.*$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![0];
}

test("fh leaves the flags of its streams alone, which other processes share", () =>
  inFolder((folder) => {
    const { reader, writer } = openPipe(folder);
    const before = flagsOf(writer);
    for (const args of [[], ["watch", "--help"], ["nonsense"], ["completion", "bash"]]) {
      spawnSync(process.execPath, [...FH, ...args], { stdio: ["ignore", writer, writer] });
      assert.equal(flagsOf(writer), before, args.join(" "));
    }
    closeSync(reader);
    closeSync(writer);
    return Promise.resolve();
  }));

/** Fills a pipe; the descriptor that did it comes back. */
function fill(path: string): number {
  const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  assert.throws(() => {
    for (;;) writeSync(filler, new Uint8Array(4096));
  }, { code: "EAGAIN" });
  return filler;
}

/** Sends SIGINT each time, which child.kill() does not; false when there is nobody left. */
function interrupt(pid: number): boolean {
  try {
    return process.kill(pid, "SIGINT");
  } catch {
    return false;
  }
}

test("a second SIGINT ends fh while its reader is stuck", () =>
  inFolder(async (folder) => {
    const { path, reader, writer } = openPipe(folder);
    const filler = fill(path);
    const child = spawn(process.execPath, [...FH, "--help"], {
      stdio: ["ignore", writer, "inherit"],
    });
    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    await until(() => child.exitCode !== null || isStuck(child.pid!, path));
    assert.equal(child.exitCode, null);
    await until(() => child.signalCode !== null || !interrupt(child.pid!));
    assert.deepEqual(await ended, [null, "SIGINT"]);
    for (const fd of [reader, writer, filler]) closeSync(fd);
  }));

test("a file takes thousands of pieces at once", async () => {
  const fd = openSync("/dev/null", "w");
  const output = new FdOutput(fd, { name: NAME });
  const large = "x".repeat(90_000);
  for (let i = 0; i < 2000; i++) {
    output.write("x");
    output.write(large);
  }
  assert.equal(output.pendingBytes, 2000 * 90_001);
  await output.flush();
  assert.equal(output.pendingBytes, 0);
  closeSync(fd);
});
