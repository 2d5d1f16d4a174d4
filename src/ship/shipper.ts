/**
 * Ships a host's own history to a sink: each life once, in the order of the file, from where the
 * sink says that it has all.
 *
 * @module
 */
import type {
  Outgoing,
  OutgoingBoot,
  OutgoingFinding,
  OutgoingImage,
  OutgoingLife,
} from "../history/outgoing.ts";
import { whereToGoOn } from "./go_on.ts";
import { endsMissed, holesOf } from "./holes.ts";
import { JobNews } from "./jobs.ts";
import { News } from "./news.ts";
import type { Acknowledged, Cursor, Parcel, ShippedBoot, ShippedGap, Sink } from "./sink.ts";
import { withTexts } from "./texts.ts";
import { type Ripe, ripeness, Watched } from "./watched.ts";

/** Lives that are looked at at once, and shipped. */
const SHIP_AT_ONCE = 1000;
/**
 * So often (ms) it is looked for what has changed, while new lives wait as well, and again at once
 * where that was more than a look takes; and it may take so much of the time.
 */
const CHANGES_MS = 5000;
const CHANGES_SHARE = 0.03;
const US = 1000n;
const US_PER_MS = 1000;

/** Whether a life is to be shipped, by what it is now; its image is that of its number. */
export type LifeTest = (life: OutgoingLife, image: () => OutgoingImage) => boolean;

/** How a session ships. */
export interface ShipperOptions {
  /** Whether command lines are shipped. */
  readonly argv: boolean;
  /** Which lives are shipped; null: all. */
  readonly accepts: LifeTest | null;
  /** Whether nothing is waited for: what has ended is told as it is known now. */
  readonly once: boolean;
  /** Lives that one round sends at the most: of new ones, and of those that have changed. */
  readonly most: number;
}

/** What one round has done. */
export interface Round {
  /** Lives that were sent. */
  readonly lives: number;
  /** Lives that were looked at and not sent: they run, or a filter leaves them out. */
  readonly passed: number;
  /** Lives that wait for the next round, and one more where jobs or changes do. */
  readonly waiting: number;
  /** Lives that the host had forgotten before they were shipped. */
  readonly forgotten: number;
  /** Records that the sink has refused for good. */
  readonly refused: number;
  /** Up to when all is shipped, milliseconds since the Unix epoch; null: nothing is. */
  readonly reachMs: number | null;
  /** How long the history was read for, milliseconds. */
  readonly readMs: number;
}

/** Up to when a history is written, in which boot. */
type Reach = ReturnType<Outgoing["reach"]>;
type Seen = Required<Pick<Cursor, "seen_boot" | "seen">>;

/** One session with a sink. */
export class Shipper {
  readonly #source: Outgoing;
  readonly #sink: Sink;
  readonly #options: ShipperOptions;
  /** The name under which the sink knows the host. */
  readonly name: string;
  #cursor: Cursor | null;
  readonly #watched: Watched;
  /** What was sent of boots and findings last. */
  readonly #news = new News();
  readonly #jobs: JobNews | null;
  /** Up to when it is known of all lives before the cursor what has become of them. */
  #seen: Seen | null;
  /** When it is to be looked again for what has changed, as performance.now() tells it. */
  #changesAt = -Infinity;

  private constructor(
    source: Outgoing,
    sink: Sink,
    options: ShipperOptions,
    { name, cursor, open }: Acknowledged,
    jobs: JobNews | null,
  ) {
    this.#jobs = jobs;
    this.#source = source;
    this.#sink = sink;
    this.#options = options;
    this.name = name;
    this.#cursor = cursor;
    const { seen_boot, seen } = cursor ?? {};
    this.#seen = seen_boot === undefined || seen === undefined ? null : { seen_boot, seen };
    this.#watched = new Watched(source, sink.taking, open, cursor?.last ?? 0);
    // Another file has others below these numbers, and all of it is sent.
    if (sink.taking === "states" && cursor !== null && whereToGoOn(cursor, source).isSame) {
      this.#watched.passedOver(cursor, options.accepts !== null);
    }
  }

