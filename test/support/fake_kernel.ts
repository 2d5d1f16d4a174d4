/**
 * A kernel whose time passes when somebody waits, and which sends the proc events that a test has
 * written down. Its /proc is a folder of files, which are read by the libc of this host.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import { CLOCK } from "../../ffi/linux.ts";
import type { Libc } from "../../ffi/libc.ts";
import { openLibc } from "../../ffi/mod.ts";
import {
  encodeProcEvent,
  PROC_CN_MCAST,
  PROC_EVENT,
  ProcDatagram,
} from "../../src/wire/proc_event.ts";
import { FakeDatagrams } from "./fake_libc.ts";

/** Descriptors of the two sockets, and of what ends a wait; no file of a test has such. */
export const FAKE_FD = { truth: 1_000_001, doorbell: 1_000_002, wake: 1_000_003 } as const;

/** A wait without end that nothing ends is ended by a signal after so long. */
const SIGNAL_NS = 100_000_000;

/** A datagram that arrives at a time, or an error of the call that would have received it. */
interface Arrival {
  readonly at: number;
  readonly fd: number;
  readonly datagram: Uint8Array | number;
}

/** A proc event: the words are those of its union, in order. */
export interface FakeEvent {
  readonly what: number;
  readonly time: number;
  readonly words: readonly number[];
  readonly cpu?: number;
  readonly ack?: number;
}

/** Such a kernel. */
export class FakeKernel {
  /** Nanoseconds since boot. */
  now = 1e12;
  /** What it says it has dropped of the truth. */
  drops = 0;
  /** What it was asked: LISTEN and IGNORE. */
  readonly asked: number[] = [];
  readonly libc: Libc;
  #arrivals: Arrival[] = [];
  #acts: { readonly at: number; readonly act: () => void }[] = [];
  readonly #numbers = new Map<number, number>();

  private constructor(real: Libc) {
    const sockets = [FAKE_FD.truth, FAKE_FD.doorbell];
    this.libc = {
      ...real,
      socket: () => sockets.shift()!,
      bind: () => 0,
      setsockopt: () => 0,
      attachFilter: () => 0,
      getsockopt: (_fd, level, _name, value) => this.#option(level, value),
      send: (_fd, message) => this.#take(message),
      datagrams: (count, size) => new FakeDatagrams(count, size),
      recvmmsg: (fd, into) => this.#receive(fd, into as FakeDatagrams),
      ppoll: (set, timeoutNs) => this.#wait(set, timeoutNs),
      clockGettime: (clock) => clock === CLOCK.BOOTTIME || clock === CLOCK.MONOTONIC ? this.now : 0,
      clockRealtime: () => ({ seconds: 1_700_000_000, ns: 0 }),
      close: (fd) => fd >= FAKE_FD.truth ? 0 : real.close(fd),
    };
  }

  /** One in which nothing has happened. */
  static async open(): Promise<FakeKernel> {
    return new FakeKernel(await openLibc());
  }

  /** An event takes its CPU's next number; `lost` of them are taken before it, and never come. */
  event({ what, time, words, cpu = 0, ack = 0 }: FakeEvent, lost = 0): Uint8Array {
    const event = new ProcDatagram();
    const seq = (this.#numbers.get(cpu) ?? 0) + lost;
    this.#numbers.set(cpu, seq + 1);
    Object.assign(event, { what, time, cpu, seq, ack, unionLength: 24 });
    event.words.set(words);
    return encodeProcEvent(event);
  }

  /** Has datagrams, or an error of recvmmsg(2), arrive at a socket at a time; now by default. */
  arrive(fd: number, datagrams: readonly (Uint8Array | number)[], at: number = this.now): void {
    this.#arrivals.push(...datagrams.map((datagram) => ({ at, fd, datagram })));
    this.#arrivals.sort((a, b) => a.at - b.at);
  }

  /** Has something happen at a time, while somebody waits. */
  later(at: number, act: () => void): void {
    this.#acts.push({ at, act });
  }

  #pass(until: number): void {
    for (const one of this.#acts.filter(({ at }) => at <= until)) {
      this.#acts = this.#acts.filter((other) => other !== one);
      this.now = Math.max(this.now, one.at);
      one.act();
    }
    this.now = until;
  }

  #option(level: number, value: Uint8Array): number {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    // SOL_SOCKET has the size of the buffer in four bytes; SO_MEMINFO nine words, drops the last.
    if (level === 1 && value.length > 4) view.setUint32(32, this.drops, true);
    else view.setInt32(0, 83_200_000, true);
    return value.length;
  }

  #take(message: Uint8Array): number {
    const view = new DataView(message.buffer);
    const op = view.getUint32(36, true);
    this.asked.push(op);
    const ack = (view.getUint32(28, true) + 1) >>> 0;
    if (op === PROC_CN_MCAST.LISTEN) {
      const { NONE } = PROC_EVENT;
      this.arrive(FAKE_FD.truth, [this.event({ what: NONE, time: this.now, words: [0], ack })]);
    }
    return message.length;
  }

  #receive(fd: number, into: FakeDatagrams): number {
    const due: Uint8Array[] = [];
    for (const one of this.#arrivals.slice()) {
      if (one.fd !== fd || one.at > this.now || due.length === into.count) continue;
      if (typeof one.datagram === "number" && due.length > 0) break;
      this.#arrivals = this.#arrivals.filter((other) => other !== one);
      if (typeof one.datagram === "number") return one.datagram;
      due.push(one.datagram);
    }
    return due.length === 0 ? -ERRNO.EAGAIN : into.fill(due);
  }

  /** Time passes until something comes for one of the set, or the wait is over. */
  #wait(set: Uint8Array, timeoutNs: number): number {
    const view = new DataView(set.buffer, set.byteOffset, set.byteLength);
    const fds = Array.from({ length: set.length / 8 }, (_, at) => view.getInt32(at * 8, true));
    for (let at = 0; at < fds.length; at++) view.setInt16(at * 8 + 6, 0, true);
    const next = this.#arrivals.find(({ fd }) => fds.includes(fd));
    const end = timeoutNs < 0 ? Infinity : this.now + timeoutNs;
    if (next === undefined || next.at > end) {
      this.#pass(end === Infinity ? this.now + SIGNAL_NS : end);
      return end === Infinity ? -ERRNO.EINTR : 0;
    }
    this.#pass(Math.max(this.now, next.at));
    view.setInt16(fds.indexOf(next.fd) * 8 + 6, 1, true);
    return 1;
  }
}
