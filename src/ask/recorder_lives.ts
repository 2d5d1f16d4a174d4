/**
 * Whether a recorder is at work.
 *
 * @module
 */
import { TICK_NS } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import type { PastRun } from "./store.ts";

/** Whether the recorder of a run is there: the process with its pid began before the run did. */
export function recorderLives(run: PastRun, reader: ProcReader): boolean {
  if (run.ended !== null || readBootId(reader) !== run.boot.bootId) return false;
  const bytes = reader.read(run.pid, "stat");
  const stat = bytes === null ? null : parseStat(bytes);
  return stat !== null && stat.startTicks * TICK_NS <= run.since;
}
