/**
 * Judges what was found out: one row a fact, and whether fh watch sees everything.
 *
 * @module
 */
import { ERRNO, errnoName } from "../../../ffi/errno.ts";
import { INIT_NS_INO } from "../../proc/namespaces.ts";
import { EVENT_TRUESIZE } from "../listen.ts";
import { DISTRUST } from "../poll/pid_counter.ts";
import type { Choice, Facts } from "./probe.ts";
import {
  adviceFor,
  CAPABILITIES,
  type Capability,
  countsOtherPids,
  type Finding,
  holds,
  inInitial,
  limited,
  listed,
  missing,
  ok,
  processes,
  type Row,
  sentence,
  whenPolling,
} from "./probe_row.ts";
import type { TaskstatsFact } from "./probe_taskstats.ts";

/** What all facts come to. */
export interface Verdict extends Choice {
  readonly rows: readonly Row[];
  /** What fh watch does not see, as sentence parts; empty when it sees everything. */
  readonly limits: readonly string[];
}

const ALL_CAPABILITIES = Object.keys(CAPABILITIES) as Capability[];

/** Events of a second of the hardest fork storm seen: 20 000 processes a second, some five each. */
const EVENTS_ENOUGH = 100_000;
/** net.core.rmem_max that is enough for them: a power of 2, and the kernel doubles it. */
const RMEM_ENOUGH = 2 ** Math.ceil(Math.log2(EVENTS_ENOUGH * EVENT_TRUESIZE / 2));
/** Descriptors that fh itself needs beside one a process. */
const FILES_BESIDE = 64;

/** The facts in the order in which they are shown. */
const TABLE: readonly (readonly [string, (facts: Facts) => Finding])[] = [
  ["kernel", judgeKernel],
  ["pid namespace", judgePidNamespace],
  ["user namespace", judgeUserNamespace],
  ["net namespace", judgeNetNamespace],
  ["capabilities", judgeCapabilities],
  ["connector", judgeConnector],
  ["buffer", judgeBuffer],
  ["real-time", judgeRealtime],
  ["/proc", judgeProc],
  ["other users", judgeOtherUsers],
  ["pid counter", judgePidCounter],
  ["exit codes", judgeExitCodes],
  ["open files", judgeOpenFiles],
  ["doorbell", judgeDoorbell],
  ["taskstats", judgeTaskstats],
];

/** Judges every fact; pure. */
export function judge(facts: Facts): Verdict {
  const findings = TABLE.map(([name, look]) => ({ name, ...look(facts) }));
  return {
    ...facts.choice,
    rows: findings.map(({ name, state, found, advice }) => ({ name, state, found, advice })),
    limits: findings.flatMap(({ limits }) => limits ?? []),
  };
}

function judgeKernel(facts: Facts): Finding {
  const { release, connector } = facts;
  const version = /^(\d+)\.(\d+)/.exec(release);
  if (version === null) return limited(`The release ${release} is no version number`, null);
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major > 6 || (major === 6 && minor >= 6)) return ok(`Linux ${release}`);
  const found = `Linux ${release}: before 6.6 the proc connector takes CAP_NET_ADMIN`;
  if (connector.kind === "open") return ok(`${found}, which is at hand`);
  return limited(found, "run as root, or use Linux 6.6 or later");
}

function judgePidNamespace(facts: Facts): Finding {
  if (facts.namespaces.pid === null) return limited("It cannot be told which one this is", null);
  if (inInitial(facts, "pid")) return ok("The initial one");
  return limited(
    "Another one: its pids are not those of the host",
    "run on the host, or with --pid=host",
  );
}

function judgeUserNamespace(facts: Facts): Finding {
  if (facts.namespaces.user === null) return limited("It cannot be told which one this is", null);
  if (inInitial(facts, "user")) return ok("The initial one");
  return limited("Another one: capabilities hold inside it only", "run outside the user namespace");
}

/** Before 6.18 the first one has no fixed number: then process 1, or the connector, tells. */
function judgeNetNamespace(facts: Facts): Finding {
  const { net, initNet } = facts.namespaces;
  if (net === INIT_NS_INO.net || facts.connector.kind === "open") return ok("The initial one");
  if (net === null) return limited("It cannot be told which one this is", null);
  const initialIsKnown = initNet !== null && inInitial(facts, "pid");
  if (initialIsKnown && net === initNet) return ok("The initial one");
  if (!initialIsKnown && !hasFixedNet(facts.release)) {
    return limited("It cannot be told whether it is the initial one", null);
  }
  return limited(
    "Another one: the proc connector is not reached from it",
    "run on the host, or with --net=host",
  );
}

function hasFixedNet(release: string): boolean {
  const version = /^(\d+)\.(\d+)/.exec(release);
  const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
  return major > 6 || (major === 6 && minor >= 18);
}

