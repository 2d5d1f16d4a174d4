/**
 * Clocks read together: the connector stamps CLOCK_MONOTONIC, /proc counts CLOCK_BOOTTIME, people
 * read CLOCK_REALTIME.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { CLOCK } from "../../ffi/linux.ts";
import type { BootEpoch } from "../model/batch.ts";

const NS = 1_000_000_000;

/** The offsets between the three clocks, as of the last {@linkcode Clocks.sample}. */
export class Clocks {
  readonly #libc: Libc;
  readonly #offsetNs: number;
  /** Add to the kernel's CLOCK_MONOTONIC to get time since boot: most often the time in suspend. */
  suspendedNs = 0;
  /** Add to time since boot to get the wall clock; changes when somebody sets the clock. */
  epoch: BootEpoch = { seconds: 0, ns: 0 };

  /**
   * `offsetNs` is what CLOCK_MONOTONIC has in this time namespace beyond the kernel's own, which
   * the connector's time stamps are of; /proc/PID/stat counts as CLOCK_BOOTTIME does here.
   */
  constructor(libc: Libc, offsetNs = 0) {
    this.#libc = libc;
    this.#offsetNs = offsetNs;
    this.sample();
  }

  /** Time since boot now, in nanoseconds. */
  now(): number {
    return this.#libc.clockGettime(CLOCK.BOOTTIME);
  }

  /** Reads all three clocks; the time since boot is the answer. */
  sample(): number {
    const boot = this.#libc.clockGettime(CLOCK.BOOTTIME);
    const suspended = boot - (this.#libc.clockGettime(CLOCK.MONOTONIC) - this.#offsetNs);
    // Two reads are some 100 ns apart: only a suspend moves the offset by more.
    if (Math.abs(suspended - this.suspendedNs) > 1_000_000) {
      this.suspendedNs = Math.round(suspended / 1000) * 1000;
    }
    this.#sampleEpoch(boot);
    return boot;
  }

  #sampleEpoch(boot: number): void {
    const { seconds, ns } = this.#libc.clockRealtime();
    let offsetNs = ns - boot % NS;
    let offsetSeconds = seconds - Math.floor(boot / NS);
    if (offsetNs < 0) {
      offsetNs += NS;
      offsetSeconds--;
    }
    const { epoch } = this;
    const moved = (offsetSeconds - epoch.seconds) * NS + (offsetNs - epoch.ns);
    // NTP slews by microseconds: only a step is worth a jump of the times shown.
    if (Math.abs(moved) > 1_000_000) this.epoch = { seconds: offsetSeconds, ns: offsetNs };
  }
}
