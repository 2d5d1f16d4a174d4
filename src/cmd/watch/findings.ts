/**
 * `fh watch --findings`: what is wrong, as soon as it is found.
 *
 * @module
 */
import { Detector } from "../../detect/detector.ts";
import type { Finding } from "../../detect/finding.ts";
import type { Turn } from "../../detect/findings.ts";
import { Sayings } from "../../detect/sayings.ts";
import { INITIAL_LIMITS } from "../../detect/thresholds.ts";
import { shortTime } from "../../host/local_time.ts";
import type { Change } from "../../model/machine.ts";
import type { Process } from "../../model/process.ts";
import type { Users } from "../../proc/passwd.ts";
import { KernelKills } from "../../recorder/kernel_kills.ts";
import { paint } from "../../text/style.ts";
import { findingEvent, troubleSentence } from "../../view/trouble.ts";

/** While something is wrong it is looked now and then whether that is over. */
const TURN_MS = 5000;

/** Who is told, and how. */
export interface FindingOptions {
  readonly users: Users;
  readonly json: boolean;
  readonly color: boolean;
  /** Whether a process is one of those that are watched. */
  readonly passes: (process: Process) => boolean;
  /** Time of the host, nanoseconds since boot; null where a history is played back. */
  readonly clock: (() => number) | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** A line, with its end. */
  readonly write: (line: string) => void;
}

/** Looks for trouble in what is watched. */
export class WatchedFindings {
  readonly #options: FindingOptions;
  readonly #kills: KernelKills | null;
  readonly #detector: Detector;
  readonly #sayings = new Sayings();
  readonly #timer: ReturnType<typeof setInterval> | null;

  constructor(options: FindingOptions) {
    const { clock } = options;
    this.#options = options;
    // What the kernel has killed in the past is not in its log of now.
    this.#kills = clock === null ? null : new KernelKills();
    this.#detector = new Detector({
      limits: INITIAL_LIMITS,
      explain: (process) => this.#kills?.reason(process) ?? null,
      onTurn: (turn, finding) => this.#told(turn, finding),
    });
    this.#timer = clock === null
      ? null
      : setInterval(() => this.#sayings.isOpen && this.#detector.turn(clock()), TURN_MS);
    this.#timer?.unref();
  }

  note(change: Change): void {
    this.#detector.note(change);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#kills?.close();
  }

  #told(turn: Turn, finding: Finding): void {
    const { users, json, color, passes, now, write } = this.#options;
    if (!this.#sayings.passes(turn, finding, passes(finding.process))) return;
    const words = { users, timeOf: (moment: number) => shortTime(moment, now()) };
    if (json) write(findingEvent(turn, finding, words));
    else write(`${paint(`finding: ${troubleSentence(finding, words)}`, "bold", color)}\n`);
  }
}
