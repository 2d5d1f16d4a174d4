/**
 * The mark that the kernel puts behind a path that leads nowhere any more: of a program that was
 * replaced, a folder or a control group that was removed (fs/d_path.c, kernel/cgroup/cgroup.c).
 *
 * @module
 */
const MARK = " (deleted)";
const MARK_BYTES = new TextEncoder().encode(MARK);

/** The path without the mark. A file can be called so, too: then this is another one's. */
export function withoutDeleted(path: string): string {
  return path.endsWith(MARK) ? path.slice(0, -MARK.length) : path;
}

/** Whether `later` is the path `before`, with the mark behind it. */
export function isDeletedOf(later: Uint8Array, before: Uint8Array): boolean {
  const start = before.length;
  return later.length === start + MARK_BYTES.length &&
    before.every((byte, at) => later[at] === byte) &&
    MARK_BYTES.every((byte, at) => later[start + at] === byte);
}
