/**
 * A program that root has started becomes another user, for good.
 *
 * @module
 */
import { errnoName } from "../../ffi/errno.ts";
import { openLibc } from "../../ffi/mod.ts";

/** Whom to become. */
export interface NewUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Takes the user's groups, gid and uid, with all threads; there is no way back. Rejects with an
 * Error that says which was refused, when little of root may be left.
 */
export async function become({ name, uid, gid }: NewUser): Promise<void> {
  const libc = await openLibc();
  const user = new TextEncoder().encode(`${name}\0`);
  // In this order: who is not root any more may change no groups.
  const steps: readonly (readonly [string, () => number])[] = [
    ["groups", () => libc.initgroups(user, gid)],
    ["gid", () => libc.setresgid(gid)],
    ["uid", () => libc.setresuid(uid)],
  ];
  for (const [what, step] of steps) {
    const result = step();
    if (result < 0) throw new Error(`Cannot become ${name}: ${what}: ${errnoName(-result)}`);
  }
}
