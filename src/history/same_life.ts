/**
 * A life of another file of the same host, in this one.
 *
 * @module
 */
import { TICK_NS } from "../model/process.ts";
import { NTH_SHIFT } from "./schema.ts";

/** A life that was looked for. */
export interface FoundLife {
  readonly key: number;
  readonly born: number;
  readonly nth: number;
}

/** What is looked at of lives of a pid. */
export type LifeStart = readonly [key: number, born: number, span: number | null, flags: number];

/** Of lives that began from then on and before then (ns since boot), that one may be. */
export function aroundStart(born: number): readonly [from: number, until: number] {
  const from = (tickOf(born) - 1) * TICK_NS;
  return [from, from + 3 * TICK_NS];
}

/**
 * The one of them that ran when another file was shipped last, which has it from `born` on. Who
 * made that file saw its fork, which the kernel tells a little after it has noted the start; a file
 * that is made anew has the start alone, as /proc tells it: by the clock tick. So it stands one
 * tick before at times. Two lives of one pid cannot overlap: what began within a tick of it, and
 * was not over before, is that life.
 */
export function sameLifeOf(born: number, all: readonly LifeStart[]): FoundLife | null {
  const found = all.filter(([, its, span]) => {
    return its === born || span === null || its + span >= born;
  });
  const one = found.find(([, its]) => its === born) ??
    found.find(([, its]) => tickOf(its) === tickOf(born)) ?? found[0];
  return one === undefined ? null : { key: one[0], born: one[1], nth: one[3] >> NTH_SHIFT };
}

function tickOf(ns: number): number {
  return Math.floor(ns / TICK_NS);
}
