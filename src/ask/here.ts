/**
 * This host's living, for a store to join with what it knows.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import { readBootId } from "../proc/boot_id.ts";
import { parseStat } from "../proc/stat.ts";
import type { Asking } from "./asking.ts";
import type { Family } from "./store.ts";

/** The processes that were read, some or all, and the dead of the store, as one family. */
export function familyOf(
  { store, reader, followed }: Asking,
  processes: readonly Process[],
): Family {
  return store.family({
    processes,
    bootId: readBootId(reader),
    ...followed === undefined ? {} : { followed },
    startTicks(pid) {
      const bytes = reader.read(pid, "stat");
      return bytes === null ? null : parseStat(bytes)?.startTicks ?? null;
    },
  });
}
