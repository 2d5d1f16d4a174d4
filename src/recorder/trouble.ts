/**
 * A recorder that says by itself what is wrong: to its log, and to hooks.
 *
 * @module
 */
import process from "node:process";
import { Detector } from "../detect/detector.ts";
import type { Finding } from "../detect/finding.ts";
import type { Turn } from "../detect/findings.ts";
import type { Limits } from "../detect/thresholds.ts";
import { shortTime } from "../host/local_time.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { findingJson, troubleFields, troubleSentence } from "../view/trouble.ts";
import { type Hook, Hooks } from "./hooks.ts";
import { KernelKills } from "./kernel_kills.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

/** What is told, and to whom. */
export interface TroubleSettings {
  readonly hooks: readonly Hook[];
  readonly limits: Limits;
}

/** While something is wrong it is looked now and then whether that is over. */
const TURN_MS = 5000;
/** Between two sayings that a finding goes on. */
const AGAIN_MS = 600_000;
/** Lines of the log in a minute. */
const LINES_MAX = 60;
const MINUTE_MS = 60_000;
/** What a hook starts is no trouble of the host: a hook that fails would tell itself. */
const OWN_ABOVE = 8;

/** A sink that looks for trouble. */
export class TroubleSink implements Sink {
  readonly intro = "telling what is wrong";
  readonly #world: World;
  readonly #hooks: Hooks;
  readonly #kills = new KernelKills();
  readonly #detector: Detector;
  /** Time of the host, nanoseconds since boot. */
  readonly #clock: () => number;
  readonly #open = new Set<Finding>();
  readonly #saidAt = new Map<Finding, number>();
  /** Lines that were said in this minute, and those that were not. */
  #lines = 0;
  #unsaid = 0;
  #minuteEnd = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(world: World, { hooks, limits }: TroubleSettings, clock: () => number) {
    this.#world = world;
    this.#clock = clock;
    const say = (text: string) => world.say(text);
    this.#hooks = new Hooks({ hooks, env: world.env, say });
    this.#hooks.check();
    if (!this.#kills.isKnown) {
      world.say("whom the kernel kills for memory is not known: its log may not be read here");
    }
    this.#detector = new Detector({
      limits,
      explain: (process) => this.#kills.reason(process),
      onTurn: (turn, finding) => this.#told(turn, finding),
    });
  }

  note(change: Change): void {
    const { kind, process } = change;
    if (kind === "exit" && process !== null && process.status !== 0 && isOwn(process)) return;
    this.#detector.note(change);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#hooks.close();
    this.#kills.close();
  }

  #told(turn: Turn, finding: Finding): void {
    const now = this.#world.now();
    const at = performance.now();
    if (turn === "ends") {
      this.#open.delete(finding);
      this.#saidAt.delete(finding);
    } else {
      this.#open.add(finding);
      this.#look();
      if (at < (this.#saidAt.get(finding) ?? -Infinity) + AGAIN_MS) return;
      this.#saidAt.set(finding, at);
    }
    const words = {
      users: this.#world.users,
      timeOf: (moment: number) => shortTime(moment, now),
    };
    this.#say(troubleSentence(finding, words), at);
    this.#hooks.tell({
      kind: finding.kind,
      key: finding.key,
      uid: finding.uid,
      json: findingJson(finding, words),
      fields: { ...troubleFields(finding, words), FH_TURN: turn },
    });
  }

  /** A log is for everybody: what one can cause without end is said so often and no more. */
  #say(sentence: string, at: number): void {
    if (at >= this.#minuteEnd) {
      if (this.#unsaid > 0) this.#world.say(`trouble: ${this.#unsaid} more were not said`);
      this.#minuteEnd = at + MINUTE_MS;
      this.#lines = this.#unsaid = 0;
    }
    if (++this.#lines <= LINES_MAX) this.#world.say(`trouble: ${sentence}`);
    else this.#unsaid++;
  }

  #look(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#detector.turn(this.#clock());
      if (this.#open.size > 0) this.#look();
    }, TURN_MS);
    this.#timer.unref();
  }
}

function isOwn(one: Process): boolean {
  let at: Process | null = one;
  for (let up = 0; at !== null && up < OWN_ABOVE; up++, at = at.parent) {
    if (at.pid === process.pid) return true;
  }
  return false;
}
