/**
 * Numbers of the Linux user-space interface, each with the header it comes from.
 *
 * @module
 */

/** include/linux/socket.h, asm-generic/socket.h, uapi/linux/netlink.h */
export const SOCKET = {
  AF_UNIX: 1,
  AF_NETLINK: 16,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  NETLINK_CONNECTOR: 11,
  NETLINK_GENERIC: 16,
  SOL_SOCKET: 1,
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_PEERCRED: 17,
  SO_SNDTIMEO: 21,
  SO_ATTACH_FILTER: 26,
  SO_ACCEPTCONN: 30,
  SO_RCVBUFFORCE: 33,
  SO_DOMAIN: 39,
  SO_MEMINFO: 55,
  SOL_NETLINK: 270,
  NETLINK_NO_ENOBUFS: 5,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
} as const;

/** uapi/linux/sock_diag.h: enum of the u32 array that SO_MEMINFO gives. */
export const SK_MEMINFO = { RMEM_ALLOC: 0, RCVBUF: 1, DROPS: 8, VARS: 9 } as const;

/** asm-generic/poll.h and uapi/linux/eventpoll.h */
export const POLL = {
  POLLIN: 0x1,
  POLLHUP: 0x10,
  EPOLLIN: 0x1,
  EPOLLOUT: 0x4,
  EPOLLERR: 0x8,
  EPOLLHUP: 0x10,
  EPOLLRDHUP: 0x2000,
  EPOLLET: 0x80000000,
  EPOLL_CLOEXEC: 0o2000000,
} as const;

/** uapi/linux/eventpoll.h: what epoll_ctl(2) is to do. */
export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;

/** asm-generic/ioctls.h */
export const IOCTL = { FIONBIO: 0x5421, FIOCLEX: 0x5451 } as const;

/** struct ucred, include/linux/socket.h: what SO_PEERCRED gives. */
export const UCRED = { size: 12, pid: 0, uid: 4, gid: 8 } as const;

/** siginfo_t of a queued signal, uapi/asm-generic/siginfo.h: sizes and places in bytes. */
export const SIGINFO = {
  size: 128,
  signo: 0,
  errno: 4,
  code: 8,
  pid: 16,
  uid: 20,
  value: 24,
  /** What si_code says of a signal that stands for finished work, so that it is not kill(2)'s. */
  SI_ASYNCIO: -4,
} as const;

/** asm-generic/fcntl.h */
export const FCNTL = {
  O_RDONLY: 0,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o200000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
  AT_FDCWD: -100,
} as const;

/** uapi/linux/time.h */
export const CLOCK = {
  REALTIME: 0,
  MONOTONIC: 1,
  THREAD_CPUTIME_ID: 3,
  BOOTTIME: 7,
} as const;

/** uapi/linux/sched.h, prctl.h, wait.h, resource.h, asm-generic/resource.h, asm-generic/signal.h */
export const TASK = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RESET_ON_FORK: 0x40000000,
  PR_SET_DUMPABLE: 4,
  PR_CAPBSET_DROP: 24,
  PR_SET_TIMERSLACK: 29,
  PR_SET_CHILD_SUBREAPER: 36,
  PR_SET_NO_NEW_PRIVS: 38,
  WNOHANG: 1,
  SIGKILL: 9,
  RUSAGE_SELF: 0,
  RUSAGE_CHILDREN: -1,
  RLIMIT_NOFILE: 7,
  SIG_IGN: 1,
  SIGSTKFLT: 16,
  SIGRTMIN: 34,
  SIGRTMAX: 64,
} as const;

/** struct sigaction of glibc and musl on 64 bits, and uapi/asm-generic/signal.h */
export const SIGACTION = { size: 152, flags: 136, SA_RESETHAND: 0x80000000 } as const;

/** posix_spawn_file_actions_t of glibc and musl on 64 bits. */
export const SPAWN_ACTIONS_SIZE = 80;

/** uapi/linux/eventfd.h, uapi/linux/inotify.h */
export const NOTIFY = {
  EFD_NONBLOCK: 0o4000,
  EFD_CLOEXEC: 0o2000000,
  IN_NONBLOCK: 0o4000,
  IN_CLOEXEC: 0o2000000,
  IN_OPEN: 0x20,
} as const;

/** uapi/linux/pidfd.h */
export const PIDFD = {
  /** _IOWR(0xFF, 11, struct pidfd_info) with the first published size, 64 bytes. */
  GET_INFO: 0xc040ff0b,
  INFO_SIZE: 64,
  MASK_CREDS: 2,
  MASK_EXIT: 8,
  EXIT_CODE_AT: 60,
} as const;

/** System call numbers by `process.arch`; asm/unistd_64.h and asm-generic/unistd.h. */
export const SYSCALLS: Record<
  string,
  Record<"pidfdOpen" | "pidfdSendSignal" | "schedSetscheduler" | "schedSetattr" | "seccomp", number>
> = {
  x64: {
    pidfdOpen: 434,
    pidfdSendSignal: 424,
    schedSetscheduler: 144,
    schedSetattr: 314,
    seccomp: 317,
  },
  arm64: {
    pidfdOpen: 434,
    pidfdSendSignal: 424,
    schedSetscheduler: 119,
    schedSetattr: 274,
    seccomp: 277,
  },
};

/** uapi/linux/seccomp.h, and the one instruction of a filter: uapi/linux/filter.h */
export const SECCOMP = {
  SET_MODE_FILTER: 1,
  FLAG_TSYNC: 1,
  RET_ALLOW: 0x7fff0000,
  BPF_RET_K: 0x06,
  /** struct sock_fprog on 64 bits: how many instructions there are, and where. */
  PROGRAM: { size: 16, length: 0, filter: 8 },
  /** struct sock_filter. */
  INSTRUCTION: { size: 8, code: 0, k: 4 },
} as const;

/** struct sched_attr, uapi/linux/sched/types.h, first published size. */
export const SCHED_ATTR = { size: 48, nice: 16, runtime: 24 } as const;
