/**
 * Users by name and number: out of /etc/passwd, and of the host's name services where it does not
 * have them.
 *
 * @module
 */
import type { NameService } from "./name_service.ts";
import { parsePasswd, parseUid, type Passwd } from "./passwd_text.ts";

const REREAD_MS = 1000;

/** The users of the host, read when first asked for and again when somebody is missing. */
export class Users {
  readonly #readText: () => string | null;
  readonly #nowMs: () => number;
  readonly #services: NameService | null;
  #passwd: Passwd = { nameOf: new Map(), uidOf: new Map() };
  #readAt = -Infinity;

  /** `readText` gives the file or null; `nowMs` is a clock that does not go back. */
  constructor(
    readText: () => string | null,
    nowMs: () => number,
    services: NameService | null = null,
  ) {
    this.#readText = readText;
    this.#nowMs = nowMs;
    this.#services = services;
  }

  /**
   * From now on no answer waits for a name service: who is not known yet has no name, and is
   * asked for. For who must not be held up.
   */
  live(): this {
    this.#services?.live();
    return this;
  }

  /** The name of `uid`; null when it has none. */
  name(uid: number): string | null {
    return this.#passwd.nameOf.get(uid) ?? this.#again()?.nameOf.get(uid) ??
      this.#services?.nameOf(uid) ?? null;
  }

  /** The uid of a user's name, or of a number; null when there is no such user. */
  uid(nameOrNumber: string): number | null {
    return this.#known(nameOrNumber) ?? this.#services?.uidOf(nameOrNumber) ?? null;
  }

  /** Of some names those that a name service would have to be asked for. */
  unknown(names: readonly string[]): string[] {
    const services = this.#services;
    if (services === null) return [];
    return names.filter((name) => this.#known(name) === null && services.isOpen(name));
  }

  /** Asks for such names; resolves when {@linkcode Users.uid} knows them, or after a while. */
  async learn(names: readonly string[]): Promise<void> {
    await this.#services?.learn(names);
  }

  #known(nameOrNumber: string): number | null {
    return this.#passwd.uidOf.get(nameOrNumber) ?? this.#again()?.uidOf.get(nameOrNumber) ??
      parseUid(nameOrNumber);
  }

  /** The file as it is now; null where it was read just before. */
  #again(): Passwd | null {
    const now = this.#nowMs();
    if (now - this.#readAt < REREAD_MS) return null;
    this.#readAt = now;
    const text = this.#readText();
    if (text !== null) this.#passwd = parsePasswd(text);
    return this.#passwd;
  }
}
