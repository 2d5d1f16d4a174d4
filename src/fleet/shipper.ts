/**
 * Ships a host's own history to a fleet: each life once, in the order of the file, from where the
 * fleet says that it has all.
 *
 * @module
 */
import type { Outgoing, OutgoingBoot, OutgoingKey, OutgoingLife } from "../history/outgoing.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { batchOf, copiesOf } from "./batch.ts";
import type { Connection } from "./connection.ts";
import { ShippedJobs, type TakenJobs } from "./shipped_jobs.ts";

/** Lives that are shipped in one transaction. */
export const SHIP_AT_ONCE = 5000;
/** Of a life that ended so long ago (ns) nothing will change: its account has come. */
const SETTLED_NS = 10e9;
/** Numbers of rows that are asked for at once. */
const KEYS_AT_ONCE = 5000;
const NS_PER_TICK = 10_000_000n;
const US = 1000n;

/** Where a host has got to, as the fleet keeps it. */
interface Cursor {
  /** Number of the last life, and who that is: a file that was made anew has another there. */
  readonly last: number;
  readonly boot_id: string;
  readonly pid: number;
  readonly born: number;
  /** Number of the last gap. */
  readonly gap: number;
}

/** Who ships. */
export interface ShippingHost {
  /** What the machine is told apart by: a uuid. */
  readonly machine: string;
  readonly name: string;
  readonly version: string;
  /** Whether command lines are shipped. */
  readonly argv: boolean;
}

/** What one round has done. */
export interface Round {
  /** Lives that were sent. */
  readonly lives: number;
  /** Lives that wait for the next round, and one more where jobs do. */
  readonly waiting: number;
  /** Lives that the host had forgotten before they were shipped. */
  readonly forgotten: number;
  /** How long the history was read for, milliseconds. */
  readonly readMs: number;
}

type Hello = {
  readonly name: string;
  readonly cursor: Cursor | null;
  readonly open: readonly (readonly [bootId: string, pid: number, born: number])[];
};

/** One session with a fleet. */
export class Shipper {
  readonly #source: Outgoing;
  readonly #db: Connection;
  readonly #host: ShippingHost;
  /** The name under which the fleet knows the host. */
  name: string;
  #cursor: Cursor | null;
  /** Lives that may change still, by their numbers, as they were sent. */
  readonly #watched = new Map<number, Watched>();
  /** Those that the fleet has as running and the file has not any more. */
  #gone: Who[] = [];
  /** What was sent of boots and findings last. */
  readonly #sent = new Map<string, string>();
  readonly #jobs: ShippedJobs | null;

  private constructor(
    source: Outgoing,
    db: Connection,
    host: ShippingHost,
    hello: Hello,
    jobs: ShippedJobs | null,
  ) {
    this.#source = source;
    this.#db = db;
    this.#host = host;
    this.#jobs = jobs;
    this.name = hello.name;
    this.#cursor = hello.cursor;
    for (const [bootId, pid, born] of hello.open) {
      const key = source.find({ bootId, pid, born });
      const who = { bootId, pid, born };
      if (key === null) this.#gone.push(who);
      else if (key <= (hello.cursor?.last ?? 0)) {
        this.#watched.set(key, { who, boot: -1, ended: null, signature: "" });
      }
    }
  }

  /** Asks the fleet where to go on. Throws CommandError, HistoryError. */
  static async begin(source: Outgoing, db: Connection, host: ShippingHost): Promise<Shipper> {
    const [row] = await db.rows<[Hello]>("SELECT fh.hello($1, $2, $3)", [
      host.machine,
      host.name,
      host.version,
    ]);
    const jobs = await ShippedJobs.begin(source.jobs, db, host.machine);
    return new Shipper(source, db, host, row![0], jobs);
  }

