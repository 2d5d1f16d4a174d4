/**
 * /etc/passwd, passwd(5): names of users.
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
const REREAD_MS = 1000;

function parseUid(text: string): number | null {
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

/** The users of the host, read when first asked for and again when somebody is missing. */
export class Users {
  readonly #readText: () => string | null;
  readonly #nowMs: () => number;
  #passwd: Passwd = { nameOf: new Map(), uidOf: new Map() };
  #readAt = -Infinity;

  /** `readText` gives the file or null; `nowMs` is a clock that does not go back. */
  constructor(readText: () => string | null, nowMs: () => number) {
    this.#readText = readText;
    this.#nowMs = nowMs;
  }

  /** The name of `uid`; null when it has none. */
  name(uid: number): string | null {
    const known = this.#passwd.nameOf.get(uid);
    if (known !== undefined) return known;
    return this.#readAgain() ? this.#passwd.nameOf.get(uid) ?? null : null;
  }

  /** The uid of a user's name, or of a number; null when there is no such user. */
  uid(nameOrNumber: string): number | null {
    const known = this.#passwd.uidOf.get(nameOrNumber);
    if (known !== undefined) return known;
    if (this.#readAgain()) return this.#passwd.uidOf.get(nameOrNumber) ?? parseUid(nameOrNumber);
    return parseUid(nameOrNumber);
  }

  #readAgain(): boolean {
    const now = this.#nowMs();
    if (now - this.#readAt < REREAD_MS) return false;
    this.#readAt = now;
    const text = this.#readText();
    if (text !== null) this.#passwd = parsePasswd(text);
    return true;
  }
}
