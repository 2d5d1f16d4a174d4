/**
 * What a service manager has: a socket that sd_notify(3) writes to.
 *
 * @module
 */
import { check, ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { SOCKET } from "../../ffi/linux.ts";

const { AF_UNIX, SOCK_DGRAM, SOCK_CLOEXEC, MSG_DONTWAIT } = SOCKET;

/** struct sockaddr_un of what NOTIFY_SOCKET says. */
function sockaddr(name: string): Uint8Array {
  const path = new TextEncoder().encode(name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`);
  return new Uint8Array([AF_UNIX, 0, ...path]);
}

/** A socket at an address, without anybody who reads it. */
export class Receiver {
  readonly #fd: number;

  constructor(readonly libc: Libc, name: string) {
    this.#fd = check("make a socket", libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    check("bind it", libc.bind(this.#fd, sockaddr(name)));
  }

  /** The next message; it is there as soon as it was sent. */
  next(): string {
    const bytes = new Uint8Array(new ArrayBuffer(8192));
    const length = check("receive", this.libc.recv(this.#fd, bytes, MSG_DONTWAIT));
    return new TextDecoder().decode(bytes.subarray(0, length));
  }

  /** All messages that have come. */
  take(): string[] {
    const messages: string[] = [];
    const bytes = new Uint8Array(new ArrayBuffer(8192));
    for (;;) {
      const length = this.libc.recv(this.#fd, bytes, MSG_DONTWAIT);
      if (length === -ERRNO.EAGAIN) return messages;
      check("receive", length);
      messages.push(new TextDecoder().decode(bytes.subarray(0, length)));
    }
  }

  /** Nothing waits to be read. */
  get empty(): boolean {
    return this.libc.recv(this.#fd, new Uint8Array(1), MSG_DONTWAIT) === -ERRNO.EAGAIN;
  }

  /** Closes the socket. */
  close(): void {
    this.libc.close(this.#fd);
  }
}
