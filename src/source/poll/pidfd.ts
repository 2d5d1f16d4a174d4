/**
 * Exits and exit codes of foreign processes, without privileges: pidfds in one epoll set.
 *
 * A pidfd polls readable when the process has ended and hangs up when it has been reaped; from
 * Linux 6.15 on PIDFD_GET_INFO then gives the wait status (include/uapi/linux/pidfd.h).
 *
 * @module
 */
import process from "node:process";
import { ERRNO } from "../../../ffi/errno.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { PIDFD, POLL, TASK } from "../../../ffi/linux.ts";
import { UNKNOWN } from "../../model/event.ts";
import { heldProcesses, isShortage } from "../descriptors.ts";
import { pollSet } from "../listen.ts";

/** struct pidfd_info, first published size. */
const INFO = { mask: 0, ppid: 24, ruid: 28 } as const;
const PAIRS = 256;

/** What pidfd_open(2) says of a pid. */
export const PID_KIND = { thread: -1, gone: -2, unwatchable: -3, unsure: -4 } as const;

/** A set of watched processes. */
export class PidfdSet {
  readonly #libc: Libc;
  readonly #ready = new Uint32Array(PAIRS * 2);
  readonly #info = new Uint8Array(new ArrayBuffer(PIDFD.INFO_SIZE));
  readonly #infoView = new DataView(this.#info.buffer);
  readonly #poll = pollSet([-1]);
  readonly #pollView = new DataView(
    this.#poll.buffer,
    this.#poll.byteOffset,
    this.#poll.byteLength,
  );
  /** Becomes readable when a watched process ends. */
  readonly epoll: number;
  /** How many may be watched: the rest of the descriptors is for other things. */
  readonly most: number;
  #watched = 0;
  #noted = false;
  /** Processes that were not watched for want of descriptors, so far. */
  refused = 0;

  /** `each` is how many descriptors a process takes, all told. */
  constructor(libc: Libc, each = 1) {
    this.#libc = libc;
    this.epoll = libc.epollCreate(POLL.EPOLL_CLOEXEC);
    this.most = heldProcesses(Math.max(0, libc.raiseLimit(TASK.RLIMIT_NOFILE)), each);
  }

  /** Whether this kernel has pidfds. */
  static supported(libc: Libc): boolean {
    const fd = libc.pidfdOpen(process.pid);
    if (fd >= 0) libc.close(fd);
    return fd >= 0;
  }

  /** Watches `pid`; its descriptor, or one of {@linkcode PID_KIND}. */
  add(pid: number): number {
    const fd = this.#libc.pidfdOpen(pid);
    if (fd < 0) {
      if (fd === -ERRNO.ESRCH) return PID_KIND.gone;
      // Newer kernels tell a thread that leads no group from a task that is being born or released.
      if (fd === -ERRNO.ENOENT) return PID_KIND.thread;
      if (fd === -ERRNO.EINVAL) return PID_KIND.unsure;
      if (isShortage(fd)) this.refused++;
      return PID_KIND.unwatchable;
    }
    if (this.#watched >= this.most) {
      this.#libc.close(fd);
      this.refused++;
      return PID_KIND.unwatchable;
    }
    // Edge-triggered: once when it ends, once more when it is reaped.
    const added = this.#libc.epollAdd(this.epoll, fd, (POLL.POLLIN | POLL.EPOLLET) >>> 0, pid);
    if (added < 0) {
      this.#libc.close(fd);
      return PID_KIND.unwatchable;
    }
    this.#watched++;
    return fd;
  }

  /** Says once that not all are watched, when that is so; else null. */
  takeNote(): string | null {
    if (this.#noted || this.refused === 0) return null;
    this.#noted = true;
    return `more processes run than descriptors are left for: ${this.most} at most are watched ` +
      "by pidfds; ends of others are found ten times a second, without their exit codes";
  }

  /** Calls `visit` for each watched process that ended; `reaped` tells a zombie from the gone. */
  poll(visit: (pid: number, reaped: boolean) => void): void {
    while (true) {
      const count = this.#libc.epollPeek(this.epoll, this.#ready);
      for (let i = 0; i < count; i++) {
        visit(this.#ready[i * 2 + 1]!, (this.#ready[i * 2]! & POLL.POLLHUP) !== 0);
      }
      if (count < PAIRS) return;
    }
  }

  /** Whether the process of a descriptor has ended, now; false for none. */
  hasEnded(fd: number): boolean {
    if (fd < 0) return false;
    this.#pollView.setInt32(0, fd, true);
    this.#pollView.setInt16(6, 0, true);
    return this.#libc.ppoll(this.#poll, 0) > 0;
  }

  /** Wait status of a reaped process; UNKNOWN where the kernel does not give it. */
  waitStatus(fd: number): number {
    const mask = this.#getInfo(fd);
    if ((mask & PIDFD.MASK_EXIT) === 0) return UNKNOWN;
    return this.#infoView.getInt32(PIDFD.EXIT_CODE_AT, true);
  }

  /** Parent and real uid of a process that /proc hides; null when the kernel does not tell. */
  identity(fd: number): { ppid: number; uid: number } | null {
    const mask = this.#getInfo(fd);
    const ppid = this.#infoView.getUint32(INFO.ppid, true);
    if ((mask & PIDFD.MASK_CREDS) === 0 || ppid === 0) return null;
    return { ppid, uid: this.#infoView.getUint32(INFO.ruid, true) };
  }

  /** Stops watching. */
  remove(fd: number): void {
    this.#watched--;
    this.#libc.close(fd);
  }

  close(): void {
    this.#libc.close(this.epoll);
  }

  #getInfo(fd: number): number {
    const wanted = PIDFD.MASK_CREDS | PIDFD.MASK_EXIT;
    this.#infoView.setUint32(INFO.mask, wanted, true);
    this.#infoView.setUint32(INFO.mask + 4, 0, true);
    if (this.#libc.ioctl(fd, PIDFD.GET_INFO, this.#info) < 0) return 0;
    return this.#infoView.getUint32(INFO.mask, true);
  }
}
