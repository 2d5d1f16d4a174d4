/**
 * How much of a history is whose: bytes by user, in parts of the lives by their numbers, so that
 * the oldest of a user are found without an index.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "./transaction.ts";

/** What rows take with their indexes, about. */
export const ROW_BYTES = {
  life: 100,
  image: 110,
  former: 50,
  /** Beside what is in it. */
  text: 40,
  job: 90,
  jobTotal: 120,
  member: 45,
} as const;

/** Lives in a part. */
export const PART_LIVES = 4096;
/** The part of the jobs, which are their owners'. */
export const JOBS_PART = -1;
/** A user that is not known. */
const NOBODY_KNOWN = -1;
/** All users of a part that are too many to be counted one by one. */
const OTHERS = -2;
const USERS_MAX = 64;

/** The part of the life with that number. */
export function partOf(life: number): number {
  return Math.floor(life / PART_LIVES);
}

/** What a user has in a part. */
interface Entry {
  readonly part: number;
  readonly uid: number;
  bytes: number;
  /** As it is in the file. */
  saved: number;
}

/** What is done beside a transaction. */
export interface BesideWrites {
  /** Throws where it must not be. */
  before(): void;
  after(): void;
}

/** Bytes by user and part, in memory and in the table `usage`. */
export class Ledger {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #parts = new Map<number, Map<number, Entry>>();
  readonly #totals = new Map<number, number>();
  readonly #changed = new Set<Entry>();
  /** The last that was charged: most often it is the next. */
  #last: Entry | null = null;
  #lastUid = 0;

  #beside: BesideWrites | null = null;

