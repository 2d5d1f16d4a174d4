/**
 * A program that root has started becomes another user, for good.
 *
 * @module
 */
import { ERRNO, errnoName } from "../../ffi/errno.ts";
import type { Libc } from "../../ffi/libc.ts";
import { TASK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";

/** Whom to become. */
export interface NewUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** More capabilities than there are: CAP_LAST_CAP of capability.h was 40 in 2020. */
const CAPABILITIES_MAX = 64;

/**
 * Takes the user's groups, gid and uid, with all threads. There is no way back: no program that is
 * executed from now on, setuid or with capabilities of its own, gives any of it back. Rejects with
 * an Error that says which was refused, when little of root may be left.
 */
export async function become({ name, uid, gid }: NewUser): Promise<void> {
  const libc = await openLibc();
  const user = new TextEncoder().encode(`${name}\0`);
  // In this order: who is not root any more may change no groups.
  const steps: readonly (readonly [string, () => number])[] = [
    ["privileges", () => libc.noNewPrivileges()],
    ["capabilities", () => dropBoundingSet(libc)],
    ["groups", () => libc.initgroups(user, gid)],
    ["gid", () => libc.setresgid(gid)],
    ["uid", () => libc.setresuid(uid)],
  ];
  for (const [what, step] of steps) {
    const result = step();
    if (result < 0) throw new Error(`Cannot become ${name}: ${what}: ${errnoName(-result)}`);
  }
}

/** The capabilities that a program could have; each that the kernel knows. */
function dropBoundingSet(libc: Libc): number {
  for (let capability = 0; capability < CAPABILITIES_MAX; capability++) {
    const result = libc.prctl(TASK.PR_CAPBSET_DROP, capability);
    if (result === -ERRNO.EINVAL) return 0;
    // Who may not do that gets none of them all the same: no program gives new privileges.
    if (result === -ERRNO.EPERM) return 0;
    if (result < 0) return result;
  }
  return 0;
}
