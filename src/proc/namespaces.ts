/**
 * Links in /proc/PID/ns, namespaces(7): `pid:[4026531836]`.
 *
 * @module
 */

/**
 * Inode numbers of the namespaces the kernel starts with, include/linux/proc_ns.h; in
 * include/uapi/linux/nsfs.h as `enum init_ns_ino` since it is part of the user-space interface.
 */
export const INIT_NS_INO = {
  ipc: 0xefffffff,
  uts: 0xeffffffe,
  user: 0xeffffffd,
  pid: 0xeffffffc,
  cgroup: 0xeffffffb,
  time: 0xeffffffa,
  /** On 6.18; older kernels gave the first network namespace the next free number. */
  net: 0xeffffff9,
  /** On 6.18; older kernels gave the first mount namespace the next free number. */
  mnt: 0xeffffff8,
} as const;

/** Numbers that are not fixed start here: PROC_DYNAMIC_FIRST of fs/proc/generic.c. */
export const NS_DYNAMIC_FIRST = 0xf0000000;

/** The inode number in the text of a link; null when it is none. */
export function parseNamespace(link: string): number | null {
  const digits = /^[a-z_]+:\[(\d{1,10})\]$/.exec(link)?.[1];
  return digits === undefined ? null : Number(digits);
}
