/**
 * Libc on top of any {@linkcode Native}: marshalling that is the same for every runtime.
 *
 * Structures whose addresses the kernel is given lie on an explicit ArrayBuffer that a field
 * holds: a small typed array may keep its bytes inside the object and move them later.
 *
 * @module
 */
import { ERRNO } from "./errno.ts";
import type { Datagrams, Libc } from "./libc.ts";
import { CLOCK, SOCKET, SYSCALLS } from "./linux.ts";
import type { Native } from "./native.ts";

/** sizeof(struct sockaddr_nl), uapi/linux/netlink.h; nl_pid is at 4. */
const SOCKADDR_NL = 12;
/** Layout of struct mmsghdr, bits/socket.h, 64-bit: msghdr 56 bytes, then msg_len. */
const MMSGHDR = { size: 64, name: 0, namelen: 8, iov: 16, iovlen: 24, length: 56 } as const;
/** sizeof(struct iovec): base, length. */
const IOVEC = 16;
/** epoll_event is packed on x86-64 only (uapi/linux/eventpoll.h). */
export function epollEventLayout(arch: string): { size: number; data: number } {
  return arch === "x64" ? { size: 12, data: 4 } : { size: 16, data: 8 };
}

/** Room for the filter programs fh attaches; the kernel's own bound is BPF_MAXINSNS 4096. */
const BPF_MAXINSNS_USED = 64;

/** Events one epollPeek() takes. */
const EPOLL_EVENTS_MAX = 256;

const NS = 1_000_000_000;

class RecvSlots implements Datagrams {
  readonly bytes: DataView;
  readonly headers: Uint8Array;
  readonly #headers: DataView;
  readonly #names: DataView;
  /** The kernel is told these addresses; the field keeps the memory alive. */
  readonly #iovecs: ArrayBuffer;

