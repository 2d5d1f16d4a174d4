/**
 * The world of a question that a command puts.
 *
 * @module
 */
import type { Asking } from "../ask/asking.ts";
import { LivingStore } from "../ask/living_store.ts";
import type { Notes } from "../ask/notes.ts";
import type { OpenOptions } from "../ask/open/open.ts";
import type { PastStore } from "../ask/store.ts";
import { createRedactFrom, type RedactSettings } from "../ask/text/redact.ts";
import { EVERYTHING } from "../ask/viewer.ts";
import type { Context } from "../cli/command.ts";
import { placeToAsk } from "../history/place.ts";
import { readCrontabs } from "../host/crontabs.ts";
import { bootMoment } from "../host/boot_clock.ts";
import type { BootEpoch } from "../model/batch.ts";
import { RunningBoot } from "../model/boot.ts";
import { readShortBootId } from "../proc/boot_id.ts";
import { Users } from "../proc/passwd.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import { openUsers } from "../proc/users.ts";
import { Breath } from "../steps.ts";

/** So long a server may take to answer. */
const HURRY_MS = 600;

/** Wall-clock time of boot, as the clocks have it now. */
export async function readEpoch({ epoch }: Pick<Context, "epoch">): Promise<BootEpoch> {
  return epoch ?? (await bootMoment()).epoch;
}

/** How a command opens a history; the recorder of this user, or the host's, is asked to write. */
export function openOptions(context: Context, notes: Notes): OpenOptions {
  return {
    breath: new Breath(context.signal),
    notes,
    hurry: async () => {
      const { askServer } = await import("../serve/client/ask.ts");
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(HURRY_MS)]);
      await askServer({ ...context, signal }, undefined, "status", {});
    },
  };
}

/** The world of other hosts: neither /proc nor users nor crontabs of this one are theirs. */
function elsewhere(context: Context, store: PastStore, notes: Notes): Asking {
  return {
    store,
    historyPlace: placeToAsk(context),
    reader: NO_PROC,
    procRoot: "",
    boot: new RunningBoot(""),
    users: usersElsewhere(),
    redact: undefined,
    viewer: EVERYTHING,
    crontabs: () => [],
    breath: new Breath(context.signal),
    notes,
    now: () => context.now(),
  };
}

/** Users of other hosts: what is 0 there is root, and of the others the names are not known. */
export function usersElsewhere(): Users {
  const users = new Users(() => "root:x:0:0::/root:/bin/sh", () => 0);
  return Object.assign(users, { advice: "give a uid: names of users are those of each host" });
}

/** A /proc in which nothing is. */
const NO_PROC: ProcReader = {
  pids: () => [],
  tasks: () => [],
  read: () => null,
  sizeOf: () => null,
  readTogether: (_pid, names) => names.map(() => null),
  link: () => null,
};

/** The world of a command; the time of boot is read where `needsClock`: that takes some time. */
export async function createAsking(
  context: Context,
  redact: RedactSettings,
  past: PastStore | null,
  notes: Notes,
  needsClock: boolean,
): Promise<Asking> {
  if (past?.isElsewhere) return elsewhere(context, past, notes);
  const reader = openProcfs(context.procRoot);
  return {
    store: past ?? new LivingStore(context.procRoot),
    historyPlace: placeToAsk(context),
    reader,
    procRoot: context.procRoot,
    boot: new RunningBoot(readShortBootId(reader), needsClock ? await readEpoch(context) : null),
    users: openUsers(),
    redact: createRedactFrom(redact),
    viewer: EVERYTHING,
    crontabs: readCrontabs,
    breath: new Breath(context.signal),
    notes,
    now: () => context.now(),
  };
}
