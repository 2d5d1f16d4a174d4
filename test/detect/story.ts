/**
 * What happens on a made-up host, told to a detector in the order of time.
 *
 * @module
 */
import { RunningBoot } from "../../src/model/boot.ts";
import { EVENT, SourceEvent, UNKNOWN } from "../../src/model/event.ts";
import { encodeImage } from "../../src/model/image.ts";
import { Machine } from "../../src/model/machine.ts";
import { Detector, type DetectorOptions } from "../../src/detect/detector.ts";
import type { Finding } from "../../src/detect/finding.ts";
import { INITIAL_LIMITS, type Limits } from "../../src/detect/thresholds.ts";
import { exit, fork, type Found, scan } from "../support/events.ts";

export const S = 1e9;
export const MS = 1e6;
export const EPOCH = { seconds: Date.UTC(2026, 0, 5) / 1000, ns: 0 };
export const INIT = 1;
/** Who is there from the beginning: init, a shell in a service, a server's supervisor. */
export const SHELL = 50;
export const SUPERVISOR = 51;
export const CRON = 52;
const LIVING: readonly Found[] = [
  { pid: INIT, ppid: 0, start: 0, argv: ["/sbin/init"] },
  { pid: SHELL, ppid: INIT, start: S, argv: ["/bin/sh", "/srv/run.sh"] },
  { pid: SUPERVISOR, ppid: INIT, start: S, argv: ["/usr/bin/supervisord"] },
  { pid: CRON, ppid: INIT, start: S, argv: ["/usr/sbin/cron"] },
];
const encoder = new TextEncoder();

/** One process from its fork to its exit; nanoseconds. */
export interface Life {
  readonly at: number;
  readonly lives: number;
  readonly argv: readonly string[];
  readonly status?: number;
  readonly parent?: number;
  /** Path of its control group; that of all others where it is not given. */
  readonly cgroup?: string;
}

/** Collects lives, and tells them. */
export class Story {
  readonly #events: SourceEvent[] = [];
  #pid = 1000;
  #end = 0;

  /** Adds a life; its pid comes back. */
  life({ at, lives, argv, status = 0, parent = SHELL, cgroup }: Life): number {
    const pid = this.#pid++;
    this.#events.push(fork(at, pid, parent), execIn(at + 1000, pid, argv, cgroup));
    this.#events.push(exit(at + lives, pid, status));
    this.#end = Math.max(this.#end, at + lives);
    return pid;
  }

  /** Tells all to a new detector, and then that it is `quietNs` later. */
  tell(
    limits: Partial<Limits> = {},
    quietNs = 0,
    options: Partial<DetectorOptions> = {},
  ): readonly Finding[] {
    const detector = new Detector({ limits: { ...INITIAL_LIMITS, ...limits }, ...options });
    const boot = new RunningBoot("0a1b2c3d", EPOCH);
    const machine = new Machine({ onChange: (change) => detector.note(change), boot });
    for (const event of scan(2 * S, 2 * S, LIVING)) machine.step(event);
    for (const event of this.#events.sort((a, b) => a.time - b.time)) machine.step(event);
    if (quietNs > 0) detector.turn(this.#end + quietNs);
    return detector.found;
  }
}

function execIn(
  time: number,
  pid: number,
  argv: readonly string[],
  cgroup = "/test.slice/a.service",
): SourceEvent {
  const event = new SourceEvent().reset(EVENT.exec, time, pid, pid);
  event.d = UNKNOWN;
  event.text = encodeImage({
    argv: encoder.encode(argv.map((word) => word + "\0").join("")),
    exe: encoder.encode(argv[0]),
    cwd: encoder.encode("/"),
    cgroup: encoder.encode(`0::${cgroup}\n`),
    comm: encoder.encode(argv[0]!.split("/").at(-1)!.slice(0, 15)),
    env: null,
  });
  return event;
}
