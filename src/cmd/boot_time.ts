/**
 * When this host was booted, for what /proc counts from then on.
 *
 * @module
 */
import { bootMoment } from "../host/boot_clock.ts";
import type { BootEpoch } from "../model/batch.ts";
import type { Context } from "./command.ts";

/** Wall-clock time of boot, as the clocks have it now. */
export async function readEpoch({ epoch }: Context): Promise<BootEpoch> {
  return epoch ?? (await bootMoment()).epoch;
}