  /**
   * Ships the next lives, those that have changed, and what belongs to them. Throws CommandError;
   * then nothing of it is in the fleet, and another session goes on from there.
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
    const { batch, facts, lives, jobs } = taken;
    await this.#db.transaction(async () => {
      for (const { sql, lines } of copiesOf(batch)) await this.#db.copy(sql, lines);
      await this.#db.rows("SELECT fh.merge($1)", [JSON.stringify(facts)]);
      if (jobs !== null) await this.#jobs?.send(jobs);
    });
    if (jobs !== null) this.#jobs?.sent(jobs, taken.reach);
    this.#cursor = facts.cursor;
    this.#gone = [];
    for (const [key, value] of taken.sent) this.#sent.set(key, value);
    this.#watch(lives, taken.reach);
    const { forgotten } = facts;
    const waiting = facts.waiting + (jobs?.more ? 1 : 0);
    return { lives: lives.length, waiting, forgotten, readMs };
  }

  #take(): Taken {
    const source = this.#source;
    const range = source.range();
    const reach = source.reach();
    const { after, isSame } = this.#from(range);
    const next = source.after(after, SHIP_AT_ONCE);
    const isBehind = next.length === SHIP_AT_ONCE;
    const changed = isBehind ? [] : this.#changed();
    const batch = batchOf(source, [...changed, ...next], this.#host.argv);
    const lives = [...changed, ...next].slice(0, batch.taken);
    const fresh = lives.slice(changed.length);
    const waiting = Math.max(0, (range?.[1] ?? 0) - (fresh.at(-1)?.key ?? after));
    // What was never promised is not missed: at the first contact it begins with what is there.
    const gaps = this.#cursor === null ? [] : this.#holes(after, fresh, isSame);
    const gapRows = source.gaps(isSame ? this.#cursor?.gap ?? 0 : 0);
    const boots = new Set([...lives, ...gapRows, ...gaps].map(({ boot }) => boot));
    if (reach !== null) boots.add(reach.boot);
    const jobs = this.#jobs?.take(lives) ?? null;
    for (const { boot } of jobs?.jobs ?? []) boots.add(boot);
    const sent = new Map<string, string>();
    const facts: Facts = {
      machine: this.#host.machine,
      cursor: this.#cursorAt(fresh.at(-1), gapRows.at(-1)?.key, isSame),
      boots: [...boots].map((id) => this.#bootOf(source.boot(id), [...gapRows, ...gaps], sent)),
      findings: this.#findings(sent),
      gone: this.#gone.map(({ bootId, pid, born }) => ({ boot_id: bootId, pid, born })),
      reach: this.#reachOf(reach, waiting === 0 ? null : fresh.at(-1) ?? null),
      waiting,
      forgotten: gaps.reduce((sum, { lost }) => sum + (lost ?? 0), 0),
    };
    return { batch, facts, lives, jobs, sent, reach };
  }

  /** After which number to go on: from the beginning, where the file is another. */
  #from(range: readonly [number, number] | null): { after: number; isSame: boolean } {
    const cursor = this.#cursor;
    if (cursor === null || range === null) return { after: 0, isSame: cursor === null };
    const [at] = this.#source.some([cursor.last]);
    if (at === undefined) {
      const isSame = range[0] > cursor.last;
      return { after: isSame ? cursor.last : 0, isSame };
    }
    const isSame = at.bootId === cursor.boot_id && at.pid === cursor.pid &&
      at.born === cursor.born;
    return { after: isSame ? cursor.last : 0, isSame };
  }

  /** Numbers that nobody has: these lives were forgotten before they could be shipped. */
  #holes(after: number, fresh: readonly OutgoingLife[], isSame: boolean): Hole[] {
    const holes: Hole[] = [];
    const [first] = fresh;
    if (!isSame && first !== undefined) {
      // Another file: what the one before had beyond the cursor, nobody can tell.
      const { boot, born } = first;
      holes.push({
        boot,
        since: 0,
        until: born,
        lost: null,
        reason: GAP_WORDS[GAP_REASON.unshipped]!,
      });
    }
    let before = { key: after, boot: -1, born: 0 };
    for (const life of fresh) {
      const lost = life.key - before.key - 1;
      if (lost > 0 && (isSame || before.boot >= 0)) {
        const since = before.boot === life.boot ? Math.min(before.born, life.born) : 0;
        holes.push({
          boot: life.boot,
          since,
          until: life.born,
          lost,
          reason: GAP_WORDS[GAP_REASON.unshipped]!,
        });
      }
      before = life;
    }
    return holes;
  }

  /** Lives that were sent, and are others now. */
  #changed(): OutgoingLife[] {
    const keys = [...this.#watched.keys()];
    const changed: OutgoingLife[] = [];
    for (let at = 0; at < keys.length && changed.length < SHIP_AT_ONCE; at += KEYS_AT_ONCE) {
      const asked = new Set(keys.slice(at, at + KEYS_AT_ONCE));
      for (const life of this.#source.some([...asked])) {
        asked.delete(life.key);
        if (this.#watched.get(life.key)!.signature !== signatureOf(life)) changed.push(life);
      }
      for (const key of asked) {
        const { ended, who } = this.#watched.get(key)!;
        if (ended === null) this.#gone.push(who);
        this.#watched.delete(key);
      }
    }
    return changed;
  }

  #watch(lives: readonly OutgoingLife[], reach: Taken["reach"]): void {
    for (const life of lives) {
      const { key, boot, bootId, pid, born, span } = life;
      const ended = span === null ? null : born + span;
      const who = { bootId, pid, born };
      this.#watched.set(key, { who, boot, ended, signature: signatureOf(life) });
    }
    if (reach === null) return;
    // What has ended is looked at for some time: its account may come after its end.
    for (const [key, { boot, ended }] of this.#watched) {
      if (ended === null) continue;
      if (boot !== reach.boot || ended < reach.ns - SETTLED_NS) this.#watched.delete(key);
    }
  }

  #cursorAt(last: OutgoingLife | undefined, gap: number | undefined, isSame: boolean): Cursor {
    const before = isSame ? this.#cursor : null;
    const none = { last: 0, boot_id: "", pid: 0, born: 0 };
    const at = last === undefined
      ? before ?? none
      : { last: last.key, boot_id: last.bootId, pid: last.pid, born: last.born };
    return { ...at, gap: gap ?? before?.gap ?? 0 };
  }

  #bootOf(boot: OutgoingBoot, gaps: readonly Hole[], sent: Map<string, string>): BootFacts {
    const { id, bootId, clock, runs } = boot;
    const own = gaps.filter((gap) => gap.boot === id).map(({ since, until, lost, reason }) => {
      return { since, until, lost, reason };
    });
    const rows = (name: string, all: readonly Readonly<Record<string, unknown>>[]) => {
      return all.filter((row) => this.#isNews(`${bootId} ${name} ${row["since"]}`, row, sent));
    };
    return {
      boot_id: bootId,
      epoch_tick: String(BigInt(clock[0]?.epoch ?? 0) / NS_PER_TICK),
      clock: rows("clock", clock.map((row) => ({ ...row }))),
      runs: rows("run", runs),
      gaps: own,
    };
  }

  #findings(sent: Map<string, string>): Readonly<Record<string, unknown>>[] {
    return this.#source.findings()
      .filter(({ key, fields }) => this.#isNews(`finding ${key}`, fields, sent))
      .map(({ boot_id, fields }) => ({ ...fields, boot_id }));
  }

  /** Whether it is other than what was sent under that name last. */
  #isNews(name: string, value: unknown, sent: Map<string, string>): boolean {
    const text = JSON.stringify(value);
    if (this.#sent.get(name) === text) return false;
    sent.set(name, text);
    return true;
  }

  /** Up to when everything is shipped, microseconds since the Unix epoch by the host's clock. */
  #reachOf(reach: Taken["reach"], last: OutgoingLife | null): string | null {
    const at = last === null ? reach : { boot: last.boot, ns: last.born };
    if (at === null) return null;
    const { clock } = this.#source.boot(at.boot);
    const row = clock.findLast(({ since }) => since <= at.ns) ?? clock[0];
    if (row === undefined) return null;
    return String((BigInt(row.epoch) + BigInt(Math.round(at.ns))) / US);
  }
}

