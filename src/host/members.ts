/**
 * Signals to processes that are named by pid and start: never to another that has the pid by then.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { openLibc } from "../../ffi/mod.ts";

/** What became of a signal. */
export type Sent = "sent" | "gone" | "denied";

/** Sends signals by pidfd: pidfd_open(2), pidfd_send_signal(2). */
export class MemberSignals {
  readonly #libc: Libc;
  readonly #startOf: (pid: number) => number | null;

  private constructor(libc: Libc, startOf: (pid: number) => number | null) {
    this.#libc = libc;
    this.#startOf = startOf;
  }

  /**
   * `startOf` looks up the start of the process that has a pid, clock ticks since boot; null when
   * there is none. Null where the kernel has no pidfds (before Linux 5.3).
   */
  static async open(startOf: (pid: number) => number | null): Promise<MemberSignals | null> {
    const libc = await openLibc();
    const own = libc.pidfdOpen(1);
    if (own === -ERRNO.ENOSYS) return null;
    if (own >= 0) libc.close(own);
    return new MemberSignals(libc, startOf);
  }

  /**
   * Sends a signal to the process with a pid that began at that time. The pidfd is opened before
   * the start is looked at: whoever has the pid then is the one that the pidfd means.
   */
  send(pid: number, startTicks: number, sig: number): Sent {
    const pidfd = this.#libc.pidfdOpen(pid);
    if (pidfd < 0) return "gone";
    try {
      const start = this.#startOf(pid);
      // A fork event can come a tick after the start that /proc has.
      if (start === null || Math.abs(start - startTicks) > 1) return "gone";
      const result = this.#libc.pidfdSendSignal(pidfd, sig, null);
      if (result === -ERRNO.EPERM) return "denied";
      return result < 0 ? "gone" : "sent";
    } finally {
      this.#libc.close(pidfd);
    }
  }
}
