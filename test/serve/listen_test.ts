import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { check } from "../../ffi/errno.ts";
import { SOCKET } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import {
  inheritedListeners,
  ListenError,
  type ListenTrouble,
  openListener,
} from "../../src/serve/listen.ts";
import { atEnd } from "../support/at_end.ts";
import { makeFolder, RawClient } from "../support/serving.ts";

const { AF_UNIX, SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK } = SOCKET;
const folder = makeFolder();
atEnd(() => folder.remove());
const libc = await openLibc();
const isRoot = process.geteuid?.() === 0;
let names = 0;
const newPath = () => join(folder.path, `${names++}.sock`);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const isTrouble = (trouble: ListenTrouble) => (error: unknown) => {
  assert.ok(error instanceof ListenError);
  assert.equal(error.trouble, trouble, error.message);
  return true;
};

/** Flags of open(2), as /proc/self/fdinfo has them. */
function flagsOf(fd: number): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  return parseInt(/^flags:\s+(\d+)$/m.exec(text)![1]!, 8);
}

test("openListener() listens with mode 0600, and leaves nothing else in the folder", () => {
  const path = join(folder.path, "made", "fh.sock");
  const before = process.umask(0o077);
  const listener = openListener(libc, path, null);
  process.umask(before);
  assert.equal(listener.path, path);
  assert.deepEqual([modeOf(path), modeOf(join(folder.path, "made"))], ["600", "755"]);
  assert.deepEqual(readdirSync(join(folder.path, "made")), ["fh.sock"]);
  assert.equal(flagsOf(listener.fd) & SOCK_NONBLOCK, SOCK_NONBLOCK);
  assert.equal(flagsOf(listener.fd) & SOCKET.SOCK_CLOEXEC, SOCKET.SOCK_CLOEXEC);
  new RawClient(libc, path).close();
  listener.remove();
  libc.close(listener.fd);
  assert.ok(!existsSync(path));
  listener.remove();
});

test("openListener() gives the socket to a group with mode 0660", () => {
  const path = newPath();
  const gid = isRoot ? 4321 : process.getgid!();
  const listener = openListener(libc, path, gid);
  assert.deepEqual([modeOf(path), statSync(path).gid], ["660", gid]);
  listener.remove();
  libc.close(listener.fd);
});

test("openListener() refuses a path where somebody listens, and replaces what is left", () => {
  const path = newPath();
  const first = openListener(libc, path, null);
  const { ino } = lstatSync(path);
  assert.throws(() => openListener(libc, path, null), isTrouble("in use"));
  assert.equal(lstatSync(path).ino, ino);
  libc.close(first.fd);
  const second = openListener(libc, path, null);
  assert.notEqual(lstatSync(path).ino, ino);
  // What the first has left is another's by now.
  first.remove();
  assert.ok(existsSync(path));
  second.remove();
  assert.ok(!existsSync(path));
  libc.close(second.fd);
});

test("openListener() takes a full queue and a socket of datagrams for somebody", () => {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const path = newPath();
    const fd = check("make a socket", libc.socket(AF_UNIX, type, 0));
    const address = new Uint8Array([AF_UNIX, 0, ...new TextEncoder().encode(`${path}\0`)]);
    check("bind it", libc.bind(fd, address));
    const clients: RawClient[] = [];
    if (type === SOCK_STREAM) {
      check("listen", libc.listen(fd, 0));
      clients.push(new RawClient(libc, path));
    }
    assert.throws(() => openListener(libc, path, null), isTrouble("in use"));
    for (const client of clients) client.close();
    libc.close(fd);
  }
});

test("openListener() touches nothing that is no socket", () => {
  const file = newPath();
  writeFileSync(file, "precious");
  assert.throws(() => openListener(libc, file, null), isTrouble("not a socket"));
  assert.equal(readFileSync(file, "utf8"), "precious");
  const link = newPath();
  symlinkSync("nowhere", link);
  assert.throws(() => openListener(libc, link, null), isTrouble("not a socket"));
  const directory = newPath();
  mkdirSync(directory);
  assert.throws(() => openListener(libc, directory, null), isTrouble("not a socket"));
});

