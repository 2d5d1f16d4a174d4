/**
 * Who makes room where too much is remembered: nobody pushes others out.
 *
 * @module
 */

/** The user who has most of some; null is one who is not known. */
export function mostOf(some: Iterable<{ readonly uid: number | null }>): number | null {
  const counts = new Map<number | null, number>();
  let most: number | null = null;
  for (const { uid } of some) {
    const count = (counts.get(uid) ?? 0) + 1;
    counts.set(uid, count);
    if (count > (counts.get(most) ?? 0)) most = uid;
  }
  return most;
}
