/**
 * What the host's service manager is told: the datagrams of sd_notify(3).
 *
 * Each goes through a socket of its own, as libsystemd does it: they are few, and a manager that
 * was started anew is found again.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { CLOCK, SOCKET } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

/** sizeof(sun_path), uapi/linux/un.h; a path ends with a NUL byte in it. */
const SUN_PATH = 108;
/** systemd drops messages of more than 4096 bytes; a UTF-16 unit becomes at most 3. */
const STATUS_MAX = 500;
/** How long a change of state waits for a manager that does not read: struct timeval, 1 s. */
const PATIENCE = new Uint8Array(new BigInt64Array([1n, 0n]).buffer);

const encoder = new TextEncoder();

/**
 * Whoever started this program and wants to hear how it is, by NOTIFY_SOCKET in the environment.
 *
 * Messages are sent in the order of the calls. Each resolves, and never rejects, to 0 or to the
 * errno that kept it from being sent: a manager that is gone is no reason to end. Where there is
 * no manager nothing is done, and the answer is 0.
 */
export class ServiceManager {
  readonly #address: Uint8Array | null;
  /** Null when it does not load. */
  readonly #libc: Promise<Libc | null>;

  private constructor(address: Uint8Array | null, libc: Promise<Libc | null>) {
    this.#address = address;
    this.#libc = libc;
  }

  /** Looks whether there is one; libc is loaded only then. */
  static open(
    env: Readonly<Record<string, string | undefined>>,
    load: () => Promise<Libc> = openLibc,
  ): ServiceManager {
    const address = notifyAddress(env["NOTIFY_SOCKET"] ?? "");
    const libc = address === null ? Promise.resolve(null) : load().catch(() => null);
    return new ServiceManager(address, libc);
  }

  /** Somebody wants to hear. */
  get present(): boolean {
    return this.#address !== null;
  }

  /** The start, or a reload, is over. */
  ready(status: string): Promise<number> {
    return this.#tell(() => `READY=1\n${statusLine(status)}`);
  }

  /** One line for `systemctl status`; where the manager does not read, it is dropped at once. */
  status(text: string): Promise<number> {
    return this.#tell(() => statusLine(text), SOCKET.MSG_DONTWAIT);
  }

  /** The configuration is read again; {@linkcode ServiceManager.ready} ends that. */
  reloading(): Promise<number> {
    return this.#tell((libc) => {
      const usec = Math.floor(libc.clockGettime(CLOCK.MONOTONIC) / 1000);
      return `RELOADING=1\nMONOTONIC_USEC=${usec}`;
    });
  }

  /** The end has begun. */
  stopping(): Promise<number> {
    return this.#tell(() => "STOPPING=1");
  }

  /** All calls wait for the same promise, and go on in their order. */
  async #tell(message: (libc: Libc) => string, flags = 0): Promise<number> {
    const address = this.#address;
    if (address === null) return 0;
    const libc = await this.#libc;
    return libc === null ? ERRNO.ENOSYS : send(libc, address, message(libc), flags);
  }
}

/** Sends one datagram; 0, or the errno of what failed. */
function send(libc: Libc, address: Uint8Array, message: string, flags: number): number {
  const { AF_UNIX, SOCK_DGRAM, SOCK_CLOEXEC, SOL_SOCKET, SO_SNDTIMEO, MSG_NOSIGNAL } = SOCKET;
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -fd;
  libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, PATIENCE);
  let result = libc.connect(fd, address);
  if (result >= 0) result = libc.send(fd, encoder.encode(message), flags | MSG_NOSIGNAL);
  libc.close(fd);
  return result < 0 ? -result : 0;
}

/** A line break would begin another assignment. */
function statusLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return `STATUS=${text.slice(0, STATUS_MAX).replace(/[\0-\x1f\x7f]+/g, " ")}`;
}

/**
 * struct sockaddr_un of a path, or of a name that is in no folder: `@` stands for its NUL byte.
 * Null for what is neither, such as the `vsock:` of virtual machines, and for what does not fit.
 */
function notifyAddress(name: string): Uint8Array | null {
  if (!/^[@/]./s.test(name)) return null;
  const isPath = name[0] === "/";
  const path = encoder.encode(isPath ? `${name}\0` : `\0${name.slice(1)}`);
  if (path.length > SUN_PATH) return null;
  const address = new Uint8Array(new ArrayBuffer(2 + path.length));
  address[0] = SOCKET.AF_UNIX;
  address.set(path, 2);
  return address;
}
