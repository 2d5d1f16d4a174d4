/**
 * Passwords in URLs and in what programs take in place of one.
 *
 * @module
 */
import { NextOf } from "./next_of.ts";
import type { Found } from "./secret_found.ts";

/** A user name that is a token: long, with letters and digits. */
const TOKEN_USER = /^(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w-]{20,}$/;
const TOKEN_USER_MAX = 512;
const PORT = /^\d{0,5}$/;

/** Hides the passwords of URLs; in `line` spaces part the words. */
export function findUrls(found: Found, line: string): void {
  const authorityEnd = new NextOf(line, /[\/?#\s"'<>`\\]/g);
  const urlEnd = new NextOf(line, /[\s"'<>`\\]/g);
  const colons = new NextOf(line, /:/g);
  const inAuthority = new LastAt(line);
  const inUrl = new LastAt(line);
  for (let at = line.indexOf("://"); at >= 0; at = line.indexOf("://", at + 3)) {
    const start = at + 3;
    const end = authorityEnd.after(start);
    const colon = colons.after(start);
    let host = inAuthority.before(end, start);
    // A slash that was not escaped: what follows the colon would not be a port.
    if (host < 0 && colon < end && !PORT.test(line.slice(colon + 1, Math.min(end, colon + 7)))) {
      host = inUrl.before(urlEnd.after(start), start);
    }
    if (host < 0) continue;
    found.look();
    const userEnd = Math.min(colon, host);
    if (userEnd - start <= TOKEN_USER_MAX && TOKEN_USER.test(line.slice(start, userEnd))) {
      found.hide(start, userEnd);
    }
    found.hide(userEnd + 1, host);
  }
}

/** Where the last `@` before an end stands, for ends that only grow. */
class LastAt {
  readonly #line: string;
  #end = -1;
  #at = -1;

  constructor(line: string) {
    this.#line = line;
  }

  before(end: number, start: number): number {
    if (end !== this.#end) {
      this.#at = -1;
      for (let at = end - 1; at >= start && this.#at < 0; at--) {
        if (this.#line.charCodeAt(at) === 0x40) this.#at = at;
      }
      this.#end = end;
    }
    return this.#at >= start ? this.#at : -1;
  }
}

/** `user:password@tcp(host)/database` of Go's MySQL driver, and its short form `u:p@/d`. */
const GO_DSN = /@(?:(?:tcp[46]?|unix|udp|pipe|memory|cloudsql|ssh|mysql\+tcp)\(|\/(?=[\w-]))/g;
const DSN_BEGIN = /[\s"'`<>]/g;
const SETTING = /^[\w.-]{1,64}=/;

/** Hides the passwords of data source names as Go's driver for MySQL takes them. */
export function findGoDsns(found: Found, line: string): void {
  const gaps = new NextOf(line, DSN_BEGIN);
  let begin = 0;
  let gap = -1;
  for (const { index } of line.matchAll(GO_DSN)) {
    // The last sign before it that cannot be part of one.
    let next = gaps.after(Math.max(begin, gap + 1));
    for (; next < index; next = gaps.after(next + 1)) gap = next;
    const start = Math.max(begin, gap + 1);
    begin = index + 1;
    const whole = line.slice(start, index);
    const name = SETTING.exec(whole.slice(0, 65))?.[0].length ?? 0;
    const colon = whole.indexOf(":", name);
    if (colon < 0 || whole.startsWith("//", colon + 1)) continue;
    found.hide(start + colon + 1, index);
  }
}
