/**
 * What a host may allow, made up.
 *
 * @module
 */
import { INIT_NS_INO } from "../../src/proc/namespaces.ts";
import type { Facts, ProcFacts } from "../../src/source/probe/probe.ts";

const PROC: ProcFacts = {
  root: "/proc",
  options: { hidepid: "off", gid: null, subset: null },
  self: 4711,
  initUid: 0,
  virtual: [],
  counters: { loadavg: "believed", nsLastPid: "believed", stat: "believed" },
  processes: 80,
  guarded: 0,
};

/** Root on the host, with a kernel that has everything. */
export const ROOT_FACTS: Facts = {
  release: "6.18.44",
  pid: 4711,
  uid: 0,
  capabilities: 0x1ffffffffffn,
  namespaces: {
    pid: INIT_NS_INO.pid,
    user: INIT_NS_INO.user,
    net: INIT_NS_INO.net,
    initNet: INIT_NS_INO.net,
  },
  connector: { kind: "open", events: 161_319, forced: true },
  choice: {
    source: "connector",
    why: "the kernel's proc connector reports every event; its buffer holds 161319 of them",
  },
  realtimeErrno: 0,
  proc: PROC,
  pidfdErrno: 0,
  exitInfo: true,
  openFiles: 1_048_576,
  inotifyErrno: 0,
  taskstats: { kind: "permitted", version: 16 },
};

/** The same host with other facts about /proc. */
export function withProc(proc: Partial<ProcFacts>, facts: Facts = ROOT_FACTS): Facts {
  return { ...facts, proc: { ...facts.proc, ...proc } };
}

/** An ordinary user on the same host. */
export const NOBODY_FACTS: Facts = {
  ...ROOT_FACTS,
  uid: 65_534,
  capabilities: 0n,
  namespaces: { ...ROOT_FACTS.namespaces, initNet: null },
  connector: { kind: "open", events: 10_082, forced: false },
  choice: {
    source: "connector",
    why: "the kernel's proc connector reports every event; its buffer holds 10082 of them " +
      "(net.core.rmem_max allows no more)",
  },
  realtimeErrno: 1,
  proc: { ...PROC, guarded: 80 },
  taskstats: { kind: "refused", errno: 1 },
};

const IN_CONTAINER =
  "this is another pid namespace, and the kernel's proc connector serves the initial one";

/** An ordinary user in a container that hides what it can, on an old kernel. */
export const CONTAINER_FACTS: Facts = {
  ...NOBODY_FACTS,
  release: "5.4.0-generic",
  namespaces: { pid: 0xf0000101, user: 0xf0000102, net: 0xf0000103, initNet: null },
  connector: {
    kind: "refused",
    reason: IN_CONTAINER,
    advice: "run on the host, or with --pid=host",
  },
  choice: { source: "poll", why: `${IN_CONTAINER}; /proc is read instead` },
  proc: {
    ...PROC,
    options: { hidepid: "invisible", gid: null, subset: "pid" },
    initUid: null,
    counters: { loadavg: "hidden", nsLastPid: "hidden", stat: "hidden" },
    processes: 1,
  },
  exitInfo: false,
  openFiles: 60,
  inotifyErrno: 24,
  taskstats: { kind: "absent", errno: 2 },
};