type Who = Omit<OutgoingKey, "nth">;

/** A life that may change still, as it was sent. */
interface Watched {
  readonly who: Who;
  readonly boot: number;
  /** Nanoseconds since boot; null while it runs. */
  readonly ended: number | null;
  readonly signature: string;
}

interface Hole {
  readonly boot: number;
  readonly since: number;
  readonly until: number;
  readonly lost: number | null;
  readonly reason: string;
}

interface BootFacts {
  readonly boot_id: string;
  readonly epoch_tick: string;
  readonly clock: readonly unknown[];
  readonly runs: readonly unknown[];
  readonly gaps: readonly unknown[];
}

/** What is told beside the rows, as fh.merge() reads it. */
interface Facts {
  readonly machine: string;
  readonly cursor: Cursor;
  readonly boots: readonly BootFacts[];
  readonly findings: readonly unknown[];
  readonly gone: readonly unknown[];
  readonly reach: string | null;
  readonly waiting: number;
  readonly forgotten: number;
}

/** What a round is about to send. */
interface Taken {
  readonly batch: ReturnType<typeof batchOf>;
  readonly facts: Facts;
  readonly lives: readonly OutgoingLife[];
  readonly jobs: TakenJobs | null;
  readonly sent: ReadonlyMap<string, string>;
  readonly reach: { readonly boot: number; readonly ns: number } | null;
}

/** Everything of a life that may change. */
function signatureOf(life: OutgoingLife): string {
  const { span, reaper, status, image, exec, flags, parent, costs } = life;
  const jobs = life.members.flatMap(({ job, since, until }) => [job, since, until]);
  return [span, reaper, status, image, exec, flags, parent?.pid, ...costs, ...jobs].join(" ");
}
