/**
 * Waiting for what comes about by itself.
 *
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

/** Who waits longer waits for nothing, also on a busy host. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 1;

/** Looks until there is something else than null and false, and gives that. */
export async function until<T>(
  look: () => T | null | false,
  what: string = String(look),
): Promise<T> {
  for (const late = performance.now() + PATIENCE_MS;; await delay(LOOK_MS)) {
    const seen = look();
    if (seen !== null && seen !== false) return seen;
    if (performance.now() > late) throw new Error(`This does not come about: ${what}`);
  }
}
