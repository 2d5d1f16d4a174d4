/**
 * What the living have used so far, on its way into the history.
 *
 * @module
 */
import type { Look } from "../detect/living.ts";
import type { WritableHistory } from "../history/file.ts";
import { type Sample, SampleLog } from "../history/sample_log.ts";
import { type Process, TICK_NS } from "../model/process.ts";

const TICK_US = TICK_NS / 1000;

/** Samples of those that have used something since the last look. */
export class RecordedSamples {
  /** CPU time at the last look, in clock ticks. */
  #used = new WeakMap<Process, number>();
  #log: SampleLog | null = null;

  /** The log that is written beside the lives of a file that was opened. */
  open({ db }: WritableHistory, keepMs: number): SampleLog {
    // Another file knows of no look so far.
    this.#used = new WeakMap();
    return this.#log = new SampleLog(db, keepMs);
  }

  /** A look at the living, taken at a time; `find` gives the process that has a pid. */
  take(
    look: ReadonlyMap<number, Look>,
    at: number,
    find: (pid: number) => Process | undefined,
  ): void {
    const samples: Sample[] = [];
    for (const { pid, utime, stime, startTicks } of look.values()) {
      const process = find(pid);
      if (process === undefined || !process.alive) continue;
      if (Math.abs(process.startTicks - startTicks) > 1) continue;
      const used = utime + stime;
      if (used === (this.#used.get(process) ?? 0)) continue;
      this.#used.set(process, used);
      samples.push({ process, at, userUs: utime * TICK_US, systemUs: stime * TICK_US });
    }
    if (samples.length > 0) this.#log?.add(samples);
  }
}
