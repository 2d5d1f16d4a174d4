/**
 * Rows of a history for those that keep them elsewhere: in the order in which they were written,
 * from a number on.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { IMAGE_PARTS, type ImageParts, NO_IMAGE } from "../model/image.ts";
import { pragma } from "./file.ts";
import { OutgoingJobs, type OutgoingMember } from "./outgoing_jobs.ts";
import { FINDING, NO_FINDINGS, RUN } from "./outgoing_columns.ts";
import { endedSince, type NumberedWho, runningUpTo } from "./outgoing_who.ts";
import { aroundStart, type FoundLife, type LifeStart, sameLifeOf } from "./same_life.ts";
import { LIFE_COST_VALUES, LIFE_COSTS, LIFE_FLAG, NTH_SHIFT } from "./schema.ts";
import { fromStored, type StoredText } from "./texts.ts";
import { type Column, column, nullable, TypedRows, whole } from "./typed.ts";

/** Clocks, runs and gaps of one boot that are read at most, the latest. */
const ROWS_MAX = 10_000;
/** Of what one life ran before: a program may run one after the other for days. */
const FORMERS_MAX = 1000;

/** Who a life is, whatever file it stands in. */
export interface OutgoingKey {
  readonly bootId: string;
  readonly pid: number;
  /** Nanoseconds since boot. */
  readonly born: number;
  /** How many lives that pid had before in the same clock tick. */
  readonly nth: number;
}

/** Something with the number of its row. */
export interface Numbered {
  readonly key: number;
}

/** Who forked a life, in the same boot. */
export interface OutgoingParent extends Omit<OutgoingKey, "bootId"> {
  /** Number of its row. */
  readonly key: number;
  /** Whether `born` is its fork, not the first sight of it. */
  readonly isStartKnown: boolean;
}

/** A row of `life`, with its parent by name instead of by number. */
export interface OutgoingLife extends OutgoingKey {
  /** Number of the row. */
  readonly key: number;
  readonly boot: number;
  readonly span: number | null;
  readonly parent: OutgoingParent | null;
  readonly ppid: number | null;
  readonly reaper: number | null;
  readonly status: number | null;
  /** Number of its image. */
  readonly image: number;
  readonly exec: number | null;
  readonly flags: number;
  /** In the order of COST_COLUMNS; null where they are not known. */
  readonly costs: readonly (number | null)[];
  /** In which jobs it is or was. */
  readonly members: readonly OutgoingMember[];
}

/** What a life ran before. */
export interface OutgoingFormer {
  readonly life: number;
  readonly until: number;
  readonly since: number | null;
  /** 0: it was forgotten. */
  readonly image: number;
}

/** A job, as far as it is told of who was in it. */
export interface OutgoingJob {
  readonly name: string;
  /** When it began, nanoseconds since boot. */
  readonly since: number;
}

/** An image with its texts. */
export interface OutgoingImage {
  readonly parts: ImageParts;
  readonly uid: number | null;
}

/** A boot, with how its clock stood and who recorded; the wall clock in whole nanoseconds. */
export interface OutgoingBoot {
  readonly id: number;
  readonly bootId: string;
  readonly clock: readonly { readonly since: number; readonly epoch: string }[];
  readonly runs: readonly Readonly<Record<string, number | string | null>>[];
}

/** A gap, and the number of its row. */
export interface OutgoingGap {
  readonly key: number;
  readonly boot: number;
  readonly since: number;
  readonly until: number;
  readonly lost: number | null;
  readonly reason: string;
}

/** A finding, with its lives by name. */
export interface OutgoingFinding {
  readonly key: number;
  readonly boot_id: string;
  readonly fields: Readonly<Record<string, number | string | null>>;
}

type Row = readonly (number | null)[];

const LIFE: readonly Column[] = [
  column("l.id", "key"),
  column("l.boot", "key"),
  column("l.pid", "pid"),
  column("l.born", "time"),
  nullable("l.span", "time"),
  nullable("p.pid", "pid"),
  nullable("p.born", "time"),
  nullable("p.flags", "bits"),
  nullable("l.ppid", "pid"),
  nullable("l.reaper", "pid"),
  nullable("l.status", "bits"),
  column("l.image", "key"),
  nullable("l.exec", "time"),
  column("l.flags", "bits"),
  nullable("p.id", "key"),
];
const COSTS: readonly Column[] = LIFE_COST_VALUES.map((sql) => {
  const name = LIFE_COSTS.find((one) => sql.startsWith(one))!;
  const value = `l.${sql}`;
  return { ...nullable(value, "count"), sql: nullable(whole(`l.${name}`, value), "count").sql };
});
const FROM = "FROM life l LEFT JOIN life p ON p.id = l.parent AND p.boot = l.boot";

