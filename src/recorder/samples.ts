/**
 * What the living have used so far, on its way into the history.
 *
 * @module
 */
import type { Look } from "../detect/living.ts";
import type { WritableHistory } from "../history/file.ts";
import type { RetentionLimits } from "../history/retention.ts";
import { type Sample, SampleLog } from "../history/sample_log.ts";
import { type Process, TICK_NS } from "../model/process.ts";

const TICK_US = TICK_NS / 1000;
/**
 * All samples take a sixteenth of the file at the most: 1 440 of a day and one for each hour of a
 * week, of 23 bytes each, are some 37 KiB for each that is noted at every look.
 */
const BYTES_EACH = 37 * 1024 * 16;
const EACH_LOOK_MAX = 2000;
/** A user other than root has a third of that. */
const SHARE = 3;

/** CPU time at a look, clock ticks. */
interface Used {
  readonly at: number;
  readonly utime: number;
  readonly stime: number;
}

/** Samples of those that have used something since the last look. */
export class RecordedSamples {
  #used = new WeakMap<Process, Used>();
  #lastAt = NaN;
  #most = 0;
  #log: SampleLog | null = null;

  /** The log that is written beside the lives of a file that was opened. */
  open({ db }: Pick<WritableHistory, "db">, limits: RetentionLimits): SampleLog {
    // Another file knows of no look so far.
    this.#used = new WeakMap();
    this.#most = Math.max(1, Math.min(EACH_LOOK_MAX, Math.floor(limits.maxBytes / BYTES_EACH)));
    return this.#log = new SampleLog(db, limits);
  }

  /** A look at the living, taken at a time; `find` gives the process that has a pid. */
  take(
    look: ReadonlyMap<number, Look>,
    at: number,
    find: (pid: number) => Process | undefined,
  ): void {
    const changed: { readonly process: Process; readonly now: Used; readonly more: number }[] = [];
    for (const { pid, utime, stime, startTicks } of look.values()) {
      const process = find(pid);
      if (process === undefined || !process.alive) continue;
      if (Math.abs(process.startTicks - startTicks) > 1) continue;
      const known = this.#used.get(process);
      const more = utime + stime - (known === undefined ? 0 : known.utime + known.stime);
      if (more !== 0) changed.push({ process, now: { at, utime, stime }, more });
    }
    // Where there are too many, those that used least are noted another time.
    changed.sort((a, b) => b.more - a.more);
    const counts = new Map<number | null, number>();
    const samples: Sample[] = [];
    let taken = 0;
    for (const { process, now } of changed) {
      const { uid } = process;
      const own = (counts.get(uid) ?? 0) + 1;
      if (taken >= this.#most || (uid !== 0 && own > Math.ceil(this.#most / SHARE))) continue;
      taken++;
      counts.set(uid, own);
      const idle = this.#idleUntil(process);
      if (idle !== null) samples.push(sampleOf(process, idle));
      samples.push(sampleOf(process, now));
      this.#used.set(process, now);
    }
    this.#lastAt = at;
    if (samples.length > 0) this.#log?.add(samples);
  }

  /** What it had used at the look before, where it has done nothing up to then. */
  #idleUntil(process: Process): Used | null {
    const known = this.#used.get(process);
    const at = this.#lastAt;
    if (known === undefined) {
      return process.born < at ? { at, utime: 0, stime: 0 } : null;
    }
    return known.at < at ? { ...known, at } : null;
  }
}

function sampleOf(process: Process, { at, utime, stime }: Used): Sample {
  return { process, at, userUs: utime * TICK_US, systemUs: stime * TICK_US };
}
