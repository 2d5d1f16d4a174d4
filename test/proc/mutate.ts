/**
 * Seeded damage to fixtures.
 *
 * @module
 */
import process from "node:process";

/** The seed of this run: FH_SEED, or another one each time. */
export const SEED = Number(process.env["FH_SEED"] ?? Math.floor(Math.random() * 0x7fffffff));

/** mulberry32: whole numbers from 0 to `below` - 1. */
export function randomBelow(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** Bytes that parsers look for, beside any byte. */
const TELLING = new TextEncoder().encode(" \n\t()-:/0129,=\\[]\0");

/** A copy of `bytes` with one to four damages: a byte changed, or a piece lost or doubled. */
export function mutated(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  let result = [...bytes];
  for (let damages = 1 + below(4); damages > 0; damages--) {
    const at = below(result.length + 1);
    const piece = result.slice(at, at + 1 + below(16));
    const kind = below(4);
    if (kind === 0) result[at] = TELLING[below(TELLING.length)]!;
    else if (kind === 1) result[at] = below(256);
    else if (kind === 2) result.splice(at, piece.length);
    else result = [...result.slice(0, at), ...piece, ...result.slice(at)];
  }
  return new Uint8Array(result);
}