/** Reads rows; {@linkcode Outgoing.hold} makes all of them those of one moment. */
export class Outgoing {
  readonly #db: DatabaseSync;
  readonly #bootIds = new Map<number, string>();
  readonly #next: TypedRows<Row>;
  readonly #some: TypedRows<Row>;
  readonly #running: TypedRows<readonly [number]>;
  readonly #found: TypedRows<LifeStart>;
  readonly #last: TypedRows<readonly [number | null]>;
  readonly #first: TypedRows<readonly [number | null]>;
  readonly #seen: TypedRows<readonly [boot: number, seen: number]>;
  readonly #image: TypedRows<Row>;
  readonly #text: TypedRows<readonly [StoredText]>;
  readonly #formers: TypedRows<Row>;
  /** Texts of this moment that many images share, by their numbers. */
  readonly #shared = new Map<number, Uint8Array>();
  /** Jobs with their sums and members; null where the file is too old to have any. */
  readonly keptJobs: OutgoingJobs | null;

  /** `db` is open to be read, of the version of this fh. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.keptJobs = OutgoingJobs.of(db);
    const lives = (rest: string) => new TypedRows<Row>(db, [...LIFE, ...COSTS], `${FROM} ${rest}`);
    this.#next = lives("WHERE l.id > ? ORDER BY l.id LIMIT ?");
    this.#some = lives("WHERE l.id IN (SELECT value FROM json_each(?))");
    const keys = <Found>(sql: string, rest: string) =>
      new TypedRows<Found>(db, [nullable(sql, "key")], rest);
    this.#running = keys("id", "FROM life WHERE span IS NULL AND boot = ?");
    this.#found = new TypedRows(
      db,
      [
        column("id", "key"),
        column("born", "time"),
        nullable("span", "time"),
        column("flags", "bits"),
      ],
      "FROM life WHERE pid = ? AND boot = ? AND born >= ? AND born < ? ORDER BY id DESC LIMIT 24",
    );
    this.#last = keys("max(id)", "FROM life");
    this.#first = keys("min(id)", "FROM life");
    this.#seen = new TypedRows(
      db,
      [column("run.boot", "key"), column("run.seen", "time")],
      "FROM run ORDER BY id DESC LIMIT 1",
    );
    const parts = IMAGE_PARTS.map((name) => nullable(`image.${name}`, "key"));
    const image = [nullable("uid", "uid"), ...parts, nullable("argv_missing", "count")];
    this.#image = new TypedRows(db, image, "FROM image WHERE id = ?");
    this.#text = new TypedRows(db, [column("value", "stored")], "FROM text WHERE id = ?");
    this.#formers = new TypedRows(
      db,
      [
        column("life", "key"),
        column("until", "time"),
        nullable("since", "time"),
        column("image", "key"),
      ],
      `FROM json_each(?) JOIN former ON (life, until) IN (SELECT life, until FROM former f
        WHERE f.life = value ORDER BY until DESC LIMIT ${FORMERS_MAX})
        ORDER BY life, until DESC`,
    );
  }

  /** From here on all that is read is of one moment, until {@linkcode Outgoing.release}. */
  hold(): void {
    this.#shared.clear();
    this.#db.exec("BEGIN");
  }

  release(): void {
    this.#shared.clear();
    this.#db.exec("COMMIT");
  }

  /** Numbers of the oldest and the latest life; null when there is none. */
  range(): readonly [first: number, last: number] | null {
    const [first] = this.#first.get()!;
    const [last] = this.#last.get()!;
    return first === null || last === null ? null : [first, last];
  }

  /** Up to when the file is written, in which boot; null when nobody has recorded. */
  reach(): { readonly boot: number; readonly ns: number } | null {
    const row = this.#seen.get();
    return row === undefined ? null : { boot: row[0], ns: row[1] };
  }

