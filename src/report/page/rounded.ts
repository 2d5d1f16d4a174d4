/**
 * Numbers in few bits: exact below 128, beyond with an error of less than one in a hundred.
 *
 * @module
 */

const EXACT = 128;
const HALF = EXACT / 2;

/** The code of a number that is not negative; codes are small and in the order of their numbers. */
export function toRounded(value: number): number {
  // All but the last halving at once: so many bits the number has beyond seven.
  let halvings = value < 2 ** 31 ? Math.max(0, 25 - Math.clz32(value)) : 0;
  let rest = value / (1 << halvings);
  for (; rest >= EXACT - 0.5; rest /= 2) halvings++;
  return halvings * HALF + Math.round(rest);
}

/** The number of a code. */
export function fromRounded(code: number): number {
  if (code < EXACT) return code;
  const halvings = (code >> 6) - 1;
  return (code - halvings * HALF) * 2 ** halvings;
}