function judgeCapabilities(facts: Facts): Finding {
  if (facts.capabilities === null) return limited("They cannot be told", null);
  const lacking = ALL_CAPABILITIES.filter((name) => !holds(facts, name));
  const inside = facts.namespaces.user !== null && !inInitial(facts, "user");
  if (lacking.length === 0 && !inside) return ok(listed(ALL_CAPABILITIES));
  const advice = adviceFor(facts, ...lacking);
  if (lacking.length === 0) return limited("They hold inside this user namespace only", advice);
  if (lacking.length < ALL_CAPABILITIES.length) return limited(`No ${listed(lacking)}`, advice);
  return missing(`None of ${listed(ALL_CAPABILITIES)}`, advice);
}

function judgeConnector(facts: Facts): Finding {
  const { connector } = facts;
  const limits = whenPolling(
    facts,
    "a process that ends between two looks at /proc is counted, not seen",
  );
  if (connector.kind === "open") return { ...ok("It answers, and reports every event"), limits };
  return missing(sentence(connector.reason), connector.advice, limits);
}

function judgeBuffer({ connector, choice }: Facts): Finding {
  if (connector.kind === "refused") return missing("There is none without the connector", null);
  const { events, forced } = connector;
  const found = `It holds ${events} events`;
  if (forced || events >= EVENTS_ENOUGH) return ok(found);
  return limited(
    `${found}; net.core.rmem_max allows no more`,
    `run as root, or sysctl -w net.core.rmem_max=${RMEM_ENOUGH}`,
    choice.source === "connector" ? "a storm of forks can overflow the buffer" : null,
  );
}

function judgeRealtime(facts: Facts): Finding {
  const errno = facts.realtimeErrno;
  if (errno === 0) return ok("The capture thread may have SCHED_FIFO");
  return limited(
    `SCHED_FIFO is refused: ${errnoName(errno)}`,
    errno === ERRNO.EPERM ? adviceFor(facts, "CAP_SYS_NICE") : null,
    "the command line of a program that ends at once can be missed",
  );
}

function judgeProc(facts: Facts): Finding {
  const { root, self, options } = facts.proc;
  if (self === null) {
    return missing(
      `No procfs that shows this process is at ${root}`,
      `mount -t proc proc ${root}`,
      "nothing is known of processes but their pids",
    );
  }
  if (countsOtherPids(facts)) {
    return missing(
      "It belongs to another pid namespace and counts other pids",
      `mount -t proc proc ${root} inside the namespace`,
      "what /proc says belongs to another pid namespace",
    );
  }
  const hidden = hidesUsers(facts);
  const subset = options?.subset === "pid";
  const found = [
    hidden ? `processes of other users are hidden (hidepid=${hidepidOf(facts)})` : null,
    subset ? "only processes are shown (subset=pid): no boot id, no counters" : null,
    virtualWords(facts),
  ].filter((part) => part !== null);
  if (found.length === 0) return ok(procIsOpen(facts));
  const advice = [
    hidden ? `${adviceFor(facts, "CAP_SYS_PTRACE")}, or mount /proc with hidepid=off` : null,
    subset ? "mount /proc without subset=pid" : null,
  ].filter((part) => part !== null);
  const what = advice.length === 0 ? null : advice.join("; ");
  return limited(sentence(found.join("; ")), what, hidden ? hiddenLimit(facts) : null);
}

/** lxcfs and its kin show what a container may have, where the kernel shows the host. */
function virtualWords({ proc: { virtual, root } }: Facts): string | null {
  if (virtual.length === 0) return null;
  const types = listed([...new Set(virtual.map(({ type }) => type))]);
  const names = listed(virtual.map(({ name }) => `${root}/${name}`));
  return `${names} ${virtual.length === 1 ? "is" : "are"} virtual (${types}), not the kernel's`;
}

function hidepidOf(facts: Facts): string {
  const { options } = facts.proc;
  return options === null ? "off" : options.hidepid ?? "a newer value";
}

/** Who is of the group gid= can read process 1 though it is another user's. */
function hidesUsers(facts: Facts): boolean {
  const { initUid } = facts.proc;
  const privileged = holds(facts, "CAP_SYS_PTRACE");
  if (hidepidOf(facts) === "off" || (privileged && inInitial(facts, "user"))) return false;
  return initUid === null || (initUid === facts.uid && !privileged);
}

function procIsOpen(facts: Facts): string {
  const hidepid = hidepidOf(facts);
  if (hidepid === "off") return "Shows every process";
  return `Shows every process; hidepid=${hidepid} does not concern this user`;
}

function hiddenLimit(facts: Facts): string {
  if (facts.choice.source === "connector") return "processes of other users have no names";
  return "processes of other users are not seen";
}

/** Of a few processes it is they that are guarded, of most it is we that are kept out. */
function judgeOtherUsers(facts: Facts): Finding {
  const { guarded } = facts.proc;
  if (holds(facts, "CAP_SYS_PTRACE") && guarded <= facts.proc.processes / 2) {
    if (guarded === 0) return ok("Executable and working folder of every process can be read");
    const found = `Executable and working folder of ${processes(guarded)} cannot be read`;
    return limited(found, null);
  }
  return limited(
    "Executable, working folder and environment are readable of own processes only",
    adviceFor(facts, "CAP_SYS_PTRACE"),
    "executable and working folder of other users' processes are not known",
  );
}