  /** When the run of a recorder with that number began, or the latest; null: it is not there. */
  run(id: number | null): { readonly id: number; readonly since: number } | null {
    const which = id === null ? "ORDER BY id DESC LIMIT 1" : "WHERE id = ?";
    const rows = new TypedRows<readonly [number, number]>(
      this.#db,
      [column("run.id", "key"), column("run.since", "time")],
      `FROM run ${which}`,
    );
    const row = id === null ? rows.get() : rows.get(id);
    return row === undefined ? null : { id: row[0], since: row[1] };
  }

  /**
   * Lives with numbers up to `last` that have ended from a moment of a boot on, null: from the
   * first on. They are read as they are wanted.
   */
  endedSince(bootId: string | null, ns: number, last: number): Iterator<NumberedWho, void> {
    const boot = bootId === null ? null : this.bootNumber(bootId);
    return endedSince(this.#db, this.#boots(), boot === null ? null : { boot, ns }, last);
  }

  /** Lives with numbers up to `last` that run. */
  runningUpTo(last: number): NumberedWho[] {
    return runningUpTo(this.#db, this.#boots(), last);
  }

  /** Lives with numbers above `after`, `limit` of them at most. */
  after(after: number, limit: number): OutgoingLife[] {
    return this.#livesOf(this.#next.all(after, limit));
  }

  /** Those of these numbers that are there. */
  some(keys: readonly number[]): OutgoingLife[] {
    return this.#livesOf(this.#some.all(JSON.stringify(keys)));
  }

  /** A life that ran when another file was shipped last, as this one has it; null: it has not. */
  find({ bootId, pid, born }: Omit<OutgoingKey, "nth">): FoundLife | null {
    const boot = this.bootNumber(bootId);
    return boot === null
      ? null
      : sameLifeOf(born, this.#found.all(pid, boot, ...aroundStart(born)));
  }

  /** Number of a boot in the file; null where it is not there. */
  bootNumber(bootId: string): number | null {
    return this.#boots().find(([, id]) => id === bootId)?.[0] ?? null;
  }

  /** Numbers of the lives of a boot that run. */
  running(boot: number): number[] {
    return this.#running.all(boot).map(([key]) => key);
  }

  /** What lives ran before, the latest of each first, and 1 000 of each at the most. */
  formers(lives: readonly number[]): OutgoingFormer[] {
    return this.#formers.all(JSON.stringify(lives)).map((row) => {
      return { life: row[0]!, until: row[1]!, since: row[2]!, image: row[3]! };
    });
  }

  /** The jobs that lives were in, by their numbers, the first of each first. */
  jobs(lives: readonly number[]): Map<number, OutgoingJob[]> {
    const found = new Map<number, OutgoingJob[]>();
    if (pragma(this.#db, "user_version") < 2) return found;
    const rows = new TypedRows<readonly [life: number, name: string, since: number]>(
      this.#db,
      [column("member.life", "key"), column("job.name", "name"), column("job.since", "time")],
      `FROM member JOIN job ON job.id = member.job
        WHERE member.life IN (SELECT value FROM json_each(?)) ORDER BY member.life, job.id`,
    );
    for (const [life, name, since] of rows.all(JSON.stringify(lives))) {
      const its = found.get(life);
      if (its === undefined) found.set(life, [{ name, since }]);
      else its.push({ name, since });
    }
    return found;
  }

  /** An image; nothing is known of one that is not there any more. */
  image(key: number): OutgoingImage {
    const row = this.#image.get(key);
    const parts: ImageParts = { ...NO_IMAGE.parts };
    if (row === undefined) return { parts, uid: null };
    IMAGE_PARTS.forEach((name, index) => {
      const text = row[index + 1]!;
      if (text !== null) parts[name] = this.#textOf(name, text);
    });
    parts.argvMore = row[IMAGE_PARTS.length + 1] ?? 0;
    return { parts, uid: row[0]! };
  }

  #textOf(name: (typeof IMAGE_PARTS)[number], key: number): Uint8Array {
    const isShared = name !== "argv" && name !== "env";
    const known = isShared ? this.#shared.get(key) : undefined;
    if (known !== undefined) return known;
    const text = fromStored(name, this.#text.get(key)?.[0] ?? "");
    if (isShared) this.#shared.set(key, text);
    return text;
  }

  /** A boot by its number in the file. */
  boot(id: number): OutgoingBoot {
    const clock = new TypedRows<readonly [number, string]>(
      this.#db,
      [column("since", "time"), column("CAST(epoch AS TEXT)", "name")],
      "FROM clock WHERE boot = ? ORDER BY since DESC LIMIT ?",
    );
    const runs = new TypedRows<readonly (number | string | null)[]>(
      this.#db,
      RUN.map(([name, one]) => name === "findings" && !this.#hasFindings ? NO_FINDINGS : one),
      "FROM run WHERE boot = ? ORDER BY id DESC LIMIT ?",
    );
    const rows = runs.all(id, ROWS_MAX).reverse();
    return {
      id,
      bootId: this.bootId(id),
      clock: clock.all(id, ROWS_MAX).reverse().map(([since, epoch]) => ({ since, epoch })),
      runs: rows.map((row) => Object.fromEntries(RUN.map(([name], i) => [name, row[i]!]))),
    };
  }

  /** Gaps with numbers above `after`. */
  gaps(after: number): OutgoingGap[] {
    const rows = new TypedRows<readonly [number, number, number, number, number | null, string]>(
      this.#db,
      [
        column("gap.id", "key"),
        column("boot", "key"),
        column("since", "time"),
        column("until", "time"),
        nullable("lost", "count"),
        column("reason", "name"),
      ],
      "FROM gap WHERE gap.id > ? ORDER BY gap.id LIMIT ?",
    );
    return rows.all(after, ROWS_MAX).map(([key, boot, since, until, lost, reason]) => {
      return { key, boot, since, until, lost, reason };
    });
  }

  get #hasFindings(): boolean {
    return pragma(this.#db, "user_version") >= 7;
  }

  /** All findings that it keeps. */
  findings(): OutgoingFinding[] {
    if (!this.#hasFindings) return [];
    const rows = new TypedRows<readonly (number | string | null)[]>(
      this.#db,
      FINDING.map(([, one]) => one),
      `FROM finding f JOIN life l ON l.id = f.life LEFT JOIN life b ON b.id = f.by_life
        ORDER BY f.id`,
    );
    return rows.all().map((row) => {
      const fields = Object.fromEntries(FINDING.map(([name], i) => [name, row[i]!]));
      return { key: Number(row[0]), boot_id: this.bootId(Number(row[1])), fields };
    });
  }

  /** The whole id of a boot. */
  bootId(id: number): string {
    if (!this.#bootIds.has(id)) this.#boots();
    return this.#bootIds.get(id) ?? "00000000-0000-0000-0000-000000000000";
  }

  #boots(): readonly (readonly [id: number, bootId: string])[] {
    const rows = new TypedRows<readonly [number, string]>(
      this.#db,
      [column("id", "key"), column("boot_id", "name")],
      "FROM boot",
    ).all();
    for (const [id, bootId] of rows) this.#bootIds.set(id, bootId);
    return rows;
  }

  #livesOf(rows: readonly Row[]): OutgoingLife[] {
    const members = this.keptJobs?.of(rows.map(([key]) => key!));
    return rows.map((row) => this.#lifeOf(row, members?.get(row[0]!) ?? []));
  }

  #lifeOf(row: Row, members: readonly OutgoingMember[]): OutgoingLife {
    const [key, boot, pid, born, span, parentPid, parentBorn, parentFlags, ppid, reaper] = row;
    const [status, image, exec, flags, parentKey] = row.slice(10);
    const parent = parentPid === null || parentPid === undefined ? null : {
      key: parentKey!,
      pid: parentPid,
      born: parentBorn!,
      nth: parentFlags! >> NTH_SHIFT,
      isStartKnown: (parentFlags! & LIFE_FLAG.startUnknown) === 0,
    };
    return {
      ...{ key: key!, boot: boot!, pid: pid!, born: born!, span: span!, parent, ppid: ppid! },
      ...{ reaper: reaper!, status: status!, image: image!, exec: exec!, flags: flags! },
      bootId: this.bootId(boot!),
      nth: flags! >> NTH_SHIFT,
      costs: row.slice(LIFE.length),
      members,
    };
  }
}
