/**
 * Where a failure began. Pure.
 *
 * @module
 */
import type { Model } from "./model.ts";

/**
 * The deepest process whose failure was passed on up to the command's own: at each step the child
 * that ended last with the same exit code, as shells have it. -1 where that has not failed.
 */
export function causeOf(model: Model): number {
  const root = model.head.root;
  if (root < 0 || model.failed[root] === 0) return -1;
  for (let place = root;;) {
    const below = lastFailed(model, place);
    if (below < 0) return place;
    place = below;
  }
}

function lastFailed(model: Model, place: number): number {
  let [found, isSame] = [-1, false];
  for (const child of model.childrenOf(place)) {
    if (model.failed[child] === 0 || model.end[child]! > model.end[place]!) continue;
    const same = codeOf(model, child) === codeOf(model, place);
    const isLater = found < 0 || model.end[child]! > model.end[found]!;
    if ((same && !isSame) || (same === isSame && isLater)) [found, isSame] = [child, same];
  }
  return found;
}

function codeOf(model: Model, place: number): number {
  const status = model.statusOf(place) ?? 0;
  return (status & 0x7f) === 0 ? status >> 8 : 128 + (status & 0x7f);
}
