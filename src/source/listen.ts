/**
 * Opens the proc connector, and says in words why it cannot be used.
 *
 * @module
 */
import { check, ERRNO, errnoName, SyscallError } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { FCNTL, POLL, SOCKET } from "../../ffi/linux.ts";
import { INIT_NS_INO, parseNamespace } from "../proc/namespaces.ts";
import {
  CN_PROC,
  decodeProcEvent,
  encodeMcastOp,
  encodeSockaddrNl,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../wire/proc_event.ts";
import { filterForEvent } from "../wire/sock_filter.ts";
import { SourceRefused } from "./capture.ts";

/** Bytes of a receive buffer that one event takes: skb overhead plus 76 (measured on 6.18). */
export const EVENT_TRUESIZE = 832;
/** 64 MiB asked for; the kernel doubles it. Memory is used only while events wait. */
const RCVBUF_WANTED = 64 << 20;
const DOORBELL_RCVBUF = 1 << 20;
const ACK_WAIT_NS = 200_000_000;
const ACK_TRIES = 2;

/** An open subscription. */
export interface Subscription {
  /** Receives every event: the truth. */
  readonly truth: number;
  /** Receives execs alone: rings while the truth is left to fill. */
  readonly doorbell: number;
  /** Bytes of the truth's receive buffer, as the kernel counts them. */
  readonly bufferBytes: number;
  /** Whether the buffer exceeds net.core.rmem_max (CAP_NET_ADMIN). */
  readonly forced: boolean;
  /** Datagrams that came with the acknowledgement, to be decoded like all others. */
  readonly early: readonly Uint8Array[];
}

/** The two namespaces whose events only the initial ones may have; injected by tests. */
export interface NamespaceLinks {
  /** Inode number of /proc/self/ns/NAME; null when it cannot be read. */
  (name: "pid" | "user"): number | null;
}

/** Subscribes; throws {@linkcode SourceRefused} where the host does not allow it. */
export function listen(libc: Libc, namespaceOf: NamespaceLinks): Subscription {
  refuseForeignNamespace(namespaceOf);
  const truth = openSocket(libc);
  let doorbell = -1;
  try {
    const buffer = sizeBuffer(libc, truth, RCVBUF_WANTED);
    // Without it nothing is queued after an overflow until the queue is empty.
    setInt(libc, truth, SOCKET.SOL_NETLINK, SOCKET.NETLINK_NO_ENOBUFS, 1);
    bindToEvents(libc, truth);
    doorbell = openDoorbell(libc);
    const early = awaitAck(libc, truth);
    return { truth, doorbell, early, ...buffer };
  } catch (error) {
    libc.send(truth, encodeMcastOp(PROC_CN_MCAST.IGNORE, 0), 0);
    libc.close(truth);
    if (doorbell >= 0) libc.close(doorbell);
    throw error;
  }
}

function refuseForeignNamespace(namespaceOf: NamespaceLinks): void {
  for (const name of ["pid", "user"] as const) {
    const inode = namespaceOf(name);
    if (inode === null || inode === INIT_NS_INO[name]) continue;
    throw new SourceRefused(
      `this is another ${name} namespace, and the kernel's proc connector serves the initial one`,
      name === "pid" ? "run on the host, or with --pid=host" : "run outside the user namespace",
    );
  }
}

function openSocket(libc: Libc): number {
  const { AF_NETLINK, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC, NETLINK_CONNECTOR } = SOCKET;
  const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = libc.socket(AF_NETLINK, type, NETLINK_CONNECTOR);
  if (fd >= 0) return fd;
  if (-fd === ERRNO.EPROTONOSUPPORT) {
    throw new SourceRefused(
      "the kernel has no connector (CONFIG_CONNECTOR)",
      "use a kernel that is built with CONFIG_PROC_EVENTS=y",
    );
  }
  throw new SourceRefused(
    `a netlink socket cannot be opened: ${errnoName(-fd)}`,
    "allow AF_NETLINK sockets (seccomp filter, RestrictAddressFamilies=)",
  );
}

function setInt(libc: Libc, fd: number, level: number, name: number, value: number): number {
  return libc.setsockopt(fd, level, name, new Uint8Array(new Int32Array([value]).buffer));
}

function sizeBuffer(
  libc: Libc,
  fd: number,
  wanted: number,
): Pick<Subscription, "bufferBytes" | "forced"> {
  const { SOL_SOCKET, SO_RCVBUF, SO_RCVBUFFORCE } = SOCKET;
  const forced = setInt(libc, fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted) === 0;
  if (!forced) check("size the receive buffer", setInt(libc, fd, SOL_SOCKET, SO_RCVBUF, wanted));
  const value = new Uint8Array(4);
  check("read the receive buffer's size", libc.getsockopt(fd, SOL_SOCKET, SO_RCVBUF, value));
  return { bufferBytes: new DataView(value.buffer).getInt32(0, true), forced };
}

function bindToEvents(libc: Libc, fd: number): void {
  const bound = libc.bind(fd, encodeSockaddrNl(1 << (CN_PROC.idx - 1)));
  if (bound >= 0) return;
  if (-bound === ERRNO.EPERM) throw notPermitted();
  throw new SyscallError("bind netlink socket", -bound);
}

function notPermitted(): SourceRefused {
  return new SourceRefused(
    "the kernel does not let this user listen to its proc connector: before Linux 6.6 that " +
      "takes CAP_NET_ADMIN",
    "run as root",
  );
}

function openDoorbell(libc: Libc): number {
  const fd = openSocket(libc);
  // The filter goes on first, so that nothing but execs is ever queued.
  check("attach a filter", libc.attachFilter(fd, filterForEvent(PROC_EVENT.EXEC)));
  sizeBuffer(libc, fd, DOORBELL_RCVBUF);
  setInt(libc, fd, SOCKET.SOL_NETLINK, SOCKET.NETLINK_NO_ENOBUFS, 1);
  bindToEvents(libc, fd);
  return fd;
}

/** Says LISTEN and waits for its acknowledgement, told apart from others' by a random number. */
function awaitAck(libc: Libc, fd: number): Uint8Array[] {
  const early: Uint8Array[] = [];
  for (let attempt = 0; attempt < ACK_TRIES; attempt++) {
    const ack = crypto.getRandomValues(new Uint32Array(1))[0]! & 0x7fffffff;
    const sent = libc.send(fd, encodeMcastOp(PROC_CN_MCAST.LISTEN, ack), 0);
    if (sent < 0) throw sendRefused(-sent);
    if (acknowledged(libc, fd, (ack + 1) >>> 0, early)) return early;
  }
  throw new SourceRefused(
    "the kernel's proc connector does not answer: it is not built in (CONFIG_PROC_EVENTS), or " +
      "this is a namespace it does not serve",
    "use a kernel that is built with CONFIG_PROC_EVENTS=y, on the host",
  );
}

function sendRefused(errno: number): SourceRefused {
  if (errno === ERRNO.ECONNREFUSED) {
    return new SourceRefused(
      "this is another network namespace, and the kernel's proc connector serves the initial one",
      "run on the host, or with --net=host",
    );
  }
  if (errno === ERRNO.EPERM) return notPermitted();
  return new SourceRefused(
    `the kernel's proc connector cannot be asked: ${errnoName(errno)}`,
    "see fh doctor",
  );
}

function acknowledged(libc: Libc, fd: number, expected: number, early: Uint8Array[]): boolean {
  const slots = libc.datagrams(64, 128);
  const event = new ProcDatagram();
  const pollfd = pollSet([fd]);
  const deadline = performance.now() + ACK_WAIT_NS / 1e6;
  while (performance.now() < deadline) {
    libc.ppoll(pollfd, Math.max(0, (deadline - performance.now()) * 1e6));
    const received = libc.recvmmsg(fd, slots, SOCKET.MSG_DONTWAIT);
    let found = false;
    for (let slot = 0; slot < received; slot++) {
      if (slots.sender(slot) !== 0) continue;
      const [at, length] = [slot * slots.size, slots.length(slot)];
      early.push(new Uint8Array(slots.bytes.buffer, at, length).slice());
      if (!decodeProcEvent(slots.bytes, at, length, event)) continue;
      if (event.what !== PROC_EVENT.NONE || event.ack !== expected) continue;
      if (event.words[0] === ERRNO.EPERM) throw notPermitted();
      if (event.words[0] !== 0) throw sendRefused(event.words[0]!);
      found = true;
    }
    if (found) return true;
  }
  return false;
}

/** An array of struct pollfd that waits for input on each of `fds`. */
export function pollSet(fds: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fds.length * 8));
  fds.forEach((fd, index) => {
    view.setInt32(index * 8, fd, true);
    view.setInt16(index * 8 + 4, POLL.POLLIN, true);
  });
  return new Uint8Array(view.buffer);
}

/** Whether the last wait on `set` found something for descriptor `index` of {@linkcode pollSet}. */
export function isReady(set: Uint8Array, index: number): boolean {
  return (set[index * 8 + 6]! | set[index * 8 + 7]!) !== 0;
}

/** Inode number of a namespace of this process, from the link's text `pid:[4026531836]`. */
export function ownNamespace(libc: Libc, procRoot: string, name: string): number | null {
  const path = new TextEncoder().encode(`${procRoot}/self/ns/${name}\0`);
  const into = new Uint8Array(64);
  const length = libc.readlinkat(FCNTL.AT_FDCWD, path, into);
  if (length < 0) return null;
  return parseNamespace(new TextDecoder().decode(into.subarray(0, length)));
}