  /** Asks the sink where to go on. Throws CommandError, HistoryError. */
  static async begin(source: Outgoing, sink: Sink, options: ShipperOptions): Promise<Shipper> {
    const known = await sink.acknowledged();
    // Where some lives stay, what these have cost in a job stays as well.
    const its = options.accepts === null ? await sink.knownJobs?.() : undefined;
    const jobs = its === undefined || source.keptJobs === null
      ? null
      : new JobNews(source.keptJobs, its);
    return new Shipper(source, sink, options, known, jobs);
  }

  /**
   * Ships the next lives, those that have changed, and what belongs to them. Throws CommandError;
   * then the sink answers for nothing of it, and another session goes on from there.
   */
  async round(): Promise<Round> {
    const begun = performance.now();
    this.#source.hold();
    let taken: Taken;
    try {
      taken = this.#take();
    } finally {
      this.#source.release();
    }
    const readMs = performance.now() - begun;
    const { parcel, looked, done, jobs, reach } = taken;
    const refused = await this.#sink.append(parcel);
    this.#cursor = parcel.cursor;
    this.#news.keep();
    this.#watched.keep(looked, done, reach);
    if (jobs !== null) this.#jobs?.keep(jobs, reach);
    const { forgotten, reach: us } = parcel;
    const waiting = parcel.waiting + (jobs?.more ? 1 : 0);
    const reachMs = us === null ? null : Math.floor(Number(us) / US_PER_MS);
    const lives = parcel.lives.length;
    const passed = looked.length - lives;
    return { lives, passed, waiting, forgotten, refused, reachMs, readMs };
  }

