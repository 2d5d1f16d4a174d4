/**
 * Looks at the living, in which their trouble shows.
 *
 * @module
 */
import type { Look } from "../detect/living.ts";
import { isOfSession, parseCgroup } from "../proc/cgroup.ts";
import { withoutKernelThreads } from "../proc/processes.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import type { Steps } from "../steps.ts";

const decoder = new TextDecoder();
const INIT = 1;
/** Names of first processes of a host. */
const INITS: ReadonlySet<string> = new Set(["systemd", "init", "runit", "openrc-init"]);
/** Processes that are read between two pauses. */
const READ_AT_ONCE = 100;

/** All that run but kernel threads. */
export function* lookSteps(reader: ProcReader): Steps<Map<number, Look>> {
  const looks = new Map<number, Look>();
  let read = 0;
  for (const pid of withoutKernelThreads(reader, reader.pids())) {
    const bytes = reader.read(pid, "stat");
    const stat = bytes === null ? null : parseStat(bytes);
    if (stat !== null) looks.set(pid, stat);
    if (++read % READ_AT_ONCE === 0) yield;
  }
  return looks;
}

/**
 * Whether nobody waits for a child of the first process: that is who waits for services, virtual
 * machines and, in a container, for everything.
 */
export function isForsaken(reader: ProcReader, pid: number): boolean {
  const [init, bytes] = [reader.read(INIT, "comm"), reader.read(pid, "cgroup")];
  if (init === null || bytes === null || !INITS.has(decoder.decode(init).trim())) return false;
  const { unit, container } = parseCgroup(decoder.decode(bytes));
  return container === null && (unit === null || isOfSession(unit));
}
