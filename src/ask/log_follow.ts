/**
 * What `fh log --follow` needs to go on: when there is something new, and what of it was shown.
 *
 * @module
 */
import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Change } from "../model/machine.ts";
import type { Logged } from "./log.ts";
import { pause } from "../steps.ts";

/** New rows are looked for so long after the file changed, and at least so often. */
const SETTLE_MS = 100;
const LOOK_EVERY_MS = 2000;

/**
 * What was shown already, near the end of what was read: the poll source learns of an exit
 * somewhat later than it was, so that each look begins a little before the last one's end.
 */
export class Seam {
  /** Nanoseconds that are looked at again. */
  static readonly OVERLAP_NS = 2_000_000_000;
  #shown = new Map<string, number>();

  /** Whether a change has not been met before. */
  isNew({ kind, time, process }: Change): boolean {
    const key = `${kind} ${process?.key} ${time}`;
    if (this.#shown.has(key)) return false;
    this.#shown.set(key, time);
    return true;
  }

  /** Those changes that have not been met before; null where work may pause stays. */
  *onlyNew(changes: Iterable<Logged | null>): Generator<Logged | null, void> {
    let last = -Infinity;
    for (const found of changes) {
      if (found === null) {
        yield null;
        continue;
      }
      last = Math.max(last, found[0].time);
      if (this.isNew(found[0])) yield found;
    }
    for (const [key, time] of this.#shown) {
      if (time < last - 2 * Seam.OVERLAP_NS) this.#shown.delete(key);
    }
  }
}

/** Tells when a history file may have changed. */
export class FileWatch {
  readonly #path: string;
  readonly #watcher: ReturnType<typeof watch> | null;
  #wake: (() => void) | null = null;
  #seen = "";

  constructor(path: string) {
    this.#path = path;
    const name = basename(path);
    this.#watcher = openWatch(dirname(path), (file) => {
      if (file === null || file.startsWith(name)) this.#wake?.();
    });
  }

  /** Resolves a little after the next change, or when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const state = this.#state();
      if (state !== this.#seen) {
        this.#seen = state;
        return;
      }
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      signal.addEventListener("abort", this.#wake);
      await pause(LOOK_EVERY_MS, woken.signal);
      signal.removeEventListener("abort", this.#wake);
      await pause(SETTLE_MS, signal);
    }
  }

  close(): void {
    this.#watcher?.close();
  }

  #state(): string {
    const parts = [this.#path, `${this.#path}-wal`].map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats === undefined ? "" : `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
    });
    return parts.join("\n");
  }
}

/** Null where no watch is left: then it is looked every now and again. */
function openWatch(
  folder: string,
  onChange: (file: string | null) => void,
): ReturnType<typeof watch> | null {
  try {
    return watch(folder, (_event, file) => onChange(file)).on("error", () => {});
  } catch {
    return null;
  }
}
