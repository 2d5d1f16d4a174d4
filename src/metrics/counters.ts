/**
 * Counts of what a session tells, since it began.
 *
 * @module
 */
import { GAP_WORDS } from "../model/event.ts";
import { decodeText } from "../model/image.ts";
import type { Change } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { type OuterPlace, parseOuterPlace } from "../proc/cgroup.ts";
import { LabelSeries, type Series } from "./series.ts";

/** How processes end. */
export const OUTCOMES = ["ok", "failed", "signal", "unknown"] as const;

/** Bits of a wait status (wait(2)) that name a signal. */
const SIGNAL = 0x7f;
/** Users without a name are looked up again after so long, by the time of what happens. */
const NAMELESS_NS = 60e9;
const NAMELESS_MAX = 1000;

/** Knows the names of users. */
export interface UserNames {
  /** Null where it has none. */
  name(uid: number): string | null;
}

/** A unit or a container, where a process is in one; its series is looked up once. */
interface Place {
  readonly of: LabelSeries;
  readonly name: string;
  readonly owner: number;
  series: Series;
}

/** Told of changes and of accounts. */
export class Counters {
  forks = 0;
  execs = 0;
  readonly units: LabelSeries = new LabelSeries();
  readonly containers: LabelSeries = new LabelSeries();
  readonly users: LabelSeries = new LabelSeries();
  readonly #names: UserNames;
  readonly #exits: number[] = OUTCOMES.map(() => 0);
  readonly #lost: number[] = GAP_WORDS.map(() => 0);
  readonly #gaps: number[] = GAP_WORDS.map(() => 0);
  /** By the bytes of the control group: processes that share it share these. */
  readonly #places = new WeakMap<Uint8Array, Place | typeof NOWHERE>();
  readonly #byUid = new Map<number, Series>();
  /** uids without a name, and until when that is believed. */
  readonly #nameless = new Map<number, number>();

  constructor(names: UserNames) {
    this.#names = names;
  }

  /** Processes that have ended, by {@linkcode OUTCOMES}. */
  get exits(): readonly number[] {
    return this.#exits;
  }

  /** Events that are known to be lost, by the numbers of GAP_REASON. */
  get lost(): readonly number[] {
    return this.#lost;
  }

  /** Gaps, in the same order. */
  get gaps(): readonly number[] {
    return this.#gaps;
  }

  /** What the history alone knows of: so many gaps more of a reason, and events in them. */
  addGaps(reason: number, gaps: number, lost: number): void {
    if (this.#gaps[reason] === undefined) return;
    this.#gaps[reason]! += gaps;
    this.#lost[reason]! += lost;
  }

  /** Takes note of a change. */
  note(change: Change): void {
    const { kind, process, time } = change;
    if (process === null) {
      if (kind === "gap") this.addGaps(change.b, 1, Math.max(0, change.a));
      return;
    }
    const { cgroup } = process.image.parts;
    switch (kind) {
      case "fork":
        this.forks++;
        this.#start(this.#placeOf(cgroup, time), time);
        this.#start(this.#userOf(process.uid, time), time);
        return;
      case "exec":
        this.execs++;
        // What is in the same group has the same bytes.
        if (cgroup !== change.before.parts.cgroup) this.#start(this.#placeOf(cgroup, time), time);
        if (process.uid !== change.uidBefore) this.#start(this.#userOf(process.uid, time), time);
        return;
      case "uid":
        if (process.uid !== change.uidBefore) this.#start(this.#userOf(process.uid, time), time);
        return;
      case "exit":
        this.#end(process, time);
    }
  }

  /** What a process has cost is known. */
  noteAccount({ image, uid, account, end, born }: Process): void {
    if (account === null) return;
    const time = end ?? born;
    const place = this.#placeOf(image.parts.cgroup, time);
    if (place !== null) place.cpuNs += account.cpuNs;
    this.#userOf(uid, time).cpuNs += account.cpuNs;
  }

  #start(series: Series | null, time: number): void {
    if (series === null) return;
    series.started++;
    series.at = time;
  }

  #end({ status, image, uid }: Process, time: number): void {
    if (status === 0 || status === null) {
      this.#exits[status === 0 ? 0 : 3]!++;
      return;
    }
    this.#exits[(status & SIGNAL) === 0 ? 1 : 2]!++;
    const [place, user] = [this.#placeOf(image.parts.cgroup, time), this.#userOf(uid, time)];
    if (place !== null) {
      place.failed++;
      place.at = time;
    }
    user.failed++;
    user.at = time;
  }

  /** What is in a container counts there alone. */
  #placeOf(cgroup: Uint8Array | null, time: number): Series | null {
    if (cgroup === null) return null;
    let place = this.#places.get(cgroup);
    if (place === undefined) {
      place = this.#find(parseOuterPlace(decodeText(cgroup)), time);
      this.#places.set(cgroup, place);
    }
    if (place === NOWHERE) return null;
    const { of, name, owner, series } = place;
    if (series.isGone || series === of.other) place.series = of.get(name, owner, time);
    return place.series;
  }

  #find({ unit, container, owner }: OuterPlace, time: number): Place | typeof NOWHERE {
    const of = container === null ? this.units : this.containers;
    const name = container ?? unitFamily(unit);
    return name === null ? NOWHERE : { of, name, owner, series: of.get(name, owner, time) };
  }

  /** Who has no name here is one of the others: containers can make up as many as they like. */
  #userOf(uid: number | null, time: number): Series {
    if (uid === null) return this.users.other;
    const known = this.#byUid.get(uid);
    if (known !== undefined && !known.isGone) return known;
    if (time < (this.#nameless.get(uid) ?? -Infinity)) return this.users.other;
    const name = this.#names.name(uid);
    const series = name === null ? this.users.other : this.users.get(name, 0, time);
    if (series !== this.users.other) {
      this.#byUid.set(uid, series);
      return series;
    }
    // Whose name comes from a server may have one a little later, or room.
    if (this.#nameless.size >= NAMELESS_MAX) this.#nameless.clear();
    this.#nameless.set(uid, time + NAMELESS_NS);
    this.#byUid.delete(uid);
    return series;
  }
}

const NOWHERE = "nowhere";

/** Units that are made for one connection, one core dump or one command: one name for all. */
const INSTANCE = /^([^@]+@)\d+-.*[-:]\d+(\.service)$/s;
const TRANSIENT = /^run-(?:[ru]?[0-9a-f]+|p\d+-i\d+)(\.(?:service|scope))$/;

/** The unit, or what stands for all that are made like it. */
function unitFamily(unit: string | null): string | null {
  return unit?.replace(INSTANCE, "$1*$2").replace(TRANSIENT, "run-*$1") ?? null;
}
