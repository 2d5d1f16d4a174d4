/**
 * When the processes of a job began and ended, and what its end waited for. Pure.
 *
 * @module
 */
import { criticalPath } from "../model/critical_path.ts";
import type { Image } from "../model/image.ts";
import type { Process } from "../model/process.ts";
import { EndedImages } from "./ended_images.ts";

/** Processes whose times are remembered, for the critical path: 28 bytes each. */
const TIMES_MAX = 1_000_000;

/** A stretch of time in which one process was what all the others waited for. */
export interface PathStep {
  readonly pid: number;
  /** Where there was no room for more, of its name alone. */
  readonly image: Image;
  /** Nanoseconds since boot, of the stretch. */
  readonly from: number;
  readonly to: number;
  /** How far below the first process it is. */
  readonly depth: number;
}

/** When members began and ended, and what they ran, in few bytes. */
export class JobTimes {
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #parents = new Int32Array(1024);
  #pids = new Int32Array(1024);
  /** Those that have not ended; what the others ran is kept without them. */
  readonly #living = new Map<number, Process>();
  readonly #ended = new EndedImages();
  #count = 0;

  /** The place of a new one; -1 when there is no room. */
  begin(process: Process, start: number, parent: number): number {
    if (this.#count >= TIMES_MAX) return -1;
    if (this.#count === this.#starts.length) this.#grow();
    const index = this.#count++;
    this.#starts[index] = start;
    this.#ends[index] = Infinity;
    this.#parents[index] = parent;
    this.#pids[index] = process.pid;
    this.#living.set(index, process);
    return index;
  }

  /** One has ended. */
  end(index: number, process: Process): void {
    if (index < 0) return;
    this.#ends[index] = process.end ?? 0;
    this.#living.delete(index);
    this.runs(index, process);
  }

  /** What one that has ended ran. */
  runs(index: number, { image, durationNs }: Process): void {
    if (index >= 0) this.#ended.set(index, image, durationNs ?? 0);
  }

  /** One lives on after what looked like its end. */
  revive(index: number, process: Process): void {
    if (index < 0) return;
    this.#ends[index] = Infinity;
    this.#living.set(index, process);
  }

  /** What the end of the first one waited for, in the order of time. */
  criticalPath(): PathStep[] {
    const [count, starts, ends, parents] = [this.#count, this.#starts, this.#ends, this.#parents];
    return criticalPath({ count, starts, ends, parents }, 0).map(({ index, from, to, depth }) => {
      const image = this.#living.get(index)?.image ?? this.#ended.get(index);
      return { pid: this.#pids[index]!, image, from, to, depth };
    });
  }

  #grow(): void {
    const room = this.#starts.length * 2;
    const starts = new Float64Array(room);
    starts.set(this.#starts);
    const ends = new Float64Array(room);
    ends.set(this.#ends);
    const parents = new Int32Array(room);
    parents.set(this.#parents);
    const pids = new Int32Array(room);
    pids.set(this.#pids);
    [this.#starts, this.#ends, this.#parents, this.#pids] = [starts, ends, parents, pids];
  }
}
