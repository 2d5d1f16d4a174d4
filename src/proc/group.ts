/**
 * /etc/group, group(5): names of groups.
 *
 * @module
 */

/** The largest gid; 2^32 - 1 means "no group" to the kernel. */
const GID_MAX = 0xfffffffe;

/**
 * The gid that a name or a number stands for in the text of the file; null when there is no such
 * group. Where a name stands twice the first line counts, as for getgrnam(3).
 */
export function findGroup(text: string, nameOrNumber: string): number | null {
  for (const line of text.split("\n")) {
    const [name, , gidText, members] = line.split(":");
    if (name !== nameOrNumber || gidText === undefined || members === undefined) continue;
    const gid = parseGid(gidText);
    if (gid !== null) return gid;
  }
  return parseGid(nameOrNumber);
}

function parseGid(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const gid = Number(text);
  return gid > GID_MAX ? null : gid;
}
