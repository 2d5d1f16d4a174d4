/**
 * Times since boot as people and RFC 3339 write them.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";

const NS = 1_000_000_000;

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Formats times since boot; remembers the second, since most events share theirs. */
export class WallClock {
  #second = -1;
  #utc = "";
  #localSecond = -1;
  #local = "";

  /** RFC 3339 in UTC with nanoseconds: `2026-11-23T11:15:54.123456789Z`. */
  utc(epoch: BootEpoch, bootNs: number): string {
    const { second, ns } = split(epoch, bootNs);
    if (second !== this.#second) {
      this.#second = second;
      this.#utc = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#utc}${pad(ns, 9)}Z`;
  }

  /** Local time of day with milliseconds: `12:15:54.123`. */
  local(epoch: BootEpoch, bootNs: number): string {
    const { second, ns } = split(epoch, bootNs);
    if (second !== this.#localSecond) {
      this.#localSecond = second;
      const date = new Date(second * 1000);
      const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
      this.#local = parts.map((part) => pad(part, 2)).join(":");
    }
    return `${this.#local}.${pad(Math.floor(ns / 1e6), 3)}`;
  }
}

function split(epoch: BootEpoch, bootNs: number): { second: number; ns: number } {
  const whole = Math.floor(bootNs / NS);
  const ns = Math.floor(bootNs - whole * NS) + epoch.ns;
  return ns < NS
    ? { second: epoch.seconds + whole, ns }
    : { second: epoch.seconds + whole + 1, ns: ns - NS };
}
