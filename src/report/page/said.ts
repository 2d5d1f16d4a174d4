/**
 * Numbers of a page in words.
 *
 * @module
 */
import { durationWords, exitWords } from "../../text/words.ts";
import type { Model } from "./model.ts";

/** Microseconds as a duration. */
export function duration(us: number): string {
  return durationWords(Math.max(0, us) * 1000);
}

/** A share of one in percent. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1)} %`;
}

/** A count with thin spaces between thousands. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** How a process ended: `exit 2`, `SIGKILL`, `running`, `?`. */
export function ending(model: Model, place: number): string {
  const status = model.statusOf(place);
  if (status === null) return model.outcomeOf(place) === "running" ? "running" : "?";
  const signal = status & 0x7f;
  return exitWords({
    code: signal === 0 ? (status >> 8) & 0xff : null,
    signal: signal === 0 ? null : signal,
    core: (status & 0x80) !== 0,
  });
}
