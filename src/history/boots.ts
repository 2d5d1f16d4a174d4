/**
 * Boots of a history, and how their wall clocks stood: times since boot to moments and back.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { BootEpoch } from "../model/batch.ts";
import { momentOf, type PastBoot, sinceBoot } from "../model/boot.ts";
import { column, nullable, TypedRows, whole } from "./typed.ts";

/** What may be asked for though it lies ahead: a second (parseMoment), and what that takes. */
const AHEAD_NS = 2e9;

/** Of the settings of the clock in one boot, and of runs, the latest so many are read. */
const ROWS_MAX = 100_000;

/** From `since` on (ns since boot) the wall clock showed `epoch` plus the time since boot. */
interface ClockRow {
  readonly since: number;
  readonly epoch: BootEpoch;
}

/** A run of a recorder: its source, from when on. */
interface RunStart {
  readonly since: number;
  readonly source: string;
}

const SOURCES = ["connector", "poll"];
const NO_ID = "00000000-0000-0000-0000-000000000000";

/** One boot of the host, as far as it was recorded. */
export class Boot implements PastBoot {
  /** Its number in the file. */
  readonly id: number;
  /** The whole boot id. */
  bootId: string;
  /** The host that it is a boot of; null: the one whose history this is. */
  host: string | null = null;
  /** Other hosts of the answer have boots that begin with the same group. */
  isShared = false;
  /** From when on it is recorded and still known, and until when; nanoseconds since boot. */
  readonly since: number;
  until: number;
  #reached = false;
  readonly #clock: readonly ClockRow[];
  readonly #runs: readonly RunStart[];

  constructor(
    row: Readonly<Record<string, unknown>>,
    clock: readonly ClockRow[],
    runs: readonly RunStart[],
  ) {
    this.id = Number(row["id"]);
    // It becomes part of ids: a file that others made may have anything there.
    this.bootId = /^[0-9a-f-]{36}$/.test(String(row["boot_id"])) ? String(row["boot_id"]) : NO_ID;
    this.since = Number(row["since"] ?? 0);
    this.until = Number(row["until"] ?? 0);
    this.#clock = clock;
    this.#runs = runs;
  }

  /** What ids of its processes begin with. */
  get shortId(): string {
    const group = this.bootId.slice(0, 8);
    return this.isShared ? `${group}_${this.id}` : group;
  }

  /** The whole boot id; where others share it, with its number. */
  get uniqueId(): string {
    return this.isShared ? `${this.bootId}_${this.id}` : this.bootId;
  }

