/**
 * How many processes were at work at each moment, and how many CPUs they used. Pure.
 *
 * @module
 */
import type { Model } from "./model.ts";
import { timeOrder } from "../../model/time_order.ts";

/** A value that changes in steps, and how it was on average in a stretch of time. */
export class Steps {
  readonly #at: Float64Array;
  readonly #value: Float64Array;
  /** Value times time, up to each step. */
  readonly #area: Float64Array;

  /** `times`, whole numbers, are when the value grows by what stands at the same place of `by`. */
  constructor(times: Float64Array, by: Float64Array) {
    const order = timeOrder(times);
    this.#at = new Float64Array(order.length);
    this.#value = new Float64Array(order.length);
    this.#area = new Float64Array(order.length);
    let [before, value, area] = [times[order[0] ?? 0] ?? 0, 0, 0];
    for (let at = 0; at < order.length; at++) {
      const time = times[order[at]!]!;
      area += value * (time - before);
      value += by[order[at]!]!;
      before = this.#at[at] = time;
      this.#value[at] = value;
      this.#area[at] = area;
    }
  }

  /** The mean between two moments, the second later than the first. */
  mean(from: number, to: number): number {
    // What is left of sums of fractions is not below nothing.
    return Math.max(0, (this.#areaUntil(to) - this.#areaUntil(from)) / (to - from));
  }

  #areaUntil(moment: number): number {
    let [low, high] = [0, this.#at.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at[middle]! <= moment) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    return this.#area[low - 1]! + this.#value[low - 1]! * (moment - this.#at[low - 1]!);
  }
}

/** What a strip above a timeline shows. */
export interface Load {
  /** Processes that live and have no child that lives: the others wait for them. */
  readonly working: Steps;
  /** CPUs, each CPU time spread evenly over the life; null where no account is known. */
  readonly cpus: Steps | null;
}

/** The load of all processes. */
export function loadOf(model: Model): Load {
  const { ownFrom, ownTo } = model;
  const times = new Float64Array(2 * ownFrom.length);
  times.set(ownFrom);
  times.set(ownTo, ownFrom.length);
  const by = new Float64Array(times.length).fill(1, 0, ownFrom.length).fill(-1, ownFrom.length);
  const working = new Steps(times, by);
  return { working, cpus: model.head.accounted === 0 ? null : cpusOf(model) };
}

function cpusOf({ count, start, end, cpu }: Model): Steps {
  const times = new Float64Array(count * 2);
  const by = new Float64Array(count * 2);
  for (let place = 0; place < count; place++) {
    const rate = Math.max(0, cpu[place]!) / Math.max(1, end[place]! - start[place]!);
    times[2 * place] = start[place]!;
    times[2 * place + 1] = Math.max(end[place]!, start[place]! + 1);
    by[2 * place] = rate;
    by[2 * place + 1] = -rate;
  }
  return new Steps(times, by);
}
