/**
 * Source events in few words, and machines that write down what they were told.
 *
 * @module
 */
import { encodeFigures, type TaskFigures } from "../../src/model/account.ts";
import { RunningBoot } from "../../src/model/boot.ts";
import { EVENT, FLAG, GAP_REASON, SourceEvent, UNKNOWN } from "../../src/model/event.ts";
import { encodeImage, NO_IMAGE } from "../../src/model/image.ts";
import { Machine, type MachineOptions } from "../../src/model/machine.ts";
import { exitStatus, type Process } from "../../src/model/process.ts";

const encoder = new TextEncoder();

/** The boot of machines that tests make. */
export const BOOT: RunningBoot = new RunningBoot("0a1b2c3d");

/** An image with that command line; comm is the last part of the first word's path. */
export function image(...argv: string[]): Uint8Array {
  return imageOf(argv[0]!, argv);
}

/** The same of an executable with another path. */
function imageOf(exe: string, argv: readonly string[]): Uint8Array {
  const bytes = (text: string) => encoder.encode(text);
  return encodeImage({
    argv: bytes(argv.map((word) => word + "\0").join("")),
    exe: bytes(exe),
    cwd: bytes("/"),
    cgroup: bytes("0::/test.slice/a.service\n"),
    comm: bytes(argv[0]!.split("/").at(-1)!.slice(0, 15)),
    env: null,
  });
}

/** An image of which there is no more than a name. */
function nameAlone(comm: string): Uint8Array {
  return encodeImage({ ...NO_IMAGE.parts, comm: encoder.encode(comm) });
}

/** A process was forked. */
export function fork(time: number, pid: number, ppid: number): SourceEvent {
  return clone(time, pid, pid, ppid);
}

/** A thread was created in `pid`. */
export function clone(time: number, pid: number, tid: number, ppid: number): SourceEvent {
  const event = new SourceEvent().reset(EVENT.fork, time, pid, tid);
  event.a = event.b = ppid;
  return event;
}

/** A process replaced its image. */
export function exec(time: number, pid: number, ...argv: string[]): SourceEvent {
  const event = new SourceEvent().reset(EVENT.exec, time, pid, pid);
  event.d = UNKNOWN;
  event.text = image(...argv);
  return event;
}

/** A task ended; `tid` is the pid for the leader. */
export function exit(
  time: number,
  pid: number,
  status: number,
  tid: number = pid,
  parent = 0,
): SourceEvent {
  const event = new SourceEvent().reset(EVENT.exit, time, pid, tid);
  event.a = status;
  event.b = tid === pid ? 17 : -1;
  event.c = parent;
  return event;
}

/** A process ended, as the poller tells it. */
export function exitOfAll(time: number, pid: number, status: number): SourceEvent {
  const event = exit(time, pid, status);
  event.flags = FLAG.group;
  return event;
}

/** An event that is but its kind, a and b. */
export function simple(
  kind: SourceEvent["kind"],
  time: number,
  pid: number,
  a = 0,
  b = 0,
): SourceEvent {
  const event = new SourceEvent().reset(kind, time, pid, pid);
  event.a = a;
  event.b = b;
  return event;
}

/** What a task has cost; what is not given is nothing. */
export function figures(given: Partial<TaskFigures> = {}): TaskFigures {
  return {
    cpuNs: 0,
    userUs: 1,
    systemUs: 0,
    minorFaults: 0,
    majorFaults: 0,
    peakKib: 0,
    readBytes: 0,
    writeBytes: 0,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    ...given,
  };
}

/** A task has exited that has cost so much; `last` ends the process. */
export function account(
  time: number,
  pid: number,
  given: Partial<TaskFigures>,
  last = true,
): SourceEvent {
  const event = simple(EVENT.account, time, pid, last ? 1 : 0);
  event.text = encodeFigures(figures(given));
  return event;
}

/** Events were lost. */
export function gap(time: number, lost: number, since: number = time): SourceEvent {
  const event = simple(EVENT.gap, time, 0, lost, GAP_REASON.overflow);
  event.start = since;
  return event;
}

/** What a rescan finds of a process. */
export interface Found {
  readonly pid: number;
  readonly ppid: number;
  /** Nanoseconds since boot. */
  readonly start: number;
  readonly argv: readonly string[];
  readonly threads?: number;
  readonly state?: string;
  /** Path of the executable, where it is not the first word. */
  readonly exe?: string;
  /** A thread of the kernel, which has no command line: `argv` is its name. */
  readonly kernel?: boolean;
}

/** A rescan from `begin` to `end`. */
export function scan(begin: number, end: number, found: readonly Found[]): SourceEvent[] {
  return [
    simple(EVENT.scanBegin, begin, 0),
    ...found.map((one) => {
      const { pid, ppid, start, argv, threads = 1, state = "S", exe = argv[0]!, kernel } = one;
      const event = simple(EVENT.present, begin, pid, ppid, threads);
      event.start = Math.floor(start / 1e7) * 1e7;
      event.asOf = end;
      event.c = state.charCodeAt(0);
      event.d = 0;
      event.text = kernel ? nameAlone(argv[0]!) : imageOf(exe, argv);
      if (kernel) event.flags = FLAG.kernel;
      return event;
    }),
    simple(EVENT.scanEnd, end, 0),
  ];
}

/** A machine that was told `events`, and the changes it reported, one line each. */
export function run(
  events: readonly SourceEvent[],
  options: Partial<MachineOptions> = {},
): { machine: Machine; changes: string[] } {
  const changes: string[] = [];
  const machine = new Machine({
    boot: BOOT,
    onChange({ kind, process, inferred, a }) {
      const mark = inferred ? "*" : "";
      if (process === null) changes.push(`${kind} ${a}`);
      else changes.push(`${kind}${mark} ${process.pid}${note(kind, process)}`);
    },
    ...options,
  });
  for (const event of events) machine.step(event);
  return { machine, changes };
}

function note(kind: string, process: Process): string {
  if (kind === "fork") return ` by ${process.ppid}`;
  if (kind === "exec") return ` ${process.image.argv?.join(" ")}`;
  if (kind !== "exit") return "";
  const { code, signal } = exitStatus(process.status);
  return signal !== null ? ` signal ${signal}` : ` code ${code ?? "?"}`;
}

/** The known processes as an indented tree, by true parent: `pid state comm`. */
export function drawn(machine: Machine): string {
  const all = [...machine.processes()].sort((a, b) => a.born - b.born || a.pid - b.pid);
  const lines: string[] = [];
  const draw = (parent: Process | null, depth: number) => {
    for (const process of all.filter((one) => one.parent === parent)) {
      const reaper = process.reaper === null ? "" : ` reaper ${process.reaper}`;
      const comm = process.image.comm ?? "?";
      lines.push(`${"  ".repeat(depth)}${process.pid} ${process.state} ${comm}${reaper}`);
      draw(process, depth + 1);
    }
  };
  draw(null, 0);
  return lines.join("\n");
}
