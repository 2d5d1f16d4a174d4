/**
 * Libc on top of any {@linkcode Native}: marshalling that is the same for every runtime.
 *
 * Structures whose addresses the kernel is given lie on an explicit ArrayBuffer that a closure
 * or a field holds: a small typed array may keep its bytes inside the object and move them later.
 *
 * @module
 */
import { RecvSlots } from "./datagrams.ts";
import { ERRNO } from "./errno.ts";
import type { Libc } from "./libc.ts";
import {
  CLOCK,
  EPOLL_CTL,
  SCHED_ATTR,
  SECCOMP,
  SIGACTION,
  SIGINFO,
  SOCKET,
  SPAWN_ACTIONS_SIZE,
  SYSCALLS,
  TASK,
} from "./linux.ts";
import type { Native } from "./native.ts";

/** Room for the filter programs fh attaches; the kernel's own bound is BPF_MAXINSNS 4096. */
const BPF_MAXINSNS_USED = 64;
/** Events one epollWait() takes. */
const EPOLL_EVENTS_MAX = 256;
const NS = 1_000_000_000;

type Call = (...args: (number | ArrayBufferView | null)[]) => number;

/** A loaded library as the groups of calls see it. */
interface Library {
  readonly native: Native;
  readonly c: Record<keyof Native["symbols"], Call>;
  /** A result as it is, or the negative errno instead of -1. */
  answer(result: number): number;
}

/** Makes the {@linkcode Libc} of a loaded library; `arch` is `process.arch`. */
export function createLibc(native: Native, arch: string): Libc {
  const library: Library = {
    native,
    c: native.symbols as unknown as Library["c"],
    answer: (result) => result === -1 ? -native.errno() : result,
  };
  return {
    ...socketCalls(library),
    ...waitCalls(library, arch),
    ...fileCalls(library),
    ...taskCalls(library, arch),
    unload: () => native.close(),
  };
}

type SocketCalls = Pick<
  Libc,
  | "socket"
  | "bind"
  | "connect"
  | "listen"
  | "accept4"
  | "setsockopt"
  | "getsockopt"
  | "attachFilter"
  | "send"
  | "recv"
  | "datagrams"
  | "recvmmsg"
>;

function socketCalls({ native, c, answer }: Library): SocketCalls {
  const socklen = new Uint32Array(new ArrayBuffer(4));
  const filter = new Uint8Array(new ArrayBuffer(BPF_MAXINSNS_USED * 8));
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const fprog = new DataView(new ArrayBuffer(16));
  fprog.setBigUint64(8, BigInt(native.address(filter.buffer as ArrayBuffer)), true);
  return {
    socket: (domain, type, protocol) => answer(c.socket(domain, type, protocol)),
    bind: (fd, address) => answer(c.bind(fd, address, address.byteLength)),
    connect: (fd, address) => answer(c.connect(fd, address, address.byteLength)),
    listen: (fd, backlog) => answer(c.listen(fd, backlog)),
    accept4: (fd, flags) => answer(c.accept4(fd, null, null, flags)),
    setsockopt: (fd, level, name, value) =>
      answer(c.setsockopt(fd, level, name, value, value.byteLength)),
    getsockopt(fd, level, name, value) {
      socklen[0] = value.byteLength;
      const result = answer(c.getsockopt(fd, level, name, value, socklen));
      return result < 0 ? result : socklen[0]!;
    },
    attachFilter(fd, program) {
      if (program.byteLength > filter.byteLength) return -ERRNO.EINVAL;
      filter.set(program);
      fprog.setUint16(0, program.byteLength / 8, true);
      const { SOL_SOCKET, SO_ATTACH_FILTER } = SOCKET;
      return answer(c.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, 16));
    },
    send: (fd, message, flags) => answer(c.send(fd, message, message.byteLength, flags)),
    recv: (fd, into, flags) => answer(c.recv(fd, into, into.byteLength, flags)),
    datagrams: (count, size) => new RecvSlots(native, count, size),
    recvmmsg(fd, into, flags) {
      return answer(c.recvmmsg(fd, (into as RecvSlots).headers, into.count, flags, null));
    },
  };
}

