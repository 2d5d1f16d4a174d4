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

/** A user as a program needs to know them to become them. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  /** Their first group. */
  readonly gid: number;
  readonly home: string;
}

/** The entry of a name or a uid; null where there is none. */
export function findEntry(text: string, nameOrNumber: string): PasswdEntry | null {
  const entries = text.split("\n").flatMap((line): PasswdEntry[] => {
    const [name, , uidText = "", gidText = "", , home = "/"] = line.split(":");
    const [uid, gid] = [parseUid(uidText), parseUid(gidText)];
    if (!name || /^[#+-]/.test(name) || uid === null || gid === null) return [];
    return [{ name, uid, gid, home }];
  });
  return entries.find(({ name }) => name === nameOrNumber) ??
    entries.find(({ uid }) => String(uid) === nameOrNumber) ?? null;
}
