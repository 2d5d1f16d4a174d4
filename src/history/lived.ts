/**
 * What lived within stretches of time, as it stood then.
 *
 * @module
 */
import type { LivedQuery } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { Process } from "../model/process.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { History } from "./history.ts";
import { asLife, type Life } from "./life.ts";

/** Lives with their ancestors above them; with pauses. */
export function* livedSteps(
  history: History,
  spans: readonly BootSpan[],
  { limit, asOf }: LivedQuery,
): Steps<Life[]> {
  const found: Life[] = [];
  for (const span of spans) {
    for (const life of yield* history.livedWithinSteps(span)) found.push(life);
  }
  const lives = limitDead(found, limit);
  yield* history.lives.linkUp(lives);
  if (asOf !== null) yield* standAsOf(history, lives, asOf);
  return lives;
}

/** The living, and the newest so many of the others. */
function limitDead(lives: Life[], limit: number): Life[] {
  const newest = lives.filter(({ state }) => state !== "running").sort((a, b) => b.born - a.born);
  const dropped = new Set(newest.slice(limit));
  return lives.filter((life) => !dropped.has(life));
}

/** Lives as they stood at a time, and their ancestors, that ended before or lived, too. */
function* standAsOf(history: History, lives: readonly Life[], ns: number): Steps<void> {
  const done = new Set<Process>();
  for (const life of lives) {
    for (let at: Life | null = life; at !== null && !done.has(at); at = asLife(at.parent)) {
      done.add(at);
      if (done.size % STEP_ROWS === 0) yield;
      if (at.born + at.seenFor > ns) yield* standAt(history, at, ns);
    }
  }
}

function* standAt(history: History, life: Life, ns: number): Steps<void> {
  life.state = "running";
  life.end = null;
  life.status = null;
  yield* history.lives.dressAtSteps(life, ns);
  const { parent } = life;
  if (parent !== null && (parent.end === null || parent.end > ns)) life.reaper = null;
}
