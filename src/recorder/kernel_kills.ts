/**
 * Whom the kernel has killed for memory, as its log tells it while a recorder runs.
 *
 * @module
 */
import { oomReason } from "../detect/kills.ts";
import { KernelLog } from "../host/kernel_log.ts";
import type { Process } from "../model/process.ts";
import { type OomKill, parseOomKills } from "../proc/kernel_log.ts";

/** Kills that are remembered. */
const KILLS_MAX = 1000;

/** Reads the log when somebody was killed. */
export class KernelKills {
  readonly #log: KernelLog | null = KernelLog.open();
  #kills: OomKill[] = [];

  /** Whether the log may be read. */
  get isKnown(): boolean {
    return this.#log !== null;
  }

  /** Why the kernel has killed a process, in words; null where it has not. */
  reason(process: Process): string | null {
    if (this.#log === null) return null;
    const more = parseOomKills(this.#log.read());
    if (more.length > 0) this.#kills = [...this.#kills, ...more].slice(-KILLS_MAX);
    return oomReason(process, this.#kills);
  }

  close(): void {
    this.#log?.close();
  }
}