  #take(): Taken {
    const source = this.#source;
    const { taking } = this.#sink;
    const { argv, accepts, once, most } = this.#options;
    const range = source.range();
    const reach = source.reach();
    const { after, isSame } = whereToGoOn(this.#cursor, source);
    if (!isSame && taking === "ends") this.#watched.startAnew();
    this.#watched.lookAgain(reach);
    const next = source.after(after, SHIP_AT_ONCE);
    const isBehind = next.length === SHIP_AT_ONCE;
    const ripe = ripeness(taking, once, source, reach);
    const isLook = !isBehind || performance.now() >= this.#changesAt;
    const changed = isLook ? this.#changed(ripe) : [];
    const wanted: Ripe = accepts === null
      ? ripe
      : (life) => ripe(life) && accepts(life, () => source.image(life.image));
    // Who takes ends takes of each what it was in the end.
    const told = { argv, formers: taking === "states" };
    const lists = [changed, next];
    const taken = withTexts(source, lists, told, Math.min(most, SHIP_AT_ONCE), wanted);
    const { lives, formers, images, looked: [seen = [], fresh = []] } = taken;
    const looked = [...seen, ...fresh];
    // What a filter leaves out as it is in the end is not looked at again, either.
    const done = looked.filter(ripe);
    const behind = Math.max(0, (range?.[1] ?? 0) - (fresh.at(-1)?.key ?? after));
    const isAll = isLook && !this.#watched.isCut;
    const unlooked = changed.length - seen.length + (isAll ? 0 : 1);
    const gaps = [
      // What was never promised is not missed: at the first contact it begins with what is there.
      ...this.#cursor === null ? [] : holesOf(after, fresh, isSame),
      ...taking === "states" ? [] : endsMissed(this.#watched.gone, source),
    ];
    const gapRows = source.gaps(isSame ? this.#cursor?.gap ?? 0 : 0);
    // Before the first look there was nobody whose end could be missed.
    if (reach !== null && (this.#seen === null || unlooked === 0)) {
      this.#seen = { seen_boot: source.bootId(reach.boot), seen: reach.ns };
    }
    const boots = new Set([...lives, ...gapRows, ...gaps].map(({ boot }) => boot));
    if (reach !== null) boots.add(reach.boot);
    const jobs = this.#jobs?.take(lives) ?? null;
    for (const { boot } of jobs?.shipped.jobs ?? []) boots.add(boot);
    this.#news.begin();
    const cursor = this.#cursorAt(fresh.at(-1), gapRows.at(-1)?.key, isSame);
    const parcel: Parcel = {
      cursor,
      open: taking === "states" ? [] : this.#watched.openAfter(looked, done),
      ...{ lives, formers, images },
      jobs: taking === "states" ? new Map() : source.jobs(withParents(lives)),
      boots: [...boots].map((id) => this.#bootOf(source.boot(id), [...gapRows, ...gaps])),
      findings: this.#findings(),
      jobNews: jobs?.shipped ?? null,
      gone: taking === "states" ? this.#watched.gone : [],
      renamed: this.#watched.renamed,
      reach: this.#reachOf(cursor, behind > 0),
      waiting: behind + unlooked,
      forgotten: gaps.reduce((sum, { lost }) => sum + (lost ?? 0), 0),
    };
    return { parcel, looked, done, jobs, reach };
  }

  #cursorAt(last: OutgoingLife | undefined, gap: number | undefined, isSame: boolean): Cursor {
    const before = isSame ? this.#cursor : null;
    const none = { last: 0, boot_id: "", pid: 0, born: 0 };
    const at = last === undefined
      ? { ...before ?? none }
      : { last: last.key, boot_id: last.bootId, pid: last.pid, born: last.born };
    const run = this.#source.run(null);
    const its = run === null ? {} : { run: run.id, run_since: run.since };
    return { ...at, ...its, ...this.#seen, gap: gap ?? before?.gap ?? 0 };
  }

  #bootOf(boot: OutgoingBoot, gaps: readonly ShippedGap[]): ShippedBoot {
    const { id, bootId } = boot;
    const rows = <Row extends { readonly since?: unknown }>(name: string, all: readonly Row[]) => {
      return all.filter((row) => this.#news.has(`${bootId} ${name} ${row.since}`, row));
    };
    return {
      boot,
      clock: rows("clock", boot.clock),
      runs: rows("run", boot.runs),
      gaps: gaps.filter((gap) => gap.boot === id),
    };
  }

  #findings(): OutgoingFinding[] {
    return this.#source.findings()
      .filter(({ key, fields }) => this.#news.has(`finding ${key}`, fields));
  }

  #changed(ripe: Ripe): OutgoingLife[] {
    const begun = performance.now();
    const changed = this.#watched.changed(SHIP_AT_ONCE, ripe);
    const took = performance.now() - begun;
    const leastMs = this.#watched.isCut ? 0 : CHANGES_MS;
    this.#changesAt = begun + Math.max(leastMs, took / CHANGES_SHARE);
    return changed;
  }

  /**
   * Up to when everything is shipped, microseconds since the Unix epoch by the host's clock: new
   * lives up to the cursor where there are more of them, and what has become of those before.
   * Whoever follows a fleet never looks again at what was before it.
   */
  #reachOf({ boot_id, born, seen_boot = "", seen = 0 }: Cursor, isBehind: boolean): string | null {
    const shipped = { boot: this.#source.bootNumber(boot_id), ns: born };
    const looked = { boot: this.#source.bootNumber(seen_boot), ns: seen };
    const isLess = isBehind && isBefore(shipped, looked);
    const at = isLess ? shipped : looked;
    if (at.boot === null) return null;
    const { clock } = this.#source.boot(at.boot);
    const row = clock.findLast(({ since }) => since <= at.ns) ?? clock[0];
    if (row === undefined) return null;
    return String((BigInt(row.epoch) + BigInt(Math.round(at.ns))) / US);
  }
}

interface Moment {
  /** Number of the boot; null where it is not known any more. */
  readonly boot: number | null;
  readonly ns: number;
}

function isBefore(one: Moment, other: Moment): boolean {
  return one.boot === other.boot ? one.ns < other.ns : (one.boot ?? -1) < (other.boot ?? -1);
}

/** Numbers of lives and of those that have forked them. */
function withParents(lives: readonly OutgoingLife[]): number[] {
  return lives.flatMap(({ key, parent }) => parent === null ? [key] : [key, parent.key]);
}

/** What a round is about to send. */
interface Taken {
  readonly parcel: Parcel;
  /** All that was looked at, be it sent now or later. */
  readonly looked: readonly OutgoingLife[];
  /** Those of them that a sink which takes ends has to be told nothing of any more. */
  readonly done: readonly OutgoingLife[];
  readonly jobs: ReturnType<JobNews["take"]> | null;
  readonly reach: Reach;
}
