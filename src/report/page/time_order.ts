/**
 * Places in the order of times, quickly: engines sort plain numbers several times faster than they
 * call a function for each pair. Pure.
 *
 * @module
 */

/** Places in the order of whole numbers; equal ones in the order of their places. */
export function timeOrder(times: Float64Array): Uint32Array {
  let [least, most] = [Infinity, -Infinity];
  for (const time of times) {
    if (time < least) least = time;
    if (time > most) most = time;
  }
  if ((most - least + 1) * times.length >= Number.MAX_SAFE_INTEGER) {
    return Uint32Array.from(times.keys()).sort((a, b) => times[a]! - times[b]! || a - b);
  }
  const keys = new Float64Array(times.length);
  for (let at = 0; at < keys.length; at++) keys[at] = (times[at]! - least) * keys.length + at;
  keys.sort();
  const order = new Uint32Array(keys.length);
  for (let at = 0; at < keys.length; at++) order[at] = keys[at]! % keys.length;
  return order;
}
