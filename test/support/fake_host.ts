/**
 * A host whose processes begin, execute and end as a test says: /proc is a folder, pids come from
 * a counter, and pidfds are made up. Its time passes when somebody waits.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ERRNO } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { PIDFD, POLL } from "../../ffi/linux.ts";
import { INIT_NS_INO } from "../../src/proc/namespaces.ts";
import { FakeKernel } from "./fake_kernel.ts";
import { type FakeProcess, type FakeProcfs, fakeProcfs } from "./fake_procfs.ts";

const TICK_NS = 10_000_000;
/** The first descriptor of a process: no file of a test has such. */
const PIDFD_AT = 2_000_000;
const EPOLL = 1_900_000;
const EXIT_MASK_AT = 0;

/** Who runs, and what becomes of it. */
interface Task {
  process: FakeProcess;
  /** It has ended with that wait status, and was waited for. */
  reaped: number | null;
}

/** What a new process is, beside its pid and its start. */
export type FakeBirth = Omit<FakeProcess, "pid" | "start">;

/** Such a host, in which init alone runs. */
export class FakeHost implements Disposable {
  readonly kernel: FakeKernel;
  readonly libc: Libc;
  readonly #procfs: FakeProcfs;
  readonly #tasks = new Map<number, Task>();
  /** Who is behind a descriptor, whoever has its pid by now. */
  readonly #watched: (Task | undefined)[] = [];
  readonly #threads = new Set<number>();
  #ready: (readonly [events: number, pid: number])[] = [];
  /** Called before a clock is read: what happens while the poller is at work. */
  beforeClock: (() => void) | null = null;
  #tried = false;
  #lastPid = 1000;
  #forks = 50_000;

  private constructor(kernel: FakeKernel, pidMax: number) {
    this.kernel = kernel;
    this.#procfs = fakeProcfs([], { "sys/kernel/pid_max": `${pidMax}\n` });
    this.#take({ pid: 1, ppid: 0, comm: "init", cmdline: "init\0", start: 0 });
    this.#count(0, this.#lastPid);
    const real = kernel.libc;
    this.libc = {
      ...real,
      readlinkat: (folder, path, into) =>
        this.#link(path, into) ?? real.readlinkat(folder, path, into),
      pidfdOpen: (pid) => this.#pidfd(pid),
      ppoll: (set, timeoutNs) => this.#wait(set, timeoutNs),
      clockGettime: (clock) => {
        this.beforeClock?.();
        return real.clockGettime(clock);
      },
      epollCreate: () => EPOLL,
      epollAdd: () => 0,
      epollPeek: (_epoll, into) => this.#peek(into),
      ioctl: (fd, _request, info) => this.#info(this.#watched[fd - PIDFD_AT], info),
      inotifyInit: () => -ERRNO.ENOSYS,
      raiseLimit: () => 4096,
      schedGetaffinity: () => -ERRNO.ENOSYS,
      // The child is gone by then.
      forkBriefly: () => this.#count(1),
    };
  }

  /** One whose pids go round at `pidMax`; 1000 were given out. */
  static async open(pidMax = 32_768): Promise<FakeHost> {
    return new FakeHost(await FakeKernel.open(), pidMax);
  }

  /** Where its /proc is. */
  get root(): string {
    return this.#procfs.root;
  }

  /** A process is forked: its pid, the next one if none is given. */
  start(birth: FakeBirth, pid: number = this.#lastPid + 1): number {
    this.bear(birth, pid);
    return this.#count(1, pid);
  }

  /** The next pid is given out; its process is not there yet. */
  giveOut(): number {
    return this.#count(1);
  }

  /** The process shows whose pid was given out. */
  bear(birth: FakeBirth, pid: number): void {
    this.#take({ ...birth, pid, start: Math.floor(this.kernel.now / TICK_NS) });
  }

