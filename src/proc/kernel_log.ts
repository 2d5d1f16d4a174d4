/**
 * The kernel's log, as far as it tells whom the kernel has killed for memory: /dev/kmsg,
 * Documentation/ABI/testing/dev-kmsg, and mm/oom_kill.c dump_oom_victim().
 *
 * ```text
 * 6,1234,17515334789,-;oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/x,...,pid=4711,uid=0
 * ```
 *
 * @module
 */

/** A process that the kernel has killed because memory ran out. */
export interface OomKill {
  readonly pid: number;
  /** When, nanoseconds since boot; suspended time is not counted. */
  readonly time: number;
  /** The control group whose limit was reached; null where it was the host's memory. */
  readonly group: string | null;
  /** That limit in bytes; null where it is not told. */
  readonly limit: number | null;
}

/** Priority, number, microseconds, flags; what the kernel itself says has a facility of 0. */
const RECORD = /^([0-7]),\d+,(\d+),[^;]*;(.*)$/;
const LIMIT = /^memory: usage \d+kB, limit (\d+)kB, failcnt \d+$/;
/** The name of the victim stands before the pid, and may have anything in it. */
const KILL = /^oom-kill:constraint=(\w+),.*,pid=(\d+),uid=\d+$/;
const MORE = /^(?:Memory cgroup out of memory|Out of memory[^:]*): Killed process (\d+) \(/;
const GROUP = /,oom_memcg=(.*),task_memcg=/;
const IN_GROUP = "CONSTRAINT_MEMCG";
/** A limit is told just before the kill that follows from it. */
const TOGETHER_US = 1e6;

/** The kills in records of /dev/kmsg, in their order. */
export function parseOomKills(records: Iterable<string>): OomKill[] {
  const kills: OomKill[] = [];
  let limit: { bytes: number; at: number } | null = null;
  for (const record of records) {
    const [, , us = "", text = ""] = RECORD.exec(record.split("\n", 1)[0]!) ?? [];
    const at = Number(us);
    const [, kib] = LIMIT.exec(text) ?? [];
    if (kib !== undefined) limit = { bytes: Number(kib) * 1024, at };
    const [, more] = MORE.exec(text) ?? [];
    const last = kills.at(-1);
    // With one all of its group may be killed (memory.oom.group): they are told in this way alone.
    if (more !== undefined && last !== undefined && Number(more) !== last.pid) {
      kills.push({ ...last, pid: Number(more), time: at * 1000 });
    }
    const [, constraint, pid] = KILL.exec(text) ?? [];
    if (pid === undefined) continue;
    const isGroup = constraint === IN_GROUP;
    const isNear = limit !== null && at - limit.at <= TOGETHER_US;
    kills.push({
      pid: Number(pid),
      time: at * 1000,
      group: isGroup ? GROUP.exec(text)?.[1] ?? null : null,
      limit: isGroup && isNear ? limit!.bytes : null,
    });
    limit = null;
  }
  return kills;
}
