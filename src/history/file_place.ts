/**
 * Whether an open file is where it was, for those who write into it would hear of nothing else.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";

/** asm-generic/fcntl.h: a descriptor that reads nothing and gives up no lock (open(2)). */
const O_PATH = 0o10000000;

/** What has become of an open file. */
export type FilePlace =
  | "there"
  /** It has no name any more: with its last writer all that is in it ends. */
  | "deleted"
  /** It is elsewhere. */
  | "moved"
  /** It is there, but what belongs to it is not: its log or its lock. */
  | "alone";

/** Watches the names of a file and of what belongs to it. */
export class PlacedFile {
  readonly #path: string;
  readonly #file: number;
  readonly #companions: readonly string[];
  /** Those that were there once. */
  readonly #seen = new Map<string, Stats>();

  /** `path` is open already; `companions` may come later. */
  constructor(path: string, companions: readonly string[]) {
    this.#path = path;
    this.#file = openSync(path, O_PATH | constants.O_NOFOLLOW);
    this.#companions = companions;
    this.#remember();
  }

  /** Where it is now: a few system calls. */
  get place(): FilePlace {
    const now = fstatSync(this.#file);
    if (now.nlink === 0) return "deleted";
    if (!isSame(statOf(this.#path), now)) return "moved";
    for (const [name, before] of this.#seen) if (!isSame(statOf(name), before)) return "alone";
    this.#remember();
    return "there";
  }

  /** Stops watching. */
  close(): void {
    closeSync(this.#file);
  }

  #remember(): void {
    for (const name of this.#companions) {
      if (this.#seen.has(name)) continue;
      const found = statOf(name);
      if (found !== undefined) this.#seen.set(name, found);
    }
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // A folder above is something else, or closed.
  }
}

function isSame(a: Stats | undefined, b: Stats): boolean {
  return a !== undefined && a.ino === b.ino && a.dev === b.dev;
}
