import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOomKills } from "../../src/proc/kernel_log.ts";

const GROUP = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," +
  "oom_memcg=/system.slice/x,task_memcg=/system.slice/x/y,task=hog,pid=4711,uid=0";

test("a kill of a control group is told with its limit", () => {
  const kills = parseOomKills([
    "4,100,1000000,-;memory: usage 40960kB, limit 40960kB, failcnt 31\n SUBSYSTEM=x\n",
    `6,101,1000100,-;${GROUP}\n`,
    "3,102,1000200,-;Memory cgroup out of memory: Killed process 4711 (hog)\n",
  ]);
  assert.deepEqual(kills, [
    { pid: 4711, time: 1_000_100_000, group: "/system.slice/x", limit: 40 << 20 },
  ]);
});

test("a kill for the host's memory has no group, nor the limit of another kill", () => {
  const host = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0," +
    "global_oom,task_memcg=/a,task=a,pid=1,uid=0,pid=12,uid=1000";
  const kills = parseOomKills([
    "4,100,1000000,-;memory: usage 1kB, limit 1kB, failcnt 3\n",
    `6,101,1000100,-;${host}\n`,
    `6,102,9000000,-;${GROUP}\n`,
  ]);
  assert.deepEqual(kills.map(({ pid, group, limit }) => [pid, group, limit]), [
    [12, null, null],
    [4711, "/system.slice/x", null],
  ]);
});

test("all of a group that is killed as one are told", () => {
  const kills = parseOomKills([
    `6,101,1000100,-;${GROUP}\n`,
    "3,102,1000200,-;Memory cgroup out of memory: Killed process 4711 (hog) total-vm:1kB\n",
    "6,103,1000300,-;Tasks in /system.slice/x are going to be killed due to memory.oom.group set\n",
    "3,104,1000400,-;Memory cgroup out of memory: Killed process 4712 (a) (b) total-vm:1kB\n",
  ]);
  assert.deepEqual(kills.map(({ pid, group }) => [pid, group]), [
    [4711, "/system.slice/x"],
    [4712, "/system.slice/x"],
  ]);
});

test("what others wrote to the log is no kill", () => {
  assert.deepEqual(
    parseOomKills([
      "12,1,1,-;hello oom-kill:constraint=CONSTRAINT_NONE,pid=1,uid=0",
      "12,1,1,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=x,pid=1,uid=0",
      "",
      "x;y",
    ]),
    [],
  );
});
