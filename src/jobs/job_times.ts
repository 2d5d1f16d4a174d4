/**
 * When the processes of a job began and ended, and what its end waited for. Pure.
 *
 * @module
 */
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

  /**
   * From the end backwards: within a process the child that ended last before is what it waited
   * for; before that child began, the one that ended last then; what is left is its own time.
   */
  criticalPath(): PathStep[] {
    if (this.#count === 0) return [];
    const children = this.#childrenByEnd();
    const steps: PathStep[] = [];
    const work = [{ index: 0, until: this.#ends[0]!, depth: 0 }];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const { index, depth } = at;
      let until = Math.min(at.until, this.#ends[index]!);
      if (until === Infinity) until = this.#latest();
      const start = this.#starts[index]!;
      for (const child of children.get(index) ?? []) {
        const [from, to] = [this.#starts[child]!, this.#ends[child]!];
        if (to > until || from >= until || to <= start) continue;
        this.#add(steps, index, to, until, depth);
        work.push({ index: child, until: to, depth: depth + 1 });
        until = Math.max(start, from);
      }
      this.#add(steps, index, start, until, depth);
    }
    return steps.sort((a, b) => a.from - b.from);
  }

  #add(steps: PathStep[], index: number, from: number, to: number, depth: number): void {
    if (to <= from) return;
    const image = this.#living.get(index)?.image ?? this.#ended.get(index);
    steps.push({ pid: this.#pids[index]!, image, from, to, depth });
  }

  /** Children of each, the one that ended last first. */
  #childrenByEnd(): Map<number, number[]> {
    const children = new Map<number, number[]>();
    for (let index = 0; index < this.#count; index++) {
      const parent = this.#parents[index]!;
      if (parent < 0) continue;
      const those = children.get(parent);
      if (those === undefined) children.set(parent, [index]);
      else those.push(index);
    }
    for (const those of children.values()) those.sort((a, b) => this.#ends[b]! - this.#ends[a]!);
    return children;
  }

  #latest(): number {
    let latest = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#ends[i] !== Infinity) latest = Math.max(latest, this.#ends[i]!);
    }
    return latest;
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