test("openListener() makes only the last part of a folder", () => {
  const path = join(folder.path, "no", "such", "fh.sock");
  assert.throws(() => openListener(libc, path, null), isTrouble("refused"));
  assert.ok(!existsSync(join(folder.path, "no")));
  const file = newPath();
  writeFileSync(file, "");
  assert.throws(() => openListener(libc, join(file, "fh.sock"), null), isTrouble("refused"));
});

/** A folder with a mode. */
function folderWith(mode: number): string {
  const made = newPath();
  mkdirSync(made);
  chmodSync(made, mode);
  return made;
}

test("openListener() refuses a folder to which others may write, also by another name", () => {
  for (const mode of [0o777, 0o770, 0o702]) {
    const open = folderWith(mode);
    const link = newPath();
    symlinkSync(open, link);
    for (const name of [open, link]) {
      const path = join(name, "fh.sock");
      assert.throws(() => openListener(libc, path, null), isTrouble("unsafe folder"));
      const advice = `others may write to the folder ${name}; take that right away, or choose`;
      assert.throws(() => openListener(libc, path, null), new RegExp(advice));
    }
    assert.deepEqual(readdirSync(open), []);
  }
});

test("openListener() takes a sticky folder as /tmp is, and a link to a safe one", () => {
  const link = newPath();
  symlinkSync(folderWith(0o755), link);
  for (const safe of [folderWith(0o1777), link]) {
    const path = join(safe, "fh.sock");
    const listener = openListener(libc, path, isRoot ? 4321 : process.getgid!());
    assert.equal(modeOf(path), "660");
    listener.remove();
    libc.close(listener.fd);
  }
});

const notRoot = isRoot ? false : "only root gives a folder away";
test("openListener() refuses a folder of another user (needs root)", { skip: notRoot }, () => {
  for (const mode of [0o700, 0o1777]) {
    const another = folderWith(mode);
    chownSync(another, 4321, 4321);
    const act = () => openListener(libc, join(another, "fh.sock"), null);
    assert.throws(act, isTrouble("unsafe folder"));
    assert.throws(act, /belongs to uid 4321; choose another path/);
  }
});

/** A libc that does something with what bind(2) has made. */
function afterBind(act: (path: string) => void) {
  return {
    ...libc,
    bind(fd: number, address: Uint8Array) {
      const result = libc.bind(fd, address);
      act(new TextDecoder().decode(address.subarray(2, -1)));
      return result;
    },
  };
}

test("openListener() makes the socket closed to others from the first moment on", () => {
  const before = process.umask(0);
  const modes: string[] = [];
  const listener = openListener(afterBind((path) => modes.push(modeOf(path))), newPath(), null);
  assert.deepEqual([modes, process.umask(before)], [["600"], 0]);
  listener.remove();
  libc.close(listener.fd);
});

test("openListener() follows no link that stands in its socket's place", () => {
  const victim = newPath();
  writeFileSync(victim, "precious");
  chmodSync(victim, 0o640);
  const { gid } = statSync(victim);
  const fake = afterBind((path) => {
    unlinkSync(path);
    symlinkSync(victim, path);
  });
  for (const group of [null, isRoot ? 4321 : process.getgid!()]) {
    const before = readdirSync(folder.path);
    assert.throws(() => openListener(fake, newPath(), group), isTrouble("unsafe folder"));
    assert.deepEqual([modeOf(victim), statSync(victim).gid], ["640", gid]);
    assert.deepEqual(readdirSync(folder.path), before);
  }
});

