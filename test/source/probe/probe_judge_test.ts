import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts, ProcFacts } from "../../../src/source/probe/probe.ts";
import { judge } from "../../../src/source/probe/probe_judge.ts";
import type { RowState } from "../../../src/source/probe/probe_row.ts";
import { CONTAINER_FACTS, NOBODY_FACTS, ROOT_FACTS, withProc } from "../../support/doctor_facts.ts";

const POLL: Facts = {
  ...ROOT_FACTS,
  connector: { kind: "refused", reason: "it is not there", advice: "get one" },
  choice: { source: "poll", why: "it is not there; /proc is read instead" },
};
const NOBODY_POLLS: Facts = { ...NOBODY_FACTS, connector: POLL.connector, choice: POLL.choice };
const OLD: Facts = { ...POLL, release: "6.1.0" };
const OTHER = 0xf0000100;
const NO_SYS_PTRACE = ROOT_FACTS.capabilities! & ~(1n << 19n);
const HIDDEN = { hidepid: "invisible", gid: null, subset: null } as const;
const SUBSET = { hidepid: "off", gid: null, subset: "pid" } as const;

function inNamespaces(namespaces: Partial<Facts["namespaces"]>, facts: Facts = POLL): Facts {
  return { ...facts, namespaces: { ...facts.namespaces, ...namespaces } };
}

function counting(counters: Partial<ProcFacts["counters"]>, facts: Facts = POLL): Facts {
  return withProc({ counters: { ...facts.proc.counters, ...counters } }, facts);
}

const noCounter = (facts: Facts) => counting({ loadavg: "hidden", nsLastPid: "hidden" }, facts);
const HOST_LOADAVG = counting({ loadavg: "foreign" });
const FOREIGN_ALONE = counting({ nsLastPid: "hidden" }, HOST_LOADAVG);
const UNTRIED = { loadavg: "untried", nsLastPid: "untried", stat: "untried" } as const;

/**
 * What is so; the facts, and those of the same host without it; the state of the row; what it
 * says, and after an arrow advises; what fh watch does not see because of it.
 */
