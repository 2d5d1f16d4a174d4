/**
 * The structures recvmmsg(2) fills, laid out once and used again by every call.
 *
 * @module
 */
import type { Datagrams } from "./libc.ts";
import type { Native } from "./native.ts";

/** sizeof(struct sockaddr_nl), uapi/linux/netlink.h; nl_pid is at 4. */
const SOCKADDR_NL = 12;
/** Layout of struct mmsghdr, bits/socket.h, 64-bit: msghdr 56 bytes, then msg_len. */
const MMSGHDR = { size: 64, name: 0, namelen: 8, iov: 16, iovlen: 24, length: 56 } as const;
/** sizeof(struct iovec): base, length. */
const IOVEC = 16;
/** The slots of {@linkcode Libc.datagrams}. */
export class RecvSlots implements Datagrams {
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