  /** Reads what the file has, or counts where it has nothing: once, and then it is kept. */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#put = db.prepare("INSERT OR REPLACE INTO usage VALUES (?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM usage WHERE part = ? AND uid = ?");
    inTransaction(db, () => {
      if (db.prepare("SELECT 1 FROM usage LIMIT 1").get() === undefined) db.exec(COUNT);
    });
    for (const row of db.prepare("SELECT part, uid, bytes FROM usage ORDER BY part").all()) {
      const entry = this.#entry(Number(row["part"]), Number(row["uid"]));
      this.#add(entry, Number(row["bytes"]));
      entry.saved = entry.bytes;
    }
    this.#changed.clear();
  }

  /** Charges a user with bytes in a part; within {@linkcode write}. */
  charge(part: number, uid: number | null, bytes: number): void {
    if (bytes === 0) return;
    const known = uid ?? NOBODY_KNOWN;
    if (this.#last === null || this.#last.part !== part || this.#lastUid !== known) {
      this.#last = this.#entry(part, known);
      this.#lastUid = known;
    }
    this.#add(this.#last, bytes);
  }

  /** Gives bytes back that a user had in a part; within {@linkcode write}. */
  give(part: number, uid: number | null, bytes: number): void {
    const entry = this.#parts.get(part)?.get(this.ownerIn(part, uid ?? NOBODY_KNOWN));
    if (entry !== undefined) this.#add(entry, -Math.min(bytes, entry.bytes));
  }

  /** A user is found to have nothing in a part; within {@linkcode write}. */
  clear(part: number, owner: number): void {
    this.give(part, owner, Infinity);
  }

  /** Whose account a user's bytes in a part are on: their own, or that of the many. */
  ownerIn(part: number, uid: number | null): number {
    const own = uid ?? NOBODY_KNOWN;
    const users = this.#parts.get(part);
    return users?.has(own) === false && users.has(OTHERS) ? OTHERS : own;
  }

  /** Bytes of a user in a part. */
  held(part: number, owner: number): number {
    return this.#parts.get(part)?.get(owner)?.bytes ?? 0;
  }

  /** Bytes in a part, by user. */
  usersOf(part: number): ReadonlyMap<number, number> {
    const users = [...this.#parts.get(part)?.values() ?? []];
    return new Map(users.map(({ uid, bytes }) => [uid, bytes]));
  }

  /** Numbers of all parts in which somebody has something. */
  get parts(): Iterable<number> {
    return this.#parts.keys();
  }

  /** Bytes of all users, by user. */
  get totals(): ReadonlyMap<number, number> {
    return this.#totals;
  }

  /** Who holds the most; null when nobody holds anything. */
  get largest(): number | null {
    let [largest, most] = [null as number | null, 0];
    for (const [uid, bytes] of this.#totals) if (bytes > most) [largest, most] = [uid, bytes];
    return largest;
  }

  /** The first part after another one in which a user has something; null when there is none. */
  nextPart(owner: number, after: number): number | null {
    let next = Infinity;
    for (const [part, users] of this.#parts) {
      if (part > after && part < next && (users.get(owner)?.bytes ?? 0) > 0) next = part;
    }
    return next === Infinity ? null : next;
  }

  /** Does `work` in one transaction, and writes with it what it has charged or given back. */
  write(work: () => void): void {
    this.#beside?.before();
    try {
      inTransaction(this.#db, () => {
        work();
        for (const { part, uid, bytes } of this.#changed) {
          if (bytes === 0) this.#remove.run(part, uid);
          else this.#put.run(part, uid, bytes);
        }
      });
    } catch (error) {
      for (const entry of this.#changed) this.#add(entry, entry.saved - entry.bytes);
      this.#committed();
      throw error;
    }
    this.#committed();
    this.#beside?.after();
  }

  /** Has something done beside each transaction. */
  writeBeside(beside: BesideWrites): void {
    this.#beside = beside;
  }

  #committed(): void {
    for (const entry of this.#changed) {
      entry.saved = entry.bytes;
      if (entry.bytes === 0) this.#drop(entry);
    }
    this.#changed.clear();
  }

  #entry(part: number, uid: number): Entry {
    let users = this.#parts.get(part);
    if (users === undefined) this.#parts.set(part, users = new Map());
    const owner = users.size < USERS_MAX || users.has(uid) ? uid : OTHERS;
    let entry = users.get(owner);
    if (entry === undefined) {
      entry = { part, uid: owner, bytes: 0, saved: 0 };
      users.set(owner, entry);
    }
    return entry;
  }

  #drop({ part, uid }: Entry): void {
    const users = this.#parts.get(part);
    users?.delete(uid);
    if (users?.size === 0) this.#parts.delete(part);
    this.#last = null;
  }

  #add(entry: Entry, bytes: number): void {
    entry.bytes += bytes;
    const total = (this.#totals.get(entry.uid) ?? 0) + bytes;
    if (total > 0) this.#totals.set(entry.uid, total);
    else this.#totals.delete(entry.uid);
    this.#changed.add(entry);
  }
}

/** Where nothing was counted: a file of an earlier version, or one that was exported. */
const COUNT = `
INSERT INTO usage SELECT part, uid, sum(bytes) FROM (
  SELECT life.id / ${PART_LIVES} AS part, coalesce(image.uid, ${NOBODY_KNOWN}) AS uid,
    ${ROW_BYTES.life} AS bytes
    FROM life LEFT JOIN image ON image.id = life.image
  UNION ALL SELECT coalesce(latest, 0) / ${PART_LIVES}, coalesce(uid, ${NOBODY_KNOWN}),
    ${ROW_BYTES.image + ROW_BYTES.text} +
      coalesce((SELECT octet_length(value) FROM text WHERE text.id = image.argv), 0) FROM image
  UNION ALL SELECT life / ${PART_LIVES}, coalesce(uid, ${NOBODY_KNOWN}), ${ROW_BYTES.former}
    FROM former LEFT JOIN image ON image.id = former.image
  UNION ALL SELECT ${JOBS_PART}, owner, ${ROW_BYTES.job} FROM job
  UNION ALL SELECT ${JOBS_PART}, owner, ${ROW_BYTES.jobTotal}
    FROM job_total JOIN job ON job.id = job_total.job
  UNION ALL SELECT ${JOBS_PART}, owner, ${ROW_BYTES.member}
    FROM member JOIN job ON job.id = member.job
) GROUP BY 1, 2;`;
