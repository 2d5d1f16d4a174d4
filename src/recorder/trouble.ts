/**
 * A recorder that says by itself what is wrong: to its log, and to hooks.
 *
 * @module
 */
import process from "node:process";
import { Detector } from "../detect/detector.ts";
import { isForsaken } from "../ask/looks.ts";
import type { Finding } from "../detect/finding.ts";
import type { KnownPrograms } from "../detect/first_seen.ts";
import type { Turn } from "../detect/findings.ts";
import { LivingLooks, type Look, mayBeTrouble } from "../detect/living.ts";
import type { ShipLag } from "../detect/ship_lag.ts";
import { Sayings } from "../detect/sayings.ts";
import type { Limits } from "../detect/thresholds.ts";
import { shortTime } from "../host/local_time.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { openProcfs, type ProcReader } from "../proc/procfs.ts";
import type { Session } from "../session.ts";
import { findingJson, troubleFields, troubleSentence } from "../view/trouble.ts";
import { type Hook, Hooks } from "./hooks.ts";
import { KernelKills } from "./kernel_kills.ts";
import type { Sink } from "./sink.ts";
import type { World } from "./world.ts";

/** What is looked for, and who is told. */
export interface TroubleSettings {
  /** Where there are none, nothing is said in the log either. */
  readonly hooks: readonly Hook[];
  readonly limits: Limits;
  /**
   * Programs are told of that the host has never run before, once it is known for so long,
   * milliseconds; null: they are not.
   */
  readonly learnMs?: number | null;
  /** Those that it has. */
  readonly programs?: KnownPrograms | null;
  /** How far the places are behind that the history is shipped to. */
  readonly shipped?: () => readonly ShipLag[];
  /** A finding begins, goes on or ends: it is kept. */
  readonly keep?: (finding: Finding) => void;
}

/** While something is wrong it is looked now and then whether that is over. */
const TURN_MS = 5000;
/** What is many is counted so long after something has happened, also where nothing follows. */
const COUNT_MS = 500;
/** Lines of the log in a minute. */
const LINES_MAX = 60;
const MINUTE_MS = 60_000;
/** What a hook starts is no trouble of the host: a hook that fails would tell itself. */
const OWN_ABOVE = 8;

/** A sink that looks for trouble. */
export class TroubleSink implements Sink {
  readonly intro?: string;
  readonly #world: World;
  readonly #settings: TroubleSettings;
  readonly #session: Pick<Session, "now" | "machine">;
  readonly #reader: ProcReader;
  readonly #hooks: Hooks | null;
  readonly #kills = new KernelKills();
  readonly #detector: Detector;
  readonly #looks: LivingLooks;
  readonly #open = new Set<Finding>();
  readonly #sayings = new Sayings();
  /** Lines that were said in this minute, and those that were not. */
  #lines = 0;
  #unsaid = 0;
  #minuteEnd = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** It is so because something has happened. */
  #isSoon = false;

  constructor(
    world: World,
    settings: TroubleSettings,
    session: Pick<Session, "now" | "machine">,
  ) {
    const { hooks, limits, programs = null } = settings;
    this.#world = world;
    this.#settings = settings;
    this.#session = session;
    this.#reader = openProcfs(world.procRoot);
    this.#hooks = hooks.length === 0 ? null : this.#openHooks(hooks);
    this.#looks = new LivingLooks(limits);
    if (hooks.length > 0) this.intro = "telling what is wrong";
    this.#detector = new Detector({
      limits,
      programs,
      explain: (process) => this.#kills.reason(process),
      onTurn: (turn, finding) => this.#told(turn, finding),
    });
  }

  /** What goes on. */
  get open(): Iterable<Finding> {
    return this.#open;
  }

  note(change: Change): void {
    const { kind, process } = change;
    const mayConcern = kind === "exit"
      ? process?.status !== 0
      : kind === "exec" && (this.#settings.programs ?? null) !== null;
    if (mayConcern && process !== null && isOwn(process)) return;
    this.#detector.note(change);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#hooks?.close();
    this.#kills.close();
  }

  #openHooks(hooks: readonly Hook[]): Hooks {
    const say = (text: string) => this.#world.say(text);
    const opened = new Hooks({ hooks, env: this.#world.env, say });
    opened.check();
    if (!this.#kills.isKnown) {
      say("whom the kernel kills for memory is not known: its log may not be read here");
    }
    return opened;
  }

  /** Another look at the living, taken at a time: some of them may have trouble. */
  look(look: ReadonlyMap<number, Look>, at: number): void {
    const { limits } = this.#settings;
    const some = new Map([...look].filter(([, one]) => mayBeTrouble(one, limits)));
    const troubles = this.#looks.add(some, at)
      .filter(({ kind, pid }) => kind !== "runaway" || isForsaken(this.#reader, pid));
    this.#detector.look(troubles, at, (pid) => {
      const process = this.#session.machine.get(pid);
      if (process === undefined || !process.alive) return null;
      return Math.abs(process.startTicks - look.get(pid)!.startTicks) <= 1 ? process : null;
    });
    const keeper = this.#session.machine.get(process.pid);
    if (keeper?.alive) this.#detector.shipped(this.#settings.shipped?.() ?? [], at, keeper);
  }

  #told(turn: Turn, finding: Finding): void {
    this.#settings.keep?.(finding);
    if (turn === "ends") this.#open.delete(finding);
    else this.#open.add(finding);
    const hooks = this.#hooks;
    const at = performance.now();
    if (hooks === null || !this.#sayings.passes(turn, finding)) return;
    const now = this.#world.now();
    const words = {
      users: this.#world.users,
      timeOf: (moment: number) => shortTime(moment, now),
    };
    this.#say(troubleSentence(finding, words), at);
    hooks.tell({
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

  /** Something has happened. */
  flush(): void {
    if (this.#isSoon) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#turnIn(COUNT_MS);
    this.#isSoon = true;
  }

  #turnIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#isSoon = false;
      this.#detector.turn(this.#session.now);
      if (this.#open.size > 0) this.#turnIn(TURN_MS);
    }, ms);
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
