/**
 * Users that /etc/passwd does not have: those of LDAP, SSSD, winbind or DynamicUser=, who are
 * asked of the host's name services. Each is asked for once, and what was answered is remembered;
 * how often and for how long is bounded, since a directory can be far away or down.
 *
 * @module
 */
import { parsePasswd, type Passwd } from "./passwd_text.ts";

/** Who asks the name services: for names and numbers; the answer is in the form of passwd(5). */
export interface NameDoor {
  /** Waits for the answer, `ms` milliseconds at most. */
  now(keys: readonly string[], ms: number): string;
  /** The answer later; never rejects. */
  later(keys: readonly string[]): Promise<string>;
}

/** Bounds of what is asked. */
export const NAME_LIMITS = {
  /** All that a command waits for: milliseconds, and how many are asked for. */
  waitedMs: 2000,
  waitedAsks: 64,
  /** Between two calls in the background, and how many are asked for in one. */
  pauseMs: 1000,
  batch: 256,
  /** Answers that are remembered, and for how long: numbers of DynamicUser= are given again. */
  remembered: 4096,
  knownMs: 600_000,
  unknownMs: 60_000,
} as const;

/** What getent(1) takes for a name and not for an option; the rest nobody can be called. */
const NAME = /^[^\s:\-\0][^:\n\0]{0,255}$/;

interface Answer {
  readonly found: string | number | null;
  readonly until: number;
}

/** The answers so far, and what is still to be asked. */
export class NameService {
  readonly #door: NameDoor;
  readonly #nowMs: () => number;
  /** By key: a name, or a uid in digits. */
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Set<string>();
  #onAnswers: (() => void)[] = [];
  #live = false;
  #asking = false;
  #waitedMs = 0;
  #waitedAsks = 0;

  /** `nowMs` is a clock that does not go back. */
  constructor(door: NameDoor, nowMs: () => number) {
    this.#door = door;
    this.#nowMs = nowMs;
  }

  /** From now on nobody is kept waiting: what is not known yet is asked for in the background. */
  live(): void {
    this.#live = true;
  }

  /** The name of a uid, as far as it is known. */
  nameOf(uid: number): string | null {
    return this.#get(String(uid)) as string | null;
  }

  /** The uid of a name, as far as it is known. */
  uidOf(name: string): number | null {
    return isName(name) ? this.#get(name) as number | null : null;
  }

  /** Whether it would have to be asked for. */
  isOpen(name: string): boolean {
    return isName(name) && !this.#isFresh(this.#answers.get(name));
  }

  /** Asks for names in the background; resolves when all are answered, or after a while. */
  async learn(names: readonly string[]): Promise<void> {
    for (const name of names) if (this.isOpen(name)) this.#askLater(name);
    const late = this.#nowMs() + NAME_LIMITS.waitedMs;
    while (names.some((name) => this.#waiting.has(name))) {
      const left = late - this.#nowMs();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onAnswers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #get(key: string): string | number | null {
    const answer = this.#answers.get(key);
    if (this.#isFresh(answer)) return answer!.found;
    if (this.#live) this.#askLater(key);
    else this.#askNow(key);
    // An old answer is better than none.
    return this.#answers.get(key)?.found ?? null;
  }

  #isFresh(answer: Answer | undefined): boolean {
    return answer !== undefined && answer.until > this.#nowMs();
  }

  #askNow(key: string): void {
    const left = NAME_LIMITS.waitedMs - this.#waitedMs;
    if (left <= 0 || this.#waitedAsks >= NAME_LIMITS.waitedAsks) return;
    const began = this.#nowMs();
    this.#note([key], this.#door.now([key], left));
    this.#waitedMs += this.#nowMs() - began;
    this.#waitedAsks++;
  }

  #askLater(key: string): void {
    // What finds no room is asked for when it is shown again.
    if (this.#waiting.size < NAME_LIMITS.batch) this.#waiting.add(key);
    if (!this.#asking) void this.#askAll();
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    // What else is shown at the same time is asked for in the same call.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const keys = [...this.#waiting];
      this.#note(keys, await this.#door.later(keys));
      for (const key of keys) this.#waiting.delete(key);
      const [told, pause] = [this.#onAnswers, NAME_LIMITS.pauseMs];
      this.#onAnswers = [];
      for (const tell of told) tell();
      await new Promise<void>((resolve) => {
        const timer: unknown = setTimeout(resolve, pause);
        // Nobody stays for it.
        (timer as { unref?(): void }).unref?.();
      });
    }
    this.#asking = false;
  }

  #note(keys: readonly string[], text: string): void {
    const passwd = parsePasswd(text);
    for (const key of keys) {
      const found = isName(key) ? uidIn(passwd, key, keys) : passwd.nameOf.get(Number(key)) ?? null;
      const { remembered, knownMs, unknownMs } = NAME_LIMITS;
      this.#answers.delete(key);
      if (this.#answers.size >= remembered) {
        this.#answers.delete(this.#answers.keys().next().value!);
      }
      const until = this.#nowMs() + (found === null ? unknownMs : knownMs);
      this.#answers.set(key, { found, until });
    }
  }
}

function isName(key: string): boolean {
  return NAME.test(key) && !/^\d+$/.test(key);
}

/** A directory may spell a name in its own way: `DOMAIN\Ann` is told as `ann@domain`. */
function uidIn({ uidOf }: Passwd, name: string, keys: readonly string[]): number | null {
  const uid = uidOf.get(name);
  if (uid !== undefined) return uid;
  const [first] = uidOf.values();
  return keys.length === 1 && uidOf.size === 1 ? first! : null;
}
