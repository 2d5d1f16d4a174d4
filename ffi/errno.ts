/** Error numbers from include/uapi/asm-generic/errno-base.h and errno.h. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  EPIPE: 32,
  ENOSYS: 38,
  ENODATA: 61,
  EPROTO: 71,
  EBADMSG: 74,
  EUSERS: 87,
  EMSGSIZE: 90,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(ERRNO).map(([name, number]) => [number, name]),
);

/** Name of a positive errno, such as `EPERM`; `errno N` where it has none here. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** A system call that failed: which act, and the errno. */
export class SyscallError extends Error {
  /** What was attempted, as a verb phrase: "bind netlink socket". */
  readonly op: string;
  /** The positive errno. */
  readonly errno: number;

  constructor(op: string, errno: number) {
    super(`Cannot ${op}: ${errnoName(errno)} (errno ${errno})`);
    this.name = "SyscallError";
    this.op = op;
    this.errno = errno;
  }
}

/** `result` itself, or a {@linkcode SyscallError} when it is a negative errno. */
export function check(op: string, result: number): number {
  if (result < 0) throw new SyscallError(op, -result);
  return result;
}
