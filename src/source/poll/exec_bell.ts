/**
 * A doorbell for execs that needs no rights: inotify on what an exec has to open.
 *
 * One watch on the dynamic loader rings for every dynamically linked program; watches on folders
 * of executables ring for static ones. It only says "look now": what happened is read from /proc.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import { NOTIFY } from "../../../ffi/linux.ts";

/** Paths every dynamically linked program opens, by libc and CPU. */
const LOADERS = [
  "/lib64/ld-linux-x86-64.so.2",
  "/lib/ld-linux-aarch64.so.1",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
] as const;
/** What glibc's dynamic loader opens first, by then in the new program. */
const LOADER_CACHE = "/etc/ld.so.cache";
/** Folders where programs usually are. */
const FOLDERS = [
  "/bin",
  "/sbin",
  "/usr/bin",
  "/usr/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
] as const;
/** Folders learnt from programs that were seen; the oldest makes room. */
const LEARNT_MAX = 256;

/** struct inotify_event, uapi/linux/inotify.h: the name follows, `len` bytes. */
const EVENT = { wd: 0, len: 12, size: 16 } as const;

/** What a ring means; of several the greatest counts. */
export const RING = {
  none: 0,
  /** A program has begun to run: it is there to be seen. */
  loading: 1,
  /** An exec has begun: it will be seen in some hundred microseconds. */
  begun: 2,
} as const;

/** The doorbell. */
export class ExecBell {
  /** Becomes readable when it rings; negative when this host has no inotify to spare. */
  readonly fd: number;
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(new ArrayBuffer(16_384));
  readonly #events = new DataView(this.#buffer.buffer);
  readonly #cacheWatch: number;
  readonly #learnt = new Map<string, number>();

  constructor(libc: Libc) {
    this.#libc = libc;
    this.fd = libc.inotifyInit(NOTIFY.IN_NONBLOCK | NOTIFY.IN_CLOEXEC);
    for (const path of [...LOADERS, ...FOLDERS]) this.#watch(path);
    this.#cacheWatch = this.#watch(LOADER_CACHE);
  }

  /** Watches the folder of `executable`, an absolute path, from now on. */
  learn(executable: string): void {
    const slash = executable.lastIndexOf("/");
    if (!executable.startsWith("/") || slash < 1) return;
    const folder = executable.slice(0, slash);
    if (this.#learnt.has(folder) || (FOLDERS as readonly string[]).includes(folder)) return;
    if (this.#learnt.size >= LEARNT_MAX) this.#unlearnOldest();
    const watch = this.#watch(folder);
    if (watch >= 0) this.#learnt.set(folder, watch);
  }

  /** Takes what rang; one of {@linkcode RING}. */
  answer(): number {
    if (this.fd < 0) return RING.none;
    let rang: number = RING.none;
    while (true) {
      const length = this.#libc.read(this.fd, this.#buffer);
      if (length <= 0) return rang;
      rang = Math.max(rang, this.#meaning(length));
      if (length < this.#buffer.length / 2) return rang;
    }
  }

  #meaning(length: number): number {
    for (let at = 0; at < length; at += EVENT.size + this.#events.getUint32(at + EVENT.len, true)) {
      if (this.#events.getInt32(at + EVENT.wd, true) !== this.#cacheWatch) return RING.begun;
    }
    return RING.loading;
  }

  close(): void {
    if (this.fd >= 0) this.#libc.close(this.fd);
  }

  #watch(path: string): number {
    if (this.fd < 0) return this.fd;
    const bytes = new TextEncoder().encode(path + "\0");
    return this.#libc.inotifyAddWatch(this.fd, bytes, NOTIFY.IN_OPEN);
  }

  #unlearnOldest(): void {
    for (const [folder, watch] of this.#learnt) {
      this.#libc.inotifyRemoveWatch(this.fd, watch);
      this.#learnt.delete(folder);
      return;
    }
  }
}
