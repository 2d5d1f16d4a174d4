/**
 * Signals that tell of a fork, with the siginfo of 2004.
 *
 * pidfd_send_signal(2) hits the process that was opened, never another that has its pid later. A
 * caller may choose all of siginfo where si_code is negative and not SI_TKILL (kernel/signal.c,
 * do_pidfd_send_signal()).
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";

/** siginfo_t of 64-bit Linux, union member _rt: asm-generic/siginfo.h. */
const SIGINFO = { size: 128, signo: 0, code: 8, pid: 16, value: 24 } as const;
const SI_ASYNCIO = -4;

/** Sends signals to processes by pidfd. Results are 0, or the negative errno. */
export class Signals {
  readonly #libc: Libc;
  readonly #bytes = new Uint8Array(new ArrayBuffer(SIGINFO.size));
  readonly #info = new DataView(this.#bytes.buffer);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#info.setInt32(SIGINFO.code, SI_ASYNCIO, true);
  }

  /** A pidfd of the process, or a negative errno. */
  open(pid: number): number {
    return this.#libc.pidfdOpen(pid);
  }

  /** Whether a signal could be sent. */
  probe(pidfd: number): number {
    return this.#libc.pidfdSendSignal(pidfd, 0, null);
  }

  /** Queues `sig`; -EAGAIN when the receiver's queue is full. */
  tell(pidfd: number, sig: number, forker: number, child: number): number {
    const info = this.#info;
    info.setInt32(SIGINFO.signo, sig, true);
    info.setInt32(SIGINFO.pid, forker, true);
    info.setInt32(SIGINFO.value, child, true);
    return this.#libc.pidfdSendSignal(pidfd, sig, this.#bytes);
  }

  /** Closes a pidfd. */
  close(pidfd: number): void {
    this.#libc.close(pidfd);
  }
}

/** Whether a result says that the receiver's queue is full. */
export function isFull(result: number): boolean {
  return result === -ERRNO.EAGAIN;
}

/** Whether a result says that the receiver has ended. */
export function isGone(result: number): boolean {
  return result === -ERRNO.ESRCH;
}