  /** The source of the recorder at a time since boot. */
  sourceAt(ns: number): string {
    return (lastUntil(this.#runs, ns) ?? this.#runs[0])?.source ?? "unknown";
  }

  /** A recorder is at work: what it knows reaches up to a moment, and goes on. */
  reach(moment: number): void {
    const latest = this.#clock.at(-1);
    if (latest === undefined) return;
    this.#reached = true;
    this.until = Math.max(this.until, sinceBoot(moment, latest.epoch));
  }

  /** Whether a recorder is at work on it. */
  get reached(): boolean {
    return this.#reached;
  }

  /** Up to when it can be asked for: a moment passes between two looks at a clock. */
  get known(): number {
    return this.until + (this.#reached ? AHEAD_NS : 0);
  }

  /** The latest moment that its clock has shown, before it was set back, perhaps. */
  get latest(): number {
    let latest = 0;
    for (const [i, { epoch }] of this.#clock.entries()) {
      latest = Math.max(latest, momentOf(this.#clock[i + 1]?.since ?? this.until, epoch));
    }
    return latest;
  }

  /** Just after the last that is recorded: a number above 2^53 has no next one by adding 1. */
  get end(): number {
    return this.until + 1000;
  }

  /** Wall-clock time of boot as it was reckoned at a time since boot. */
  epochAt(ns: number): BootEpoch {
    return this.#rowAt(ns).epoch;
  }

  /** Milliseconds since the Unix epoch of a time since boot. */
  moment(ns: number): number {
    return momentOf(ns, this.epochAt(ns));
  }

  /**
   * The time since boot of a moment: the latest that is recorded, where a clock that was set back
   * had it twice; the time of the setting where it was set forward over that moment.
   */
  nsOf(moment: number): number {
    const rows = this.#clock;
    for (let i = rows.length - 1; i >= 0; i--) {
      const { since, epoch } = rows[i]!;
      const ns = sinceBoot(moment, epoch);
      if (ns >= since && ns <= (rows[i + 1]?.since ?? this.known)) return ns;
    }
    for (const { since, epoch } of rows.slice(1).reverse()) {
      if (sinceBoot(moment, epoch) < since && moment > this.moment(since - 1)) return since;
    }
    const latest = rows.at(-1);
    const ns = latest === undefined ? -1 : sinceBoot(moment, latest.epoch);
    return ns > this.until ? ns : sinceBoot(moment, this.#rowAt(0).epoch);
  }

  #rowAt(ns: number): ClockRow {
    const rows = this.#clock;
    return lastUntil(rows, ns) ?? rows[0] ?? { since: 0, epoch: { seconds: 0, ns: 0 } };
  }
}

/** The last that began at a time or before, of rows in that order; undefined where none did. */
function lastUntil<Row extends { readonly since: number }>(
  rows: readonly Row[],
  ns: number,
): Row | undefined {
  let [from, to] = [0, rows.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle]!.since <= ns) from = middle + 1;
    else to = middle;
  }
  return rows[from - 1];
}

/** All boots of a history, oldest first. Throws HistoryError where a value is of no use. */
export function readBoots(db: DatabaseSync): Boot[] {
  const boots = new TypedRows<readonly [number, string, number | null, number | null]>(
    db,
    [
      column("boot.id", "key"),
      column("boot.boot_id", "name"),
      nullable("kept", "time"),
      nullable("seen", "time"),
    ],
    `FROM boot LEFT JOIN
      (SELECT boot, min(kept) AS kept, max(seen) AS seen FROM run GROUP BY boot) AS run
      ON run.boot = boot.id ORDER BY boot.id`,
  );
  const [clocks, starts] = [readClocks(db), readStarts(db)];
  return boots.all().map((row) => {
    const [id, boot_id, from, until] = row;
    const its = [clocks.get(id) ?? [], starts.get(id) ?? []] as const;
    return new Boot({ id, boot_id, since: from, until }, ...its);
  });
}

/** The clocks of all boots, by boot, in the order of their times; of each the latest. */
function readClocks(db: DatabaseSync): Map<number, ClockRow[]> {
  const rows = new TypedRows<readonly [boot: number, since: number, seconds: number, ns: number]>(
    db,
    [
      column("clock.boot", "key"),
      column("clock.since", "time"),
      column(whole("epoch", "epoch / 1000000000"), "clock"),
      column(whole("epoch", "epoch % 1000000000"), "clock"),
    ],
    `FROM (SELECT *, row_number() OVER (PARTITION BY boot ORDER BY since DESC) AS nth FROM clock)
      AS clock WHERE nth <= ${ROWS_MAX} ORDER BY boot, since`,
  );
  return byBoot(
    rows.all().map(([boot, since, seconds, ns]) => {
      return [boot, { since, epoch: { seconds, ns } }];
    }),
  );
}

/** The runs of all boots, by boot, in the order of their starts. */
function readStarts(db: DatabaseSync): Map<number, RunStart[]> {
  const runs = new TypedRows<readonly [boot: number, since: number, source: string]>(
    db,
    [column("run.boot", "key"), column("run.since", "time"), column("run.source", "name")],
    `FROM run ORDER BY id DESC LIMIT ${ROWS_MAX}`,
  );
  const starts = byBoot(
    runs.all().reverse().map(([boot, since, name]) => {
      return [boot, { since, source: SOURCES.find((one) => one === name) ?? "unknown" }];
    }),
  );
  for (const those of starts.values()) those.sort((a, b) => a.since - b.since);
  return starts;
}

/** What belongs to each boot, in the order in which it was given. */
function byBoot<One>(all: readonly (readonly [boot: number, one: One])[]): Map<number, One[]> {
  const those = new Map<number, One[]>();
  for (const [boot, one] of all) {
    const its = those.get(boot);
    if (its === undefined) those.set(boot, [one]);
    else its.push(one);
  }
  return those;
}
