/**
 * What an adapter gives: loaded symbols, errno, and the address of a buffer that stays put.
 *
 * The symbol table says each C signature once, in neutral words; an adapter translates it into
 * its runtime's words when the library is loaded, never per call.
 *
 * @module
 */

/** A C type as the table spells it. `buffer` is a pointer to a typed array's bytes, or null. */
export type CType = "i32" | "u32" | "i64" | "usize" | "buffer";

/** One C function: what it takes and what it gives. Results fit 32 bits for all fh calls. */
export interface CFunction {
  readonly args: readonly CType[];
  readonly returns: "i32" | "pointer";
}

/** An address as the runtime passes it around: a number in Bun, a bigint in Deno. */
export type Address = number | bigint;

/** A loaded library. */
export interface Native<Name extends string = SymbolName> {
  readonly symbols: Readonly<Record<Name, (...args: never[]) => number>>;
  /** errno of the calling thread; valid directly after a failed call. */
  errno(): number;
  /** Address of `buffer`; valid as long as the caller holds it. */
  address(buffer: ArrayBuffer): Address;
  close(): void;
}

/** Names of libc on glibc and musl, most common first; `{arch}` is musl's name of the CPU. */
export const LIBC_NAMES = ["libc.so.6", "libc.musl-{arch}.so.1", "libc.so"] as const;

/** musl's name for `process.arch`. */
export function libcNames(arch: string): string[] {
  const musl = arch === "x64" ? "x86_64" : arch === "arm64" ? "aarch64" : arch;
  return LIBC_NAMES.map((name) => name.replace("{arch}", musl));
}

/** Tries each name of libc in turn; throws the first name's error when none loads. */
export function loadFirst<T>(names: readonly string[], load: (name: string) => T): T {
  let first: unknown;
  for (const name of names) {
    try {
      return load(name);
    } catch (error) {
      first ??= error;
    }
  }
  throw new Error(`Cannot load the C library: tried ${names.join(", ")}`, { cause: first });
}

/**
 * The C functions fh calls, each with its prototype (parameters in order).
 * ssize_t results are read as i32: no call here returns more than 2^31 - 1.
 */
