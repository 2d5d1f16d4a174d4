/**
 * Processes as one look at /proc shows them, without the events that led there.
 *
 * @module
 */
import type { Redact } from "../redact/redact.ts";
import { type BootClock, NO_BOOT } from "./boot.ts";
import { Image } from "./image.ts";
import { withoutPadding } from "./title.ts";
import { Process, TICK_NS } from "./process.ts";

/** What was read of one process. */
export interface Sighting {
  readonly pid: number;
  /** The process that the kernel names as parent now. */
  readonly ppid: number;
  /** Start in clock ticks since boot. */
  readonly startTicks: number;
  /** Char code of the state letter of /proc/PID/stat. */
  readonly state: number;
  readonly threads: number;
  /** Wait status of a zombie; 0 or null where it is not told. */
  readonly exitCode: number | null;
  /** Real uid; null when not known. */
  readonly uid: number | null;
  readonly comm: Uint8Array;
  /** Bytes of the command line; empty or null when there is none. */
  readonly argv: Uint8Array | null;
  /** Bytes of the command line beyond those. */
  readonly argvMore?: number;
  /** It is a thread of the kernel. */
  readonly kernel?: boolean;
  /** Id of its session; 0 where that is another pid namespace's. */
  readonly session?: number;
}

const ZOMBIE = "Z".charCodeAt(0);
const DEAD = "X".charCodeAt(0);

/**
 * Makes processes of what was read, linked to those of their parents that were read too; `redact`
 * takes the secrets out of their command lines, `boot` is the one that runs.
 */
export function takeSnapshot(
  sightings: readonly Sighting[],
  redact?: Redact,
  boot: BootClock = NO_BOOT,
): Process[] {
  const byPid = new Map<number, Process>();
  const sessions = new Map<number, number>();
  for (const sighting of sightings) {
    byPid.set(sighting.pid, createProcess(sighting, boot, redact));
    sessions.set(sighting.pid, sighting.session ?? 0);
  }
  for (const process of byPid.values()) {
    const parent = byPid.get(process.ppid!);
    if (parent === undefined || parent === process) continue;
    process.parent = parent;
    process.adopted = isAdopted(process.pid, sessions.get(process.pid)!, sessions.get(parent.pid)!);
  }
  return [...byPid.values()];
}

/** A session is inherited at the fork and left for one of one's own alone: setsid(2). */
function isAdopted(pid: number, session: number, ofParent: number): boolean {
  return session > 0 && session !== pid && session !== ofParent;
}

function createProcess(
  sighting: Sighting,
  boot: BootClock,
  redact: Redact = (argv) => argv,
): Process {
  const { pid, ppid, comm, argv, uid, threads, exitCode } = sighting;
  const process = new Process(pid, sighting.startTicks * TICK_NS, 0, boot);
  process.start = process.born;
  process.ppid = ppid;
  process.uid = uid;
  process.threads = threads;
  process.kernel = sighting.kernel === true;
  process.image = new Image({
    argv: argv === null || argv.length === 0 ? null : redact(withoutPadding(argv)),
    exe: null,
    cwd: null,
    cgroup: null,
    comm,
    env: null,
    argvMore: sighting.argvMore ?? 0,
  });
  const ended = sighting.state === ZOMBIE || sighting.state === DEAD;
  process.state = !ended ? "running" : threads > 1 ? "leaderless" : "exited";
  // To readers without rights the kernel says 0, whatever the status is.
  if (process.state === "exited" && exitCode) process.status = exitCode;
  return process;
}
