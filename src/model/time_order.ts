/**
 * Places in the order of times, quickly: numbers are put into boxes by their bits, the lowest
 * first. Engines take ten times longer to call a function for each pair. Pure.
 *
 * @module
 */

/** Bits that are looked at in one go, and as many boxes. */
const BITS = 11;
const BOXES = 1 << BITS;
/** Bits of whole numbers. */
const WHOLE_BITS = 52;
/** Of fewer, comparing is faster. */
const FEW = 64;

/** Places in the order of times; equal ones in the order of their places. Infinity is the last. */
export function timeOrder(times: Float64Array): Uint32Array {
  let [least, most, isWhole] = [Infinity, -Infinity, true];
  for (let at = 0; at < times.length; at++) {
    const time = times[at]!;
    if (time === Infinity) continue;
    if (time < least) least = time;
    if (time > most) most = time;
    isWhole &&= Math.floor(time) === time;
  }
  // One more stands for Infinity.
  const range = most - least + 2;
  if (times.length < FEW || !isWhole || !(range < 2 ** WHOLE_BITS)) return compared(times);
  const keys = new Float64Array(times.length);
  for (let at = 0; at < keys.length; at++) {
    keys[at] = times[at] === Infinity ? range - 1 : times[at]! - least;
  }
  return boxed(keys, range);
}

function compared(times: Float64Array): Uint32Array {
  const before = (a: number, b: number) => {
    return times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : a - b;
  };
  return Uint32Array.from(times, (_, at) => at).sort(before);
}

/** The order of whole numbers from 0 up to `range`. */
function boxed(keys: Float64Array, range: number): Uint32Array {
  let order = new Uint32Array(keys.length);
  for (let at = 0; at < order.length; at++) order[at] = at;
  let next = new Uint32Array(keys.length);
  const digits = new Uint16Array(keys.length);
  const begins = new Uint32Array(BOXES + 1);
  for (let scale = 1; scale < range; scale *= BOXES) {
    begins.fill(0);
    for (let at = 0; at < keys.length; at++) {
      const digit = Math.floor(keys[at]! / scale) % BOXES;
      digits[at] = digit;
      begins[digit + 1]!++;
    }
    for (let box = 0; box < BOXES; box++) begins[box + 1]! += begins[box]!;
    for (let at = 0; at < order.length; at++) {
      const place = order[at]!;
      next[begins[digits[place]!]!++] = place;
    }
    [order, next] = [next, order];
  }
  return order;
}
