import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { check, ERRNO } from "../../ffi/errno.ts";
import { SIGINFO } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { program, programsMissing } from "../support/programs.ts";
import { unless } from "../support/unless.ts";

const libc = await openLibc();

/** A siginfo_t as fh queues it. */
function siginfo(sig: number, pid: number, value: number): Uint8Array {
  const info = new DataView(new ArrayBuffer(SIGINFO.size));
  info.setInt32(SIGINFO.signo, sig, true);
  info.setInt32(SIGINFO.code, SIGINFO.SI_ASYNCIO, true);
  info.setInt32(SIGINFO.pid, pid, true);
  info.setUint32(SIGINFO.uid, process.getuid!(), true);
  info.setInt32(SIGINFO.value, value, true);
  return new Uint8Array(info.buffer);
}

test("pidfdSendSignal() finds a process that lives, and says ESRCH afterwards", async () => {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  const exited = once(child, "exit");
  const pidfd = check("open a pidfd", libc.pidfdOpen(child.pid!));
  assert.equal(libc.pidfdSendSignal(pidfd, 0, null), 0);
  assert.equal(libc.pidfdSendSignal(pidfd, 9, null), 0);
  assert.deepEqual(await exited, [null, "SIGKILL"]);
  assert.equal(libc.pidfdSendSignal(pidfd, 0, null), -ERRNO.ESRCH);
  assert.equal(libc.pidfdSendSignal(pidfd, 37, siginfo(37, 1, 2)), -ERRNO.ESRCH);
  assert.equal(libc.close(pidfd), 0);
  assert.equal(libc.pidfdSendSignal(pidfd, 0, null), -ERRNO.EBADF);
});

test("pidfdSendSignal() refuses a siginfo that is too short or of another signal", () => {
  const pidfd = check("open a pidfd", libc.pidfdOpen(process.pid));
  const info = siginfo(37, 1, 2);
  assert.equal(libc.pidfdSendSignal(pidfd, 37, info.subarray(0, 127)), -ERRNO.EINVAL);
  assert.equal(libc.pidfdSendSignal(pidfd, 38, info), -ERRNO.EINVAL);
  libc.close(pidfd);
});

test(
  ...unless(programsMissing, "pidfdSendSignal() queues what it is given, in order"),
  async () => {
    const child = spawn(program("sigwait")!, [], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value;
    assert.equal(await next(), `ready ${child.pid}`);
    const pidfd = check("open a pidfd", libc.pidfdOpen(child.pid!));
    for (const [pid, value] of [[4711, 4712], [2, 4_194_303], [1, -7]] as const) {
      assert.equal(libc.pidfdSendSignal(pidfd, 37, siginfo(37, pid, value)), 0);
    }
    child.stdin.end("quit\n");
    assert.equal(await next(), "37 -4 0 4711 4712");
    assert.equal(await next(), "37 -4 0 2 4194303");
    assert.equal(await next(), "37 -4 0 1 -7");
    assert.equal(await next(), "count 3");
    libc.close(pidfd);
  },
);
