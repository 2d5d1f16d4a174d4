/**
 * A memory control group, as a unit's MemoryMax makes one.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** Where groups are made, and the names of their files, in version 1 and 2 (cgroups(7)). */
const PLACES = [
  {
    folder: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
  },
  { folder: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak" },
] as const;
const MIB = 1 << 20;

let made = 0;

/** Disposing of it removes it; nothing may be in it any more. */
export class MemoryGroup implements Disposable {
  readonly #folder: string;
  readonly #peak: string;

  private constructor(folder: string, peak: string) {
    this.#folder = folder;
    this.#peak = peak;
  }

  /** A group that may take so much; null where none can be made. */
  static tryOf(mib: number): MemoryGroup | null {
    for (const { folder, limit, peak } of PLACES) {
      const own = join(folder, `fh-test-${process.pid}-${++made}`);
      try {
        mkdirSync(own);
      } catch {
        continue;
      }
      try {
        writeFileSync(join(own, limit), String(mib * MIB));
        if (existsSync(join(own, peak))) return new MemoryGroup(own, join(own, peak));
      } catch {
        // Its memory is not controlled.
      }
      rmdirSync(own);
    }
    return null;
  }

  /** Turns a command into one in this group. */
  get prefix(): readonly string[] {
    const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
    return ["sh", "-c", enter, this.#folder];
  }

  /** Most that was in it, MiB: what a file system keeps in memory for it counts, too. */
  get peakMib(): number {
    return Number(readFileSync(this.#peak, "utf8")) / MIB;
  }

  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }
}

/** Why there is no such group; null where there is. */
export const memoryGroupMissing: string | null = probe();

function probe(): string | null {
  const group = MemoryGroup.tryOf(64);
  group?.[Symbol.dispose]();
  return group === null ? "needs root and a memory control group" : null;
}