export const SYMBOLS = {
  /* int socket(int domain, int type, int protocol) */
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  /* int bind(int fd, const struct sockaddr *, socklen_t) */
  bind: { args: ["i32", "buffer", "u32"], returns: "i32" },
  /* int connect(int fd, const struct sockaddr *, socklen_t) */
  connect: { args: ["i32", "buffer", "u32"], returns: "i32" },
  /* int listen(int fd, int backlog) */
  listen: { args: ["i32", "i32"], returns: "i32" },
  /* int accept4(int fd, struct sockaddr *, socklen_t *, int flags) */
  accept4: { args: ["i32", "buffer", "buffer", "i32"], returns: "i32" },
  /* int setsockopt(int fd, int level, int name, const void *, socklen_t) */
  setsockopt: { args: ["i32", "i32", "i32", "buffer", "u32"], returns: "i32" },
  /* int getsockopt(int fd, int level, int name, void *, socklen_t *) */
  getsockopt: { args: ["i32", "i32", "i32", "buffer", "buffer"], returns: "i32" },
  /* ssize_t send(int fd, const void *, size_t, int flags) */
  send: { args: ["i32", "buffer", "usize", "i32"], returns: "i32" },
  /* ssize_t recv(int fd, void *, size_t, int flags) */
  recv: { args: ["i32", "buffer", "usize", "i32"], returns: "i32" },
  /* int recvmmsg(int fd, struct mmsghdr *, unsigned, int flags, struct timespec *) */
  recvmmsg: { args: ["i32", "buffer", "u32", "i32", "buffer"], returns: "i32" },
  /* int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *) */
  ppoll: { args: ["buffer", "usize", "buffer", "buffer"], returns: "i32" },
  /* int eventfd(unsigned, int flags) */
  eventfd: { args: ["u32", "i32"], returns: "i32" },
  /* int epoll_create1(int flags) */
  epoll_create1: { args: ["i32"], returns: "i32" },
  /* int epoll_ctl(int epfd, int op, int fd, struct epoll_event *) */
  epoll_ctl: { args: ["i32", "i32", "i32", "buffer"], returns: "i32" },
  /* int epoll_wait(int epfd, struct epoll_event *, int max, int timeout) */
  epoll_wait: { args: ["i32", "buffer", "i32", "i32"], returns: "i32" },
  /* int inotify_init1(int flags) */
  inotify_init1: { args: ["i32"], returns: "i32" },
  /* int inotify_add_watch(int fd, const char *, uint32_t mask) */
  inotify_add_watch: { args: ["i32", "buffer", "u32"], returns: "i32" },
  /* int inotify_rm_watch(int fd, int wd) */
  inotify_rm_watch: { args: ["i32", "i32"], returns: "i32" },
  /* int openat(int dirfd, const char *, int flags) */
  openat: { args: ["i32", "buffer", "i32"], returns: "i32" },
  /* ssize_t readlinkat(int dirfd, const char *, char *, size_t) */
  readlinkat: { args: ["i32", "buffer", "buffer", "usize"], returns: "i32" },
  /* ssize_t read(int fd, void *, size_t) */
  read: { args: ["i32", "buffer", "usize"], returns: "i32" },
  /* ssize_t pread(int fd, void *, size_t, off_t) */
  pread: { args: ["i32", "buffer", "usize", "i64"], returns: "i32" },
  /* ssize_t write(int fd, const void *, size_t) */
  write: { args: ["i32", "buffer", "usize"], returns: "i32" },
  /* int close(int fd) */
  close: { args: ["i32"], returns: "i32" },
  /* int ioctl(int fd, unsigned long request, void *) */
  ioctl: { args: ["i32", "usize", "buffer"], returns: "i32" },
  /* long syscall(long number, ...): pidfd_open(2) and pidfd_send_signal(2) have no wrapper
     before glibc 2.36, seccomp(2) has none, and musl's sched_setscheduler() answers ENOSYS */
  syscall: { args: ["i64", "usize", "usize", "buffer", "usize"], returns: "i32" },
  /* int clock_gettime(clockid_t, struct timespec *) */
  clock_gettime: { args: ["i32", "buffer"], returns: "i32" },
  /* int sched_getaffinity(pid_t, size_t, cpu_set_t *) */
  sched_getaffinity: { args: ["i32", "usize", "buffer"], returns: "i32" },
  /* int sched_setaffinity(pid_t, size_t, const cpu_set_t *) */
  sched_setaffinity: { args: ["i32", "usize", "buffer"], returns: "i32" },
  /* int prctl(int option, unsigned long arg2, arg3, arg4, arg5): some options want zeros */
  prctl: { args: ["i32", "usize", "usize", "usize", "usize"], returns: "i32" },
  /* sighandler_t signal(int, sighandler_t): of the address that was there only -1 is looked at */
  signal: { args: ["i32", "usize"], returns: "i32" },
  /* pid_t waitpid(pid_t, int *status, int options) */
  waitpid: { args: ["i32", "buffer", "i32"], returns: "i32" },
  /* int posix_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *,
     const posix_spawnattr_t *, char *const argv[], char *const envp[]): gives errno itself */
  posix_spawn: {
    args: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    returns: "i32",
  },
  /* int posix_spawn_file_actions_init(posix_spawn_file_actions_t *) */
  posix_spawn_file_actions_init: { args: ["buffer"], returns: "i32" },
  /* int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *, int fd) */
  posix_spawn_file_actions_addclose: { args: ["buffer", "i32"], returns: "i32" },
  /* int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *) */
  posix_spawn_file_actions_destroy: { args: ["buffer"], returns: "i32" },
  /* int kill(pid_t, int sig) */
  kill: { args: ["i32", "i32"], returns: "i32" },
  /* int initgroups(const char *user, gid_t group) */
  initgroups: { args: ["buffer", "u32"], returns: "i32" },
  /* int setresgid(gid_t, gid_t, gid_t): of all threads, in glibc and musl alike */
  setresgid: { args: ["u32", "u32", "u32"], returns: "i32" },
  /* int setresuid(uid_t, uid_t, uid_t) */
  setresuid: { args: ["u32", "u32", "u32"], returns: "i32" },
  /* int getrusage(int who, struct rusage *) */
  getrusage: { args: ["i32", "buffer"], returns: "i32" },
  /* int getrlimit(int resource, struct rlimit *) */
  getrlimit: { args: ["i32", "buffer"], returns: "i32" },
  /* int setrlimit(int resource, const struct rlimit *) */
  setrlimit: { args: ["i32", "buffer"], returns: "i32" },
  /* int sigaction(int sig, const struct sigaction *, struct sigaction *) */
  sigaction: { args: ["i32", "buffer", "buffer"], returns: "i32" },
  /* int *__errno_location(void): glibc and musl alike */
  __errno_location: { args: [], returns: "pointer" },
} as const satisfies Record<string, CFunction>;

/** What tells the time of local clocks; apart, since most commands need no more of libc. */
export const TIME_SYMBOLS = {
  /* struct tm *localtime_r(const time_t *, struct tm *) */
  localtime_r: { args: ["buffer", "buffer"], returns: "pointer" },
  __errno_location: SYMBOLS.__errno_location,
} as const satisfies Record<string, CFunction>;

/** Name of a C function that fh calls. */
export type SymbolName = keyof typeof SYMBOLS;
