/**
 * The options of `fh watch` as a server takes them.
 *
 * @module
 */
import { type Glob, parseUser, type UserIds } from "../../ask/text/values.ts";
import type { FilterOptions } from "../../ask/filter.ts";

/**
 * The filter of a subscription; null where an option cannot be told. `match` stays with who asks:
 * servers know patterns of another syntax, and look at the beginning of a long command line alone.
 */
export function filterFor(
  options: FilterOptions,
  users: UserIds,
): Readonly<Record<string, unknown>> | null {
  const { pid, event, user, comm, failed, minDuration, cgroup } = options;
  const globs = [comm, cgroup].map((tests) => tests?.map((test) => (test as Partial<Glob>).glob));
  if (globs.some((texts) => texts?.includes(undefined))) return null;
  const [comms, cgroups] = globs;
  const filter = {
    pid,
    event,
    user: user?.map((text) => parseUser(text, users)),
    comm: comms,
    failed,
    min_duration: minDuration === undefined ? undefined : `${minDuration}ns`,
    cgroup: cgroups,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