test("openListener() says EACCES as it is (root may write everywhere)", { skip: isRoot }, () => {
  const closed = join(folder.path, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  assert.throws(() => openListener(libc, join(closed, "fh.sock"), null), /EACCES/);
  chmodSync(closed, 0o700);
});

test("openListener() leaves neither a file nor a descriptor when it fails", () => {
  const path = newPath();
  const closed: number[] = [];
  const fake = {
    ...libc,
    listen: () => -13,
    close: (fd: number) => (closed.push(fd), libc.close(fd)),
  };
  const before = readdirSync(folder.path);
  assert.throws(() => openListener(fake, path, null), /Cannot listen on .*: EACCES/);
  assert.deepEqual(readdirSync(folder.path), before);
  assert.equal(closed.length, 1);
});

test("openListener() takes the longest path that has room for a temporary name", () => {
  const longest = join(folder.path, "p".repeat(100 - folder.path.length - 1));
  const listener = openListener(libc, longest, null);
  new RawClient(libc, longest).close();
  listener.remove();
  libc.close(listener.fd);
  assert.throws(() => openListener(libc, `${longest}p`, null), isTrouble("too long"));
});

test("inheritedListeners() is empty where nothing is meant for this process", () => {
  for (
    const env of [
      {},
      { LISTEN_FDS: "1" },
      { LISTEN_PID: "5", LISTEN_FDS: "1" },
      { LISTEN_PID: "4" },
      { LISTEN_PID: "4", LISTEN_FDS: "0" },
      { LISTEN_PID: "4", LISTEN_FDS: "-1" },
      { LISTEN_PID: "4", LISTEN_FDS: "x" },
    ]
  ) assert.deepEqual(inheritedListeners(libc, env, 4), [], JSON.stringify(env));
});

/** Descriptors 3 and 4 belong to the runtime: a libc that shows others in their place. */
function shifted(fds: readonly number[]) {
  const real = (fd: number) => fds[fd - 3] ?? -1;
  return {
    ...libc,
    getsockopt: (fd: number, level: number, name: number, value: Uint8Array) =>
      libc.getsockopt(real(fd), level, name, value),
    ioctl: (fd: number, request: number, argument: Uint8Array) =>
      libc.ioctl(real(fd), request, argument),
  };
}

test("inheritedListeners() takes Unix stream sockets that listen, and makes them not block", () => {
  const fds = [newPath(), newPath()].map((path) => {
    const fd = check("make a socket", libc.socket(AF_UNIX, SOCK_STREAM, 0));
    const address = new Uint8Array([AF_UNIX, 0, ...new TextEncoder().encode(`${path}\0`)]);
    check("bind it", libc.bind(fd, address));
    check("listen", libc.listen(fd, 8));
    return fd;
  });
  const env = { LISTEN_PID: "4", LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b" };
  assert.deepEqual(inheritedListeners(shifted(fds), env, 4), [3, 4]);
  for (const fd of fds) {
    assert.equal(flagsOf(fd) & SOCK_NONBLOCK, SOCK_NONBLOCK);
    assert.equal(flagsOf(fd) & SOCKET.SOCK_CLOEXEC, SOCKET.SOCK_CLOEXEC);
    libc.close(fd);
  }
});

test("inheritedListeners() refuses what does not listen, is no stream, or is no socket", () => {
  const path = newPath();
  const env = { LISTEN_PID: "4", LISTEN_FDS: "1" };
  const sockets = [[AF_UNIX, SOCK_STREAM], [AF_UNIX, SOCK_DGRAM], [SOCKET.AF_NETLINK, SOCK_DGRAM]];
  for (const [domain, type] of sockets) {
    const fd = check("make a socket", libc.socket(domain!, type!, 0));
    assert.throws(
      () => inheritedListeners(shifted([fd]), env, 4),
      isTrouble("not listening"),
    );
    libc.close(fd);
  }
  const { fd, remove } = openListener(libc, path, null);
  const more = { ...env, LISTEN_FDS: "2" };
  assert.throws(() => inheritedListeners(shifted([fd]), more, 4), /descriptor 4/);
  remove();
  libc.close(fd);
});
