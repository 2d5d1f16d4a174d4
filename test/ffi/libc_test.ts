import assert from "node:assert/strict";
import { readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { check, errnoName, SyscallError } from "../../ffi/errno.ts";
import { CLOCK, FCNTL, NOTIFY, POLL, SOCKET, TASK, UCRED } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { temporaryFolder } from "../support/at_end.ts";

const folder = temporaryFolder("fh-libc-");
const cString = (text: string) => new TextEncoder().encode(text + "\0");

test("openat() and read() give the bytes of a file, and ENOENT for none", async () => {
  const libc = await openLibc();
  const path = join(folder, "file");
  writeFileSync(path, "0123456789");
  const fd = libc.openat(FCNTL.AT_FDCWD, cString(path), FCNTL.O_RDONLY | FCNTL.O_CLOEXEC);
  assert.ok(fd >= 0);
  const bytes = new Uint8Array(4);
  assert.equal(libc.read(fd, bytes), 4);
  assert.equal(new TextDecoder().decode(bytes), "0123");
  assert.equal(libc.pread(fd, bytes, 6), 4);
  assert.equal(new TextDecoder().decode(bytes), "6789");
  assert.equal(libc.close(fd), 0);
  assert.equal(libc.close(fd), -9);
  assert.equal(libc.openat(FCNTL.AT_FDCWD, cString(join(folder, "no")), 0), -2);
});

test("readlinkat() gives the target's length and bytes", async () => {
  const libc = await openLibc();
  const into = new Uint8Array(4096);
  const length = libc.readlinkat(FCNTL.AT_FDCWD, cString("/proc/self/exe"), into);
  assert.equal(
    new TextDecoder().decode(into.subarray(0, length)),
    readlinkSync("/proc/self/exe"),
  );
});

test("connect() says where send() goes, and refuses where nobody is", async () => {
  const libc = await openLibc();
  const name = new TextEncoder().encode(`\0fh-libc-${process.pid}`);
  const address = new Uint8Array([SOCKET.AF_UNIX, 0, ...name]);
  const [from, to] = [1, 2].map(() => libc.socket(SOCKET.AF_UNIX, SOCKET.SOCK_DGRAM, 0));
  assert.equal(libc.connect(from!, address), -111);
  assert.equal(libc.bind(to!, address), 0);
  assert.equal(libc.connect(from!, address), 0);
  assert.equal(libc.send(from!, cString("hello"), 0), 6);
  const bytes = new Uint8Array(16);
  assert.equal(libc.recv(to!, bytes, 0), 6);
  assert.deepEqual(bytes.subarray(0, 6), cString("hello"));
  for (const fd of [from!, to!]) libc.close(fd);
});

test("ppoll() waits for an eventfd, and for its timeout", async () => {
  const libc = await openLibc();
  const fd = libc.eventfd(NOTIFY.EFD_CLOEXEC | NOTIFY.EFD_NONBLOCK);
  const pollfd = new DataView(new ArrayBuffer(8));
  pollfd.setInt32(0, fd, true);
  pollfd.setInt16(4, POLL.POLLIN, true);
  const fds = new Uint8Array(pollfd.buffer);
  const before = libc.clockGettime(CLOCK.MONOTONIC);
  assert.equal(libc.ppoll(fds, 3_000_000), 0);
  assert.ok(libc.clockGettime(CLOCK.MONOTONIC) - before >= 3_000_000);
  assert.equal(libc.write(fd, new Uint8Array(new BigUint64Array([1n]).buffer)), 8);
  assert.equal(libc.ppoll(fds, -1), 1);
  assert.equal(pollfd.getInt16(6, true), POLL.POLLIN);
  libc.close(fd);
});

test("epollPeek() names the descriptor that is ready by its tag", async () => {
  const libc = await openLibc();
  const epoll = libc.epollCreate(POLL.EPOLL_CLOEXEC);
  const fds = [1, 2, 3].map(() => libc.eventfd(NOTIFY.EFD_CLOEXEC));
  fds.forEach((fd, index) => libc.epollAdd(epoll, fd, POLL.POLLIN, 100 + index));
  libc.write(fds[1]!, new Uint8Array(new BigUint64Array([1n]).buffer));
  const pairs = new Uint32Array(8);
  assert.equal(libc.epollPeek(epoll, pairs), 1);
  assert.deepEqual([...pairs.subarray(0, 2)], [POLL.POLLIN, 101]);
  libc.epollRemove(epoll, fds[1]!);
  assert.equal(libc.epollPeek(epoll, pairs), 0);
  for (const fd of [...fds, epoll]) libc.close(fd);
});

test("epollWait() waits for its timeout, and no longer than for the first event", async () => {
  const libc = await openLibc();
  const epoll = libc.epollCreate(POLL.EPOLL_CLOEXEC);
  const fd = libc.eventfd(NOTIFY.EFD_CLOEXEC);
  const pairs = new Uint32Array(8);
  assert.equal(libc.epollAdd(epoll, fd, POLL.EPOLLIN, 1), 0);
  const before = libc.clockGettime(CLOCK.MONOTONIC);
  assert.equal(libc.epollWait(epoll, pairs, 3), 0);
  assert.ok(libc.clockGettime(CLOCK.MONOTONIC) - before >= 3_000_000);
  libc.write(fd, new Uint8Array(new BigUint64Array([1n]).buffer));
  assert.equal(libc.epollWait(epoll, pairs, -1), 1);
  assert.deepEqual([...pairs.subarray(0, 2)], [POLL.EPOLLIN, 1]);
  for (const one of [fd, epoll]) libc.close(one);
});

test("epollModify() changes what is waited for, and the tag", async () => {
  const libc = await openLibc();
  const epoll = libc.epollCreate(POLL.EPOLL_CLOEXEC);
  const fd = libc.eventfd(NOTIFY.EFD_CLOEXEC);
  const pairs = new Uint32Array(8);
  assert.equal(libc.epollModify(epoll, fd, POLL.EPOLLOUT, 2), -2);
  libc.epollAdd(epoll, fd, 0, 1);
  assert.equal(libc.epollWait(epoll, pairs, 0), 0);
  assert.equal(libc.epollModify(epoll, fd, POLL.EPOLLOUT, 4_000_000_000), 0);
  assert.equal(libc.epollWait(epoll, pairs, -1), 1);
  assert.deepEqual([...pairs.subarray(0, 2)], [POLL.EPOLLOUT, 4_000_000_000]);
  for (const one of [fd, epoll]) libc.close(one);
});

test("accept4() takes who waits at a socket that listens, SO_PEERCRED says who it is", async () => {
  const libc = await openLibc();
  const { AF_UNIX, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC } = SOCKET;
  const name = new TextEncoder().encode(`\0fh-accept-${process.pid}`);
  const address = new Uint8Array([AF_UNIX, 0, ...name]);
  const [from, to] = [1, 2].map(() => libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  assert.equal(libc.accept4(to!, 0), -22);
  libc.bind(to!, address);
  assert.equal(libc.listen(to!, 5), 0);
  assert.equal(libc.accept4(to!, 0), -11);
  assert.equal(libc.connect(from!, address), 0);
  const fd = libc.accept4(to!, SOCK_NONBLOCK | SOCK_CLOEXEC);
  assert.ok(fd >= 0);
  const bytes = new Uint8Array(new ArrayBuffer(UCRED.size));
  assert.equal(libc.recv(fd, bytes, 0), -11);
  assert.equal(libc.getsockopt(fd, SOCKET.SOL_SOCKET, SOCKET.SO_PEERCRED, bytes), UCRED.size);
  const ucred = new DataView(bytes.buffer);
  const [pid, uid, gid] = [UCRED.pid, UCRED.uid, UCRED.gid].map((at) => ucred.getInt32(at, true));
  assert.deepEqual([pid, uid, gid], [process.pid, process.getuid!(), process.getgid!()]);
  for (const one of [from!, to!, fd]) libc.close(one);
});

test("pidfdOpen() opens ourselves and says ESRCH for nobody", async () => {
  const libc = await openLibc();
  const fd = libc.pidfdOpen(process.pid);
  assert.ok(fd >= 0);
  libc.close(fd);
  assert.equal(libc.pidfdOpen(4_194_304), -3);
});

test("clockGettime() agrees with the runtime's clock", async () => {
  const libc = await openLibc();
  const { seconds, ns } = libc.clockRealtime();
  assert.ok(Math.abs(seconds * 1000 + ns / 1e6 - Date.now()) < 1000);
  // Read first: between the two reads a busy host may do anything else.
  const monotonic = libc.clockGettime(CLOCK.MONOTONIC);
  assert.ok(libc.clockGettime(CLOCK.BOOTTIME) >= monotonic);
});

test("inotifyAddWatch() makes an open readable as an event", async () => {
  const libc = await openLibc();
  const fd = libc.inotifyInit(NOTIFY.IN_NONBLOCK | NOTIFY.IN_CLOEXEC);
  const watch = libc.inotifyAddWatch(fd, cString(folder), NOTIFY.IN_OPEN);
  assert.ok(watch > 0);
  const path = join(folder, "rung");
  writeFileSync(path, "");
  const buffer = new Uint8Array(new ArrayBuffer(1024));
  assert.ok(libc.read(fd, buffer) > 0);
  assert.equal(libc.inotifyRemoveWatch(fd, watch), 0);
  libc.close(fd);
});

test("raiseLimit() lifts the soft limit of open files to the hard one", async () => {
  const libc = await openLibc();
  const limit = libc.raiseLimit(TASK.RLIMIT_NOFILE);
  assert.ok(limit >= 256);
  assert.equal(libc.raiseLimit(TASK.RLIMIT_NOFILE), limit);
});

test("check() throws an error that names the act and the errno", () => {
  assert.equal(check("do nothing", 3), 3);
  assert.throws(() => check("bind netlink socket", -1), (error: unknown) => {
    assert.ok(error instanceof SyscallError);
    assert.equal(error.message, "Cannot bind netlink socket: EPERM (errno 1)");
    assert.deepEqual([error.op, error.errno], ["bind netlink socket", 1]);
    return true;
  });
  assert.equal(errnoName(4000), "errno 4000");
});

test("forkBriefly() makes a child with a pid of its own, and leaves none", async () => {
  const libc = await openLibc();
  const pid = libc.forkBriefly();
  assert.ok(pid > 0 && pid !== process.pid, `${pid}`);
  assert.equal(libc.waitpid(pid), -10);
  assert.equal(libc.pidfdOpen(pid), -3);
  assert.notEqual(libc.forkBriefly(), pid);
});