type WaitCalls = Pick<
  Libc,
  | "ppoll"
  | "eventfd"
  | "epollCreate"
  | "epollAdd"
  | "epollModify"
  | "epollRemove"
  | "epollWait"
  | "epollPeek"
  | "inotifyInit"
  | "inotifyAddWatch"
  | "inotifyRemoveWatch"
>;

/** epoll_event is packed on x86-64 only (uapi/linux/eventpoll.h). */
function epollEventLayout(arch: string): { size: number; data: number } {
  return arch === "x64" ? { size: 12, data: 4 } : { size: 16, data: 8 };
}

function waitCalls({ c, answer }: Library, arch: string): WaitCalls {
  const epoll = epollEventLayout(arch);
  const timespec = new DataView(new ArrayBuffer(16));
  const epollEvent = new DataView(new ArrayBuffer(epoll.size));
  const epollEvents = new DataView(new ArrayBuffer(EPOLL_EVENTS_MAX * epoll.size));
  const control = (fd: number, act: number, watched: number, events: number, tag: number) => {
    epollEvent.setUint32(0, events, true);
    epollEvent.setUint32(epoll.data, tag, true);
    return answer(c.epoll_ctl(fd, act, watched, epollEvent));
  };
  const wait = (fd: number, into: Uint32Array, timeoutMs: number) => {
    const max = Math.min(EPOLL_EVENTS_MAX, into.length >> 1);
    const ready = answer(c.epoll_wait(fd, epollEvents, max, timeoutMs));
    for (let i = 0; i < ready; i++) {
      into[i * 2] = epollEvents.getUint32(i * epoll.size, true);
      into[i * 2 + 1] = epollEvents.getUint32(i * epoll.size + epoll.data, true);
    }
    return ready;
  };
  return {
    ppoll(fds, timeoutNs) {
      if (timeoutNs < 0) return answer(c.ppoll(fds, fds.byteLength / 8, null, null));
      // Fewer seconds than 2^32; the upper halves stay 0.
      timespec.setUint32(0, timeoutNs / NS, true);
      timespec.setUint32(8, timeoutNs % NS, true);
      return answer(c.ppoll(fds, fds.byteLength / 8, timespec, null));
    },
    eventfd: (flags) => answer(c.eventfd(0, flags)),
    epollCreate: (flags) => answer(c.epoll_create1(flags)),
    epollAdd: (fd, watched, events, tag) => control(fd, EPOLL_CTL.ADD, watched, events, tag),
    epollModify: (fd, watched, events, tag) => control(fd, EPOLL_CTL.MOD, watched, events, tag),
    epollRemove: (fd, watched) => answer(c.epoll_ctl(fd, EPOLL_CTL.DEL, watched, null)),
    epollWait: (fd, into, timeoutMs) => wait(fd, into, timeoutMs < 0 ? -1 : timeoutMs),
    epollPeek: (fd, into) => wait(fd, into, 0),
    inotifyInit: (flags) => answer(c.inotify_init1(flags)),
    inotifyAddWatch: (fd, path, mask) => answer(c.inotify_add_watch(fd, path, mask)),
    inotifyRemoveWatch: (fd, watch) => answer(c.inotify_rm_watch(fd, watch)),
  };
}

type FileCalls = Pick<
  Libc,
  "openat" | "readlinkat" | "read" | "pread" | "write" | "close" | "ioctl"
>;

