/**
 * A libc that a test writes: the calls it is given, everything else succeeds with 0.
 *
 * @module
 */
import type { Datagrams, Libc } from "../../ffi/libc.ts";

/** Slots in memory, filled by a fake recvmmsg. */
export class FakeDatagrams implements Datagrams {
  readonly bytes: DataView;
  readonly lengths: number[] = [];
  readonly senders: number[] = [];

  constructor(readonly count: number, readonly size: number) {
    this.bytes = new DataView(new ArrayBuffer(count * size));
  }

  length(slot: number): number {
    return this.lengths[slot] ?? 0;
  }

  sender(slot: number): number {
    return this.senders[slot] ?? 0;
  }

  /** Puts `datagrams` into the slots; the number of them. */
  fill(datagrams: readonly Uint8Array[], sender = 0): number {
    datagrams.forEach((datagram, slot) => {
      new Uint8Array(this.bytes.buffer).set(datagram, slot * this.size);
      this.lengths[slot] = datagram.length;
      this.senders[slot] = sender;
    });
    return datagrams.length;
  }
}

/** A {@linkcode Libc} of `calls`. */
export function fakeLibc(calls: Partial<Libc>): Libc {
  const given: Partial<Libc> = {
    datagrams: (count, size) => new FakeDatagrams(count, size),
    ...calls,
  };
  return new Proxy(given, {
    get(target, name) {
      // A promise would wait for whatever has a then().
      return Reflect.get(target, name) ?? (name === "then" ? undefined : () => 0);
    },
  }) as Libc;
}