function judgePidCounter(facts: Facts): Finding {
  const { loadavg, nsLastPid, stat } = facts.proc.counters;
  if (countsOtherPids(facts)) {
    return missing(
      "It counts the pids of another pid namespace",
      `mount -t proc proc ${facts.proc.root} inside the namespace`,
      whenPolling(facts, "looks are rare, because the pid counter is another namespace's"),
    );
  }
  if (loadavg !== "believed" && nsLastPid !== "believed") {
    const found = `/proc/loadavg ${DISTRUST[loadavg]}`;
    const advice = loadavg === "hidden" ? "mount /proc without subset=pid" : null;
    return missing(found, advice, whenPolling(facts, `looks are rare, because ${found}`));
  }
  if (stat !== "believed") {
    const found = stat === "hidden" ? "cannot be read" : DISTRUST[stat];
    const limits = whenPolling(facts, "missed processes are not counted exactly");
    return limited(`/proc/stat ${found}`, null, limits);
  }
  if (loadavg === "believed") return ok("/proc/loadavg and /proc/stat can be read");
  return ok(`The poller reads ns_last_pid instead of /proc/loadavg, which ${DISTRUST[loadavg]}`);
}

function judgeExitCodes(facts: Facts): Finding {
  const { pidfdErrno, exitInfo } = facts;
  const limits = whenPolling(facts, "exit codes are not known");
  if (pidfdErrno !== 0) {
    const seen = errnoName(pidfdErrno);
    if (pidfdErrno !== ERRNO.ENOSYS) return missing(`No pidfds: ${seen}`, null, limits);
    return missing("The kernel has no pidfds", "use Linux 6.15 or later", limits);
  }
  if (countsOtherPids(facts)) {
    const advice = `mount -t proc proc ${facts.proc.root} inside the namespace`;
    return missing("The pids in /proc cannot be watched by pidfd", advice, limits);
  }
  if (exitInfo === null) return limited("No child could be started to try it", null);
  if (exitInfo) return ok("A pidfd gives the exit code of any process");
  const found = "A pidfd tells that a process has ended, not how";
  return limited(found, "use Linux 6.15 or later", limits);
}

function judgeOpenFiles(facts: Facts): Finding {
  const { openFiles, proc } = facts;
  if (openFiles < 0) return limited(`The limit is not known: ${errnoName(-openFiles)}`, null);
  const counts = `${openFiles} allowed, ${processes(proc.processes)} to watch`;
  const enough = 2 * proc.processes + FILES_BESIDE;
  if (openFiles >= enough) return ok(counts);
  return limited(
    counts,
    `raise the hard limit: ulimit -Hn ${enough}, or LimitNOFILE=${enough} in a unit`,
    whenPolling(facts, "there are too few open files to watch every process"),
  );
}

/** What inotify ran out of, inotify(7). */
const INOTIFY_ADVICE: Readonly<Record<number, string>> = {
  [ERRNO.EMFILE]: "sysctl -w fs.inotify.max_user_instances=1024",
  [ERRNO.ENOSPC]: "sysctl -w fs.inotify.max_user_watches=65536",
};

function judgeDoorbell(facts: Facts): Finding {
  const errno = facts.inotifyErrno;
  if (errno === 0) return ok("It rings when a program is started (inotify)");
  return missing(
    `No inotify: ${errnoName(errno)}`,
    INOTIFY_ADVICE[errno] ?? null,
    whenPolling(facts, "a program that ends at once is easily missed"),
  );
}

function judgeTaskstats(facts: Facts): Finding {
  const { taskstats } = facts;
  if (taskstats.kind === "permitted") return ok(`Version ${taskstats.version}`);
  return missing(taskstatsWords(taskstats), taskstatsAdvice(facts, taskstats));
}

type NoTaskstats = Exclude<TaskstatsFact, { kind: "permitted" }>;

function taskstatsWords(fact: NoTaskstats): string {
  if (fact.kind === "unclear") return fact.reason;
  if (fact.kind === "refused") return `Accounts are refused: ${errnoName(fact.errno)}`;
  if (fact.errno === ERRNO.ENOENT) return "The kernel has no taskstats (CONFIG_TASKSTATS)";
  return `Generic netlink is refused: ${errnoName(fact.errno)}`;
}

function taskstatsAdvice(facts: Facts, fact: NoTaskstats): string | null {
  if (fact.kind === "unclear") return null;
  if (fact.errno === ERRNO.EPERM) return adviceFor(facts, "CAP_NET_ADMIN");
  return fact.errno === ERRNO.ENOENT ? "use a kernel that is built with CONFIG_TASKSTATS=y" : null;
}
