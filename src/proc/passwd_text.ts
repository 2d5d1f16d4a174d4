/**
 * The form of /etc/passwd, passwd(5).
 *
 * @module
 */

/** Names and numbers; where one stands twice the first line counts, as for getpwnam(3). */
export interface Passwd {
  nameOf: Map<number, string>;
  uidOf: Map<string, number>;
}

/** The largest uid; 2^32 - 1 means "no user" to the kernel. */
const UID_MAX = 0xfffffffe;

/** A uid in digits; null for what is none. */
export function parseUid(text: string): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const uid = Number(text);
  return uid > UID_MAX ? null : uid;
}

/** Parses the file; malformed lines, comments and NIS lines are left out. */
export function parsePasswd(text: string): Passwd {
  const nameOf = new Map<number, string>();
  const uidOf = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, , uidText, gid] = line.split(":");
    if (!name || uidText === undefined || gid === undefined || /^[#+-]/.test(name)) continue;
    const uid = parseUid(uidText);
    if (uid === null) continue;
    if (!nameOf.has(uid)) nameOf.set(uid, name);
    if (!uidOf.has(name)) uidOf.set(name, uid);
  }
  return { nameOf, uidOf };
}