function fileCalls({ c, answer }: Library): FileCalls {
  return {
    openat: (directory, path, flags) => answer(c.openat(directory, path, flags)),
    readlinkat: (directory, path, into) =>
      answer(c.readlinkat(directory, path, into, into.byteLength)),
    read: (fd, into) => answer(c.read(fd, into, into.byteLength)),
    pread: (fd, into, offset) => answer(c.pread(fd, into, into.byteLength, offset)),
    write: (fd, bytes) => answer(c.write(fd, bytes, bytes.byteLength)),
    close: (fd) => answer(c.close(fd)),
    ioctl: (fd, request, argument) => answer(c.ioctl(fd, request, argument)),
  };
}

type TaskCalls = Pick<
  Libc,
  | "pidfdOpen"
  | "pidfdSendSignal"
  | "clockGettime"
  | "clockRealtime"
  | "schedSetscheduler"
  | "schedSlice"
  | "schedGetaffinity"
  | "schedSetaffinity"
  | "prctl"
  | "noNewPrivileges"
  | "ignoreSignal"
  | "waitpid"
  | "forkBriefly"
  | "getrusage"
  | "initgroups"
  | "setresgid"
  | "setresuid"
  | "raiseLimit"
  | "handleOnce"
>;

function taskCalls({ native, c, answer }: Library, arch: string): TaskCalls {
  const numbers = SYSCALLS[arch];
  if (numbers === undefined) throw new Error(`Cannot make system calls on this CPU: ${arch}`);
  const timespec = new DataView(new ArrayBuffer(16));
  const rlimit = new BigUint64Array(new ArrayBuffer(16));
  const schedAttr = new DataView(new ArrayBuffer(SCHED_ATTR.size));
  const schedAttrAt = Number(native.address(schedAttr.buffer as ArrayBuffer));
  const sigaction = new DataView(new ArrayBuffer(SIGACTION.size));
  const priorityOf = new Int32Array(new ArrayBuffer(4));
  return {
    pidfdOpen: (pid) => answer(c.syscall(numbers.pidfdOpen, pid, 0, null, 0)),
    pidfdSendSignal(pidfd, sig, info) {
      // The kernel reads all of it, whatever the length of the view is.
      if (info !== null && info.byteLength < SIGINFO.size) return -ERRNO.EINVAL;
      return answer(c.syscall(numbers.pidfdSendSignal, pidfd, sig, info, 0));
    },
    clockGettime(clock) {
      const result = answer(c.clock_gettime(clock, timespec));
      if (result < 0) return result;
      return seconds(timespec) * NS + timespec.getUint32(8, true);
    },
    clockRealtime() {
      c.clock_gettime(CLOCK.REALTIME, timespec);
      return { seconds: seconds(timespec), ns: timespec.getUint32(8, true) };
    },
    schedSetscheduler(policy, priority) {
      priorityOf[0] = priority;
      return answer(c.syscall(numbers.schedSetscheduler, 0, policy, priorityOf, 0));
    },
    schedSlice(nice, ns) {
      schedAttr.setUint32(0, SCHED_ATTR.size, true);
      schedAttr.setInt32(SCHED_ATTR.nice, nice, true);
      schedAttr.setBigUint64(SCHED_ATTR.runtime, BigInt(ns), true);
      return answer(c.syscall(numbers.schedSetattr, 0, schedAttrAt, null, 0));
    },
    schedGetaffinity: (into) => answer(c.sched_getaffinity(0, into.byteLength, into)),
    schedSetaffinity: (mask) => answer(c.sched_setaffinity(0, mask.byteLength, mask)),
    prctl: (option, value) => answer(c.prctl(option, value, 0, 0, 0)),
    noNewPrivileges() {
      const own = answer(c.prctl(TASK.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
      if (own < 0) return own;
      const { SET_MODE_FILTER, FLAG_TSYNC } = SECCOMP;
      const filter = allowAll(native);
      return answer(c.syscall(numbers.seccomp, SET_MODE_FILTER, FLAG_TSYNC, filter, 0));
    },
    ignoreSignal: (signal) => Math.min(0, answer(c.signal(signal, TASK.SIG_IGN))),
    waitpid: (pid) => answer(c.waitpid(pid, null, TASK.WNOHANG)),
    forkBriefly: () => forkBriefly(native, c),
    getrusage: (who, into) => answer(c.getrusage(who, into)),
    initgroups: (user, gid) => answer(c.initgroups(user, gid)),
    setresgid: (gid) => answer(c.setresgid(gid, gid, gid)),
    setresuid: (uid) => answer(c.setresuid(uid, uid, uid)),
    raiseLimit(resource) {
      const got = answer(c.getrlimit(resource, rlimit));
      if (got < 0) return got;
      rlimit[0] = rlimit[1]!;
      const set = answer(c.setrlimit(resource, rlimit));
      return set < 0 ? set : Math.min(Number(rlimit[0]), Number.MAX_SAFE_INTEGER);
    },
    handleOnce(sig) {
      const got = answer(c.sigaction(sig, null, sigaction));
      if (got < 0) return got;
      const flags = sigaction.getUint32(SIGACTION.flags, true);
      sigaction.setUint32(SIGACTION.flags, (flags | SIGACTION.SA_RESETHAND) >>> 0, true);
      return answer(c.sigaction(sig, sigaction, null));
    },
  };
}

/**
 * A filter that lets every system call pass. prctl(2) is heard by one thread alone; a filter for
 * all threads takes that along (seccomp(2), SECCOMP_FILTER_FLAG_TSYNC).
 */
function allowAll(native: Native): Uint8Array {
  const { PROGRAM, INSTRUCTION, BPF_RET_K, RET_ALLOW } = SECCOMP;
  // The instruction stands behind the program that points to it.
  const buffer = new ArrayBuffer(PROGRAM.size + INSTRUCTION.size);
  const view = new DataView(buffer);
  view.setUint16(PROGRAM.length, 1, true);
  const filterAt = BigInt(native.address(buffer)) + BigInt(PROGRAM.size);
  view.setBigUint64(PROGRAM.filter, filterAt, true);
  view.setUint16(PROGRAM.size + INSTRUCTION.code, BPF_RET_K, true);
  view.setUint32(PROGRAM.size + INSTRUCTION.k, RET_ALLOW, true);
  return new Uint8Array(buffer);
}

/**
 * posix_spawn(3) does not copy this process, and is safe where other threads run. Should the kill
 * come late, the program has no descriptor to say anything on.
 */
function forkBriefly(native: Native, c: Library["c"]): number {
  const [path, name, option] = ["/proc/self/exe\0", "fh\0", "--version\0"] as const;
  const texts = new Uint8Array(new ArrayBuffer(64));
  new TextEncoder().encodeInto(path + name + option, texts);
  const at = BigInt(native.address(texts.buffer as ArrayBuffer)) + BigInt(path.length);
  const argv = new BigUint64Array(new ArrayBuffer(24));
  argv.set([at, at + BigInt(name.length)]);
  const pid = new Int32Array(new ArrayBuffer(4));
  const actions = new Uint8Array(new ArrayBuffer(SPAWN_ACTIONS_SIZE));
  const refused = c.posix_spawn_file_actions_init(actions);
  if (refused !== 0) return -refused;
  for (const fd of [0, 1, 2]) c.posix_spawn_file_actions_addclose(actions, fd);
  // `texts` begins with the path; the end of the arguments is an empty environment.
  const error = c.posix_spawn(pid, texts, actions, null, argv, argv.subarray(2));
  c.posix_spawn_file_actions_destroy(actions);
  if (error !== 0) return -error;
  c.kill(pid[0]!, TASK.SIGKILL);
  c.waitpid(pid[0]!, null, 0);
  return pid[0]!;
}

/** tv_sec of a struct timespec, without a bigint. */
function seconds(timespec: DataView): number {
  return timespec.getUint32(0, true) + timespec.getInt32(4, true) * 0x1_0000_0000;
}