  constructor(native: Native, readonly count: number, readonly size: number) {
    const data = new ArrayBuffer(count * size);
    const headers = new ArrayBuffer(count * MMSGHDR.size);
    const names = new ArrayBuffer(count * SOCKADDR_NL);
    this.#iovecs = new ArrayBuffer(count * IOVEC);
    this.bytes = new DataView(data);
    this.headers = new Uint8Array(headers);
    this.#headers = new DataView(headers);
    this.#names = new DataView(names);
    const at = (buffer: ArrayBuffer) => BigInt(native.address(buffer));
    const [dataAt, nameAt, iovAt] = [at(data), at(names), at(this.#iovecs)];
    const iovecs = new DataView(this.#iovecs);
    for (let slot = 0; slot < count; slot++) {
      iovecs.setBigUint64(slot * IOVEC, dataAt + BigInt(slot * size), true);
      iovecs.setBigUint64(slot * IOVEC + 8, BigInt(size), true);
      const header = slot * MMSGHDR.size;
      this.#headers.setBigUint64(header + MMSGHDR.name, nameAt + BigInt(slot * SOCKADDR_NL), true);
      this.#headers.setUint32(header + MMSGHDR.namelen, SOCKADDR_NL, true);
      this.#headers.setBigUint64(header + MMSGHDR.iov, iovAt + BigInt(slot * IOVEC), true);
      this.#headers.setBigUint64(header + MMSGHDR.iovlen, 1n, true);
    }
  }

  length(slot: number): number {
    return this.#headers.getUint32(slot * MMSGHDR.size + MMSGHDR.length, true);
  }

  sender(slot: number): number {
    return this.#names.getUint32(slot * SOCKADDR_NL + 4, true);
  }
}

/** Makes the {@linkcode Libc} of a loaded library; `arch` is `process.arch`. */
export function createLibc(native: Native, arch: string): Libc {
  const numbers = SYSCALLS[arch];
  if (numbers === undefined) throw new Error(`Cannot make system calls on this CPU: ${arch}`);
  const c = native.symbols as unknown as Record<keyof Native["symbols"], Call>;
  const answer = (result: number): number => result === -1 ? -native.errno() : result;
  const epoll = epollEventLayout(arch);

  const timespec = new DataView(new ArrayBuffer(16));
  const socklen = new Uint32Array(new ArrayBuffer(4));
  const epollEvent = new DataView(new ArrayBuffer(epoll.size));
  const epollEvents = new DataView(new ArrayBuffer(EPOLL_EVENTS_MAX * epoll.size));
  const rlimit = new BigUint64Array(new ArrayBuffer(16));
  const filter = new Uint8Array(new ArrayBuffer(BPF_MAXINSNS_USED * 8));
  // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
  const fprog = new DataView(new ArrayBuffer(16));
  fprog.setBigUint64(8, BigInt(native.address(filter.buffer as ArrayBuffer)), true);
  const priorityOf = new Int32Array(new ArrayBuffer(4));

  /** For calls that fill `value` and a socklen_t: the bytes filled. */
  function sized(value: Uint8Array, call: (length: Uint32Array) => number): number {
    socklen[0] = value.byteLength;
    const result = answer(call(socklen));
    return result < 0 ? result : socklen[0]!;
  }

  return {
    socket: (domain, type, protocol) => answer(c.socket(domain, type, protocol)),
    bind: (fd, address) => answer(c.bind(fd, address, address.byteLength)),
    getsockname: (fd, address) => sized(address, (length) => c.getsockname(fd, address, length)),
    setsockopt: (fd, level, name, value) =>
      answer(c.setsockopt(fd, level, name, value, value.byteLength)),
    getsockopt: (fd, level, name, value) =>
      sized(value, (length) => c.getsockopt(fd, level, name, value, length)),
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

    ppoll(fds, timeoutNs) {
      if (timeoutNs < 0) return answer(c.ppoll(fds, fds.byteLength / 8, null, null));
      timespec.setBigInt64(0, BigInt(Math.floor(timeoutNs / NS)), true);
      timespec.setBigInt64(8, BigInt(Math.floor(timeoutNs % NS)), true);
      return answer(c.ppoll(fds, fds.byteLength / 8, timespec, null));
    },
    eventfd: (flags) => answer(c.eventfd(0, flags)),
    epollCreate: (flags) => answer(c.epoll_create1(flags)),
    epollAdd(fd, watched, events, tag) {
      epollEvent.setUint32(0, events, true);
      epollEvent.setUint32(epoll.data, tag, true);
      return answer(c.epoll_ctl(fd, 1, watched, epollEvent));
    },
    epollRemove: (fd, watched) => answer(c.epoll_ctl(fd, 2, watched, null)),
    epollPeek(fd, into) {
      const max = Math.min(EPOLL_EVENTS_MAX, into.length >> 1);
      const ready = answer(c.epoll_wait(fd, epollEvents, max, 0));
      for (let i = 0; i < ready; i++) {
        into[i * 2] = epollEvents.getUint32(i * epoll.size, true);
        into[i * 2 + 1] = epollEvents.getUint32(i * epoll.size + epoll.data, true);
      }
      return ready;
    },
    inotifyInit: (flags) => answer(c.inotify_init1(flags)),
    inotifyAddWatch: (fd, path, mask) => answer(c.inotify_add_watch(fd, path, mask)),
    inotifyRemoveWatch: (fd, watch) => answer(c.inotify_rm_watch(fd, watch)),

    openat: (directory, path, flags) => answer(c.openat(directory, path, flags)),
    readlinkat: (directory, path, into) =>
      answer(c.readlinkat(directory, path, into, into.byteLength)),
    read: (fd, into) => answer(c.read(fd, into, into.byteLength)),
    pread: (fd, into, offset) => answer(c.pread(fd, into, into.byteLength, offset)),
    write: (fd, bytes) => answer(c.write(fd, bytes, bytes.byteLength)),
    close: (fd) => answer(c.close(fd)),
    ioctl: (fd, request, argument) => answer(c.ioctl(fd, request, argument)),

    pidfdOpen: (pid) => answer(c.syscall(numbers.pidfdOpen, pid, 0, null)),
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
      return answer(c.syscall(numbers.schedSetscheduler, 0, policy, priorityOf));
    },
    prctl: (option, value) => answer(c.prctl(option, value)),
    raiseLimit(resource) {
      const got = answer(c.getrlimit(resource, rlimit));
      if (got < 0) return got;
      rlimit[0] = rlimit[1]!;
      const set = answer(c.setrlimit(resource, rlimit));
      return set < 0 ? set : Math.min(Number(rlimit[0]), Number.MAX_SAFE_INTEGER);
    },
    lowerLimit(resource, value) {
      rlimit.fill(BigInt(value));
      return answer(c.setrlimit(resource, rlimit));
    },

    unload: () => native.close(),
  };
}

/** tv_sec of a struct timespec, without a bigint. */
function seconds(timespec: DataView): number {
  return timespec.getUint32(0, true) + timespec.getInt32(4, true) * 0x1_0000_0000;
}

type Call = (...args: (number | ArrayBufferView | null)[]) => number;