type Case = readonly [
  what: string,
  facts: Facts,
  base: Facts,
  state: RowState,
  said: RegExp,
  limit: RegExp | null,
];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  "kernel": [
    ["6.6", { ...POLL, release: "6.6.0" }, POLL, "ok", /^Linux 6\.6\.0$/, null],
    ["10.0", { ...POLL, release: "10.0" }, POLL, "ok", /^Linux 10\.0$/, null],
    ["6.5", { ...POLL, release: "6.5.13" }, POLL, "limited", /takes CAP_NET_ADMIN -> run as/, null],
    [
      "4.18 with the connector",
      { ...ROOT_FACTS, release: "4.18.0-553.el8" },
      ROOT_FACTS,
      "ok",
      /which is at hand$/,
      null,
    ],
    ["no number", { ...POLL, release: "\x1b[2J" }, POLL, "limited", /no version number$/, null],
  ],
  "pid namespace": [
    ["the first", POLL, POLL, "ok", /^The initial one$/, null],
    ["another", inNamespaces({ pid: OTHER }), POLL, "limited", /^Another.* -> .*--pid=host/, null],
    ["unknown", inNamespaces({ pid: null }), POLL, "limited", /cannot be told which one/, null],
  ],
  "user namespace": [
    ["the first", POLL, POLL, "ok", /^The initial one$/, null],
    ["another", inNamespaces({ user: OTHER }), POLL, "limited", /^Another.* -> .*outside/, null],
    ["unknown", inNamespaces({ user: null }), POLL, "limited", /cannot be told which one/, null],
  ],
  "net namespace": [
    ["the first", POLL, POLL, "ok", /^The initial one$/, null],
    ["another", inNamespaces({ net: OTHER }), POLL, "limited", /^Another.* -> .*--net=host/, null],
    ["unknown", inNamespaces({ net: null }), POLL, "limited", /cannot be told which one/, null],
    [
      "that of process 1, old kernel",
      inNamespaces({ net: OTHER, initNet: OTHER }, OLD),
      OLD,
      "ok",
      /^The initial one$/,
      null,
    ],
    [
      "not that of process 1, old kernel",
      inNamespaces({ net: OTHER, initNet: OTHER + 1 }, OLD),
      OLD,
      "limited",
      /^Another one.* -> .*--net=host/,
      null,
    ],
    [
      "that of a container's process 1, old kernel",
      inNamespaces({ pid: OTHER, net: OTHER, initNet: OTHER }, OLD),
      OLD,
      "limited",
      /cannot be told whether it is the initial one$/,
      null,
    ],
    [
      "with a connector that answers, old kernel",
      inNamespaces({ net: OTHER, initNet: null }, { ...ROOT_FACTS, release: "6.1.0" }),
      ROOT_FACTS,
      "ok",
      /^The initial one$/,
      null,
    ],
  ],
  "capabilities": [
    ["all", ROOT_FACTS, ROOT_FACTS, "ok", /^CAP_NET_ADMIN, CAP_SYS_PTRACE and CAP_SYS_N/, null],
    ["none", NOBODY_FACTS, NOBODY_FACTS, "missing", /^None of CAP_.* -> run as root$/, null],
    [
      "all but one",
      { ...ROOT_FACTS, capabilities: NO_SYS_PTRACE },
      withProc({ guarded: 80 }),
      "limited",
      /^No CAP_SYS_PTRACE -> .*--cap-add=SYS_PTRACE$/,
      null,
    ],
    [
      "all, of another user namespace",
      inNamespaces({ user: OTHER }),
      POLL,
      "limited",
      /inside this user namespace only -> .*outside/,
      null,
    ],
    [
      "unknown",
      { ...NOBODY_FACTS, capabilities: null },
      NOBODY_FACTS,
      "limited",
      /^They cannot be told$/,
      null,
    ],
  ],
  "connector": [
    ["an answer", ROOT_FACTS, ROOT_FACTS, "ok", /^It answers, and reports every event$/, null],
    ["a refusal", POLL, ROOT_FACTS, "missing", /^It is not there -> get one$/, /counted, not seen/],
    [
      "an answer that nobody wants",
      { ...ROOT_FACTS, choice: { source: "poll", why: "it was asked for" } },
      ROOT_FACTS,
      "ok",
      /every event$/,
      /counted, not seen/,
    ],
  ],
  "buffer": [
    ["a forced one", ROOT_FACTS, ROOT_FACTS, "ok", /^It holds 161319 events$/, null],
    [
      "a small one",
      { ...ROOT_FACTS, connector: { kind: "open", events: 256, forced: false } },
      ROOT_FACTS,
      "limited",
      /256 events; net\.core\.rmem_max .* -> .*sysctl -w net\.core\.rmem_max=67108864$/,
      /overflow/,
    ],
    [
      "a large one without force",
      { ...ROOT_FACTS, connector: { kind: "open", events: 161_319, forced: false } },
      ROOT_FACTS,
      "ok",
      /^It holds 161319 events$/,
      null,
    ],
    ["no connector", POLL, POLL, "missing", /without the connector$/, null],
  ],
  "real-time": [
    ["permission", ROOT_FACTS, ROOT_FACTS, "ok", /may have SCHED_FIFO$/, null],
    [
      "EPERM",
      { ...ROOT_FACTS, realtimeErrno: 1 },
      ROOT_FACTS,
      "limited",
      /EPERM -> .*CAP_SYS_NICE/,
      /command line/,
    ],
    [
      "ENOSYS",
      { ...ROOT_FACTS, realtimeErrno: 38 },
      ROOT_FACTS,
      "limited",
      /ENOSYS$/,
      /command line/,
    ],
  ],
  "other users": [
    ["CAP_SYS_PTRACE", ROOT_FACTS, ROOT_FACTS, "ok", /every process can be read$/, null],
    ["a guarded one", withProc({ guarded: 1 }), ROOT_FACTS, "limited", /of 1 process cannot/, null],
    [
      "most guarded",
      withProc({ guarded: 79 }),
      ROOT_FACTS,
      "limited",
      /own processes only -> .*--cap-add=SYS_PTRACE$/,
      /working folder of other users/,
    ],
    [
      "no CAP_SYS_PTRACE",
      { ...ROOT_FACTS, uid: 1, capabilities: NO_SYS_PTRACE },
      ROOT_FACTS,
      "limited",
      /own processes only -> run as root$/,
      /working folder of other users/,
    ],
  ],
  "/proc": [
    ["no options", ROOT_FACTS, ROOT_FACTS, "ok", /^Shows every process$/, null],
    ["unknown options", withProc({ options: null }), ROOT_FACTS, "ok", /^Shows every p/, null],
    ["hidepid, root", withProc({ options: HIDDEN }), ROOT_FACTS, "ok", /not concern this/, null],
    [
      "hidepid, root, process 1 guarded",
      withProc({ options: HIDDEN, initUid: null }),
      ROOT_FACTS,
      "ok",
      /hidepid=invisible does not concern this user$/,
      null,
    ],
    [
      "hidepid",
      withProc({ options: HIDDEN, initUid: null }, NOBODY_FACTS),
      NOBODY_FACTS,
      "limited",
      /^Processes of other users are hidden \(hidepid=invisible\) -> run as root, .*hidepid=off$/,
      /have no names/,
    ],
    [
      "hidepid, polled",
      withProc({ options: HIDDEN, initUid: null }, NOBODY_POLLS),
      NOBODY_POLLS,
      "limited",
      /are hidden .*hidepid=off$/,
      /of other users are not seen/,
    ],
    [
      "hidepid, in the group that may see",
      withProc({ options: HIDDEN }, NOBODY_FACTS),
      NOBODY_FACTS,
      "ok",
      /does not concern this user$/,
      null,
    ],
    [
      "hidepid, process 1 is one's own",
      withProc({ options: HIDDEN, initUid: NOBODY_FACTS.uid }, NOBODY_FACTS),
      NOBODY_FACTS,
      "limited",
      /are hidden/,
      /have no names/,
    ],
    [
      "hidepid, root of another user namespace",
      inNamespaces({ user: OTHER }, withProc({ options: HIDDEN, initUid: null }, POLL)),
      POLL,
      "limited",
      /are hidden .* -> run outside the user namespace/,
      /of other users are not seen/,
    ],
    [
      "a hidepid of a later kernel",
      withProc({ options: { ...HIDDEN, hidepid: null }, initUid: null }, NOBODY_FACTS),
      NOBODY_FACTS,
      "limited",
      /hidepid=a newer value/,
      /have no names/,
    ],
    [
      "files of lxcfs",
      withProc({
        virtual: ["loadavg", "stat", "uptime"].map((name) => ({ name, type: "fuse.lxcfs" })),
      }),
      ROOT_FACTS,
      "limited",
      /^\/proc\/loadavg, \/proc\/stat and \/proc\/uptime are virtual \(fuse\.lxcfs\), not/,
      null,
    ],
    [
      "subset=pid",
      withProc({ options: SUBSET }),
      ROOT_FACTS,
      "limited",
      /^Only processes are shown \(subset=pid\).* -> mount \/proc without subset=pid$/,
      null,
    ],
    [
      "that of another pid namespace",
      withProc({ self: 12 }, POLL),
      POLL,
      "missing",
      /another pid namespace .* -> mount -t proc proc \/proc inside/,
      /belongs to another pid namespace/,
    ],
    [
      "none",
      withProc({ self: null, options: null, root: "/p" }),
      ROOT_FACTS,
      "missing",
      /is at \/p -> mount -t proc proc \/p$/,
      /nothing is known/,
    ],
  ],
  "pid counter": [
    ["both", ROOT_FACTS, ROOT_FACTS, "ok", /can be read$/, null],
    ["none", noCounter(ROOT_FACTS), ROOT_FACTS, "missing", /hidden -> .*subset/, null],
    ["none, polled", noCounter(POLL), POLL, "missing", /hidden/, /are rare/],
    ["no stat, polled", counting({ stat: "hidden" }), POLL, "limited", /stat cannot be/, /exactly/],
    ["a dead stat", counting({ stat: "foreign" }), POLL, "limited", /stat does not fol/, /exactly/],
    ["loadavg of the host", HOST_LOADAVG, POLL, "ok", /ns_last_pid instead of .*loadavg/, null],
    [
      "the same alone",
      FOREIGN_ALONE,
      POLL,
      "missing",
      /loadavg does not follow/,
      /because .*loada/,
    ],
    ["untried", counting(UNTRIED), POLL, "missing", /could not be tried/, /are rare/],
    ["foreign", withProc({ self: 12 }, POLL), POLL, "missing", /another pid names/, /looks are ra/],
  ],
  "exit codes": [
    ["all", POLL, POLL, "ok", /any process$/, null],
    ["old", { ...POLL, exitInfo: false }, POLL, "limited", /not how -> .*6\.15/, /codes are not/],
    [
      "old, connector",
      { ...ROOT_FACTS, exitInfo: false },
      ROOT_FACTS,
      "limited",
      /not how -> .*6\.15/,
      null,
    ],
    ["no child", { ...POLL, exitInfo: null }, POLL, "limited", /^No child could/, null],
    ["foreign pids", withProc({ self: 12 }, POLL), POLL, "missing", /-> mount/, /codes are not/],
    [
      "no pidfds",
      { ...POLL, pidfdErrno: 38, exitInfo: false },
      POLL,
      "missing",
      /has no pidfds -> .*6\.15/,
      /codes are not/,
    ],
    ["EPERM", { ...POLL, pidfdErrno: 1 }, POLL, "missing", /^No pidfds: EPERM$/, /codes are not/],
  ],
  "open files": [
    ["enough", { ...POLL, openFiles: 224 }, POLL, "ok", /^224 allowed, 80 processes to/, null],
    ["too few", { ...POLL, openFiles: 223 }, POLL, "limited", /-> .*ulimit -Hn 224/, /too few/],
    ["too few, connector", { ...ROOT_FACTS, openFiles: 9 }, ROOT_FACTS, "limited", /-Hn/, null],
    ["unknown", { ...POLL, openFiles: -22 }, POLL, "limited", /not known: EINVAL$/, null],
  ],
  "doorbell": [
    ["inotify", POLL, POLL, "ok", /inotify/, null],
    ["EMFILE", { ...POLL, inotifyErrno: 24 }, POLL, "missing", /-> .*max_user_inst/, /missed$/],
    ["ENOSPC", { ...POLL, inotifyErrno: 28 }, POLL, "missing", /-> .*max_user_watc/, /missed$/],
    ["ENOSYS", { ...ROOT_FACTS, inotifyErrno: 38 }, ROOT_FACTS, "missing", /ENOSYS$/, null],
  ],
  "taskstats": [
    ["version 16", ROOT_FACTS, ROOT_FACTS, "ok", /^Version 16$/, null],
    [
      "EPERM",
      { ...ROOT_FACTS, taskstats: { kind: "refused", errno: 1 } },
      ROOT_FACTS,
      "missing",
      /refused: EPERM -> .*--cap-add=NET_ADMIN/,
      null,
    ],
    [
      "no family",
      { ...ROOT_FACTS, taskstats: { kind: "absent", errno: 2 } },
      ROOT_FACTS,
      "missing",
      /-> .*CONFIG_TASKSTATS=y$/,
      null,
    ],
    [
      "no netlink",
      { ...ROOT_FACTS, taskstats: { kind: "absent", errno: 93 } },
      ROOT_FACTS,
      "missing",
      /^Generic netlink is refused: EPROTONOSUPPORT$/,
      null,
    ],
    [
      "no answer",
      { ...ROOT_FACTS, taskstats: { kind: "unclear", reason: "No answer within 1 ms" } },
      ROOT_FACTS,
      "missing",
      /^No answer within 1 ms$/,
      null,
    ],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  for (const [what, facts, base, state, said, limit] of cases) {
    test(`judge() says ${state} in row ${name} for: ${what}`, () => {
      const { rows, limits } = judge(facts);
      const { state: seen, found, advice } = rows.find((row) => row.name === name)!;
      assert.equal(seen, state);
      assert.match(advice === null ? found : `${found} -> ${advice}`, said);
      const before = judge(base).limits;
      const added = limits.filter((text) => !before.includes(text));
      if (limit === null) assert.deepEqual(added, []);
      else assert.ok(added.some((text) => limit.test(text)), added.join("; "));
    });
  }
}

test("judge() finds nothing wanting for root on the host", () => {
  const { rows, limits, source } = judge(ROOT_FACTS);
  assert.equal(source, "connector");
  assert.deepEqual(limits, []);
  assert.deepEqual(rows.filter(({ state, advice }) => state !== "ok" || advice !== null), []);
});

test("judge() has the same rows for every host, each with cases, in sentences", () => {
  const hosts = Object.values(CASES).flat().map(([, facts]) => facts);
  for (const facts of [...hosts, NOBODY_FACTS, CONTAINER_FACTS]) {
    const { rows } = judge(facts);
    assert.deepEqual(rows.map(({ name }) => name).sort(), Object.keys(CASES).sort());
    for (const { found, advice } of rows) {
      assert.match(found, /^[A-Z0-9/].*[^.]$/s);
      assert.doesNotMatch(advice ?? "", /\.$/);
    }
  }
});