  /** A thread begins: its id. */
  startThread(): number {
    this.#threads.add(this.#lastPid + 1);
    return this.#count(1);
  }

  /** So many processes begin and end before anybody looks. */
  flash(count: number): void {
    this.#count(count, this.#lastPid + count);
  }

  /** A process is something else from now on. */
  become(pid: number, change: Partial<FakeBirth>): void {
    const task = this.#tasks.get(pid)!;
    task.process = { ...task.process, ...change };
    this.#write(task.process);
  }

  /** A process ends with a wait status, and stays a zombie. */
  end(pid: number, status: number): void {
    this.become(pid, { state: "Z", exitCode: status, cmdline: "" });
    this.#ready.push([POLL.POLLIN, pid]);
  }

  /** Its parent waits for a zombie; whether that is `heard` of at its pidfd before a look. */
  reap(pid: number, heard = true): void {
    const task = this.#tasks.get(pid)!;
    task.reaped = task.process.exitCode ?? 0;
    rmSync(join(this.root, `${pid}`), { recursive: true });
    this.#ready = this.#ready.filter(([, of]) => heard || of !== pid);
    if (heard) this.#ready.push([POLL.POLLIN | POLL.POLLHUP, pid]);
  }

  [Symbol.dispose](): void {
    this.#procfs.remove();
  }

  #take(one: FakeProcess): void {
    this.#tasks.set(one.pid, { process: one, reaped: null });
    this.#write(one);
  }

  #write(one: FakeProcess): void {
    this.#procfs.add(one);
    this.#procfs.write(`${one.pid}/comm`, `${one.comm}\n`);
  }

  /** The counters move by so many forks; the last pid. */
  #count(forks: number, last: number = this.#lastPid + forks): number {
    this.#forks += forks;
    this.#lastPid = last;
    this.#procfs.write("loadavg", `0.1 0.2 0.3 1/80 ${last}\n`);
    this.#procfs.write("stat", `cpu 1 2\nprocesses ${this.#forks}\n`);
    return last;
  }

  #link(path: Uint8Array, into: Uint8Array): number | null {
    const name = new TextDecoder().decode(path);
    const target = name.endsWith("/self\0")
      ? `${process.pid}`
      : name.endsWith("/self/ns/pid\0")
      ? `pid:[${INIT_NS_INO.pid}]`
      : null;
    if (target === null) return null;
    return new TextEncoder().encodeInto(target, into).written;
  }

  #wait(set: Uint8Array, timeoutNs: number): number {
    const count = this.kernel.libc.ppoll(set, timeoutNs);
    const view = new DataView(set.buffer, set.byteOffset, set.byteLength);
    for (let at = 0; at < set.length; at += 8) {
      const isReady = view.getInt32(at, true) === EPOLL && this.#ready.length > 0;
      if (isReady) view.setInt16(at + 6, POLL.POLLIN, true);
    }
    return count;
  }

  #pidfd(pid: number): number {
    if (this.#threads.has(pid)) return -ERRNO.ENOENT;
    const task = this.#tasks.get(pid);
    // The poller tries a pidfd of its own process once: later that is a pid like others.
    const isTried = !this.#tried && pid === process.pid;
    this.#tried = true;
    if (task?.reaped !== null && !isTried) return -ERRNO.ESRCH;
    return PIDFD_AT + this.#watched.push(task) - 1;
  }

  #peek(into: Uint32Array): number {
    const told = this.#ready;
    this.#ready = [];
    told.forEach((pair, at) => into.set(pair, at * 2));
    return told.length;
  }

  /** struct pidfd_info, of which the status alone is known here. */
  #info(task: Task | undefined, info: Uint8Array): number {
    const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
    const status = task?.reaped ?? null;
    view.setUint32(EXIT_MASK_AT, status === null ? 0 : PIDFD.MASK_EXIT, true);
    if (status !== null) view.setInt32(PIDFD.EXIT_CODE_AT, status, true);
    return 0;
  }
}
