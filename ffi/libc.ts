/**
 * The narrow seam between fh and the C library.
 *
 * Every call answers with a count (or a descriptor) when it worked and with the negative errno
 * when it did not, the way the kernel itself does: `-1` is EPERM, `-11` is EAGAIN. Nothing here
 * is a pointer; buffers are plain views whose length is their size.
 *
 * @module
 */

/** The receive side of recvmmsg(2): slots of one size, reused by each call. */
export interface Datagrams {
  /** Number of slots. */
  readonly count: number;
  /** Bytes a slot holds; a longer datagram is cut. */
  readonly size: number;
  /** All slots one after the other; slot `n` starts at `n * size`. */
  readonly bytes: DataView;
  /** Bytes that the last call put into slot `slot`. */
  length(slot: number): number;
  /** `nl_pid` of the sender of slot `slot` (0 is the kernel), from struct sockaddr_nl. */
  sender(slot: number): number;
}

/** Calls into libc; see the man page of the same name in section 2 for each. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  listen(fd: number, backlog: number): number;
  /** Descriptor of the connection; who is at its other end SO_PEERCRED says. */
  accept4(fd: number, flags: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** Bytes of the option's value, written into `value`. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  /** SO_ATTACH_FILTER with `program`, an array of struct sock_filter (8 bytes each). */
  attachFilter(fd: number, program: Uint8Array): number;
  send(fd: number, message: Uint8Array, flags: number): number;
  recv(fd: number, into: Uint8Array, flags: number): number;
  /** Allocates slots for recvmmsg(2). */
  datagrams(count: number, size: number): Datagrams;
  /** Number of datagrams received. */
  recvmmsg(fd: number, into: Datagrams, flags: number): number;

  /** Waits on an array of struct pollfd; `timeoutNs` below 0 waits for ever. */
  ppoll(fds: Uint8Array, timeoutNs: number): number;
  eventfd(flags: number): number;
  epollCreate(flags: number): number;
  /** Watches `watched` and reports it as `tag`, a number below 2^32. */
  epollAdd(epoll: number, watched: number, events: number, tag: number): number;
  /** Watches for other events, or under another tag. */
  epollModify(epoll: number, watched: number, events: number, tag: number): number;
  epollRemove(epoll: number, watched: number): number;
  /**
   * Fills `into` with pairs (events, tag) of what is ready; the number of pairs. Waits up to
   * `timeoutMs` for the first; below 0 for ever.
   */
  epollWait(epoll: number, into: Uint32Array, timeoutMs: number): number;
  /** {@linkcode Libc.epollWait} that never waits. */
  epollPeek(epoll: number, into: Uint32Array): number;
  inotifyInit(flags: number): number;
  inotifyAddWatch(fd: number, path: Uint8Array, mask: number): number;
  inotifyRemoveWatch(fd: number, watch: number): number;

  /** `path` ends with a NUL byte. */
  openat(directory: number, path: Uint8Array, flags: number): number;
  readlinkat(directory: number, path: Uint8Array, into: Uint8Array): number;
  read(fd: number, into: Uint8Array): number;
  pread(fd: number, into: Uint8Array, offset: number): number;
  write(fd: number, bytes: Uint8Array): number;
  close(fd: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;

  pidfdOpen(pid: number): number;
  /** Sends `sig` with `info`, a siginfo_t of 128 bytes; null lets the kernel fill it as kill(2). */
  pidfdSendSignal(pidfd: number, sig: number, info: Uint8Array | null): number;
  /** Nanoseconds of the clock; exact below 2^53, 104 days for clocks that start at boot. */
  clockGettime(clock: number): number;
  /** CLOCK_REALTIME, whose nanoseconds since the epoch exceed what a number holds exactly. */
  clockRealtime(): { seconds: number; ns: number };
  /** Scheduling of the calling thread. */
  schedSetscheduler(policy: number, priority: number): number;
  /**
   * Asks for time slices of `ns` for the calling thread, an ordinary one with that nice value:
   * from Linux 6.12 on a shorter slice lets it run sooner after a wake-up. Needs no rights.
   */
  schedSlice(nice: number, ns: number): number;
  /** Fills `into`, a bit for each CPU, with those that the calling thread may run on. */
  schedGetaffinity(into: Uint8Array): number;
  /** Lets the calling thread run on the CPUs of `mask` alone, from now on. */
  schedSetaffinity(mask: Uint8Array): number;
  prctl(option: number, value: number): number;
  /**
   * No program that this process executes from now on gives it rights that it has not, whatever
   * that program's file says: PR_SET_NO_NEW_PRIVS, of all threads.
   */
  noNewPrivileges(): number;
  /** Ignores a signal from now on, as does what this process executes; 0, or an error. */
  ignoreSignal(signal: number): number;
  /** Takes the wait status of a child that has ended, -1 for any; its pid, or 0 when none has. */
  waitpid(pid: number): number;
  /**
   * Makes a child of our own that ends at once: this program once more, with nothing open, killed
   * before it can do anything. Its pid, by when nobody has it any more, or an error.
   */
  forkBriefly(): number;
  /** Fills `into` (144 bytes) with struct rusage; `who` is one of RUSAGE. */
  getrusage(who: number, into: Uint8Array): number;
  /** Gives this process the groups of `user`, which ends with a NUL byte, and `gid`. */
  initgroups(user: Uint8Array, gid: number): number;
  /** Real, effective and saved gid of all threads. */
  setresgid(gid: number): number;
  /** Real, effective and saved uid of all threads. */
  setresuid(uid: number): number;
  /** Raises the soft limit of `resource` to its hard limit; the limit now in force. */
  raiseLimit(resource: number): number;

  /** Has the handler of `sig` called once more only: after that the signal does what it does. */
  handleOnce(sig: number): number;

  /** Unloads the library. Calls afterwards throw. */
  unload(): void;
}
