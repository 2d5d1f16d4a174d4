/**
 * When this host was booted, for what /proc counts from then on.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import { bootMoment } from "../host/boot_clock.ts";
import type { BootEpoch } from "../model/batch.ts";

/** Wall-clock time of boot, as the clocks have it now. */
export async function readEpoch({ epoch }: Context): Promise<BootEpoch> {
  return epoch ?? (await bootMoment()).epoch;
}
