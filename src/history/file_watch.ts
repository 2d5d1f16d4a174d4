/**
 * When there may be something new in a history file.
 *
 * @module
 */
import { statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { pause } from "../steps.ts";

/** New rows are looked for so long after the file changed, and at least so often. */
const SETTLE_MS = 100;
const LOOK_EVERY_MS = 2000;

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
