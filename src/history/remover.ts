/**
 * Takes lives, former images and command lines out of a history, with all that was theirs alone.
 * All of it within {@linkcode Ledger.write}.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { JOBS_PART, type Ledger, partOf, ROW_BYTES } from "./ledger.ts";
import { FORGOTTEN_IMAGE } from "./schema.ts";

/** Texts that are remembered as noted: most images share theirs. */
const NOTED_MAX = 50_000;
/** What is taken from a command line that is shorter is not worth it. */
const LONG_TEXT = 256;

/** Former images of a life that are looked at in one call. */
const FORMERS_MAX = 2000;
/** Its youngest children that keep one from then; others do not know what they ran. */
const INHERITORS_MAX = 10_000;
/** No part is known in which an image counts. */
const NO_PART = -2;
const LENGTH = "(SELECT octet_length(t.value) FROM text t WHERE t.id = i.argv)";

/** Numbers of an image, its user and its texts. */
type ImageRow = readonly (number | null)[];

/** What {@linkcode Remover.removeLife} needs to know of lives; many are read at once. */
export const LIFE_FACTS = `SELECT l.id, l.boot, l.pid, l.parent, l.image, i.uid,
  l.exec IS NOT NULL AS own, CAST(l.born AS REAL) AS born, CAST(l.born + l.span AS REAL) AS ended,
  EXISTS (SELECT 1 FROM former f WHERE f.life = l.id) AS dressed,
  EXISTS (SELECT 1 FROM member m WHERE m.life = l.id) AS joined,
  ${LENGTH} AS length
  FROM life l LEFT JOIN image i ON i.id = l.image`;

/** A row of {@linkcode LIFE_FACTS}. */
export interface LifeFacts {
  readonly id: number;
  readonly boot: number;
  readonly pid: number;
  readonly parent: number | null;
  readonly image: number;
  readonly uid: number | null;
  /** 1: its image is its own. */
  readonly own: number;
  /** Nanoseconds since boot. */
  readonly born: number;
  /** Null while it runs. */
  readonly ended: number | null;
  /** 1: it has former images. */
  readonly dressed: number;
  /** 1: it is in jobs. */
  readonly joined: number;
  /** Bytes of its command line; null when that is not known. */
  readonly length: number | null;
}

/** A row of `former`, and whose image that is. */
interface FormerRow {
  readonly until: bigint;
  readonly since: bigint | null;
  readonly image: number;
  readonly uid: number | null;
  readonly length: number | null;
}

/** What a call has taken out. */
export interface Freed {
  /** Lives and former images. */
  readonly count: number;
  /** About. */
  readonly bytes: number;
  /** Whether there may be more of the same life. */
  readonly more: boolean;
}

/** Nothing. */
export const NOTHING: Freed = { count: 0, bytes: 0, more: false };

/** Which former images of a life are to be forgotten. */
export interface FormerChoice {
  /** Only what is on this account; null: whosever. */
  readonly owner: number | null;
  /** Only what ended before a time, nanoseconds since boot. */
  readonly before: number;
  /** Bytes after which it is enough. */
  readonly wanted: number;
}

/** Former images of a life that follow on each other and are forgotten: they become one row. */
class Hole {
  readonly #life: number;
  readonly #statements: Statements;
  #since: bigint | null = null;
  /** Null: there is none yet. */
  #until: bigint | null = null;
  /** Whether its row is to be written. */
  #changed = false;

  constructor(life: number, statements: Statements) {
    this.#life = life;
    this.#statements = statements;
  }

  /** A row that is one already. */
  take(row: FormerRow): void {
    if (!this.#grow(row)) this.#changed = false;
  }

  /** Another image is forgotten, its row deleted; whether that is one row less. */
  dig(row: FormerRow): boolean {
    return this.#grow(row);
  }

  /** Reaches up to the end of a row; whether there was something before it. */
  #grow({ since, until }: FormerRow): boolean {
    const grows = this.#until !== null;
    if (grows && !this.#changed) this.#statements.removeFormer.run(this.#life, this.#until);
    if (!grows) this.#since = since;
    this.#until = until;
    this.#changed = true;
    return grows;
  }

  /** What follows is known. */
  close(): void {
    if (this.#changed) {
      this.#statements.addHole.run(this.#life, this.#until, this.#since, FORGOTTEN_IMAGE);
    }
    this.#until = null;
    this.#changed = false;
  }
}

/** Deletes rows. */
export class Remover {
  readonly #ledger: Ledger;
  readonly #statements: Statements;
  /** Texts that may be nobody's any more: see {@linkcode SpentTexts}. */
  readonly noted: Set<number> = new Set();
  /** What those take, if they are. */
  notedBytes = 0;
  /** Images that have lost a life, and the part of that. */
  readonly #left = new Map<number, number>();
  /** Images that were deleted, and command lines. */
  images = 0;

  constructor(db: DatabaseSync, ledger: Ledger) {
    this.#ledger = ledger;
    this.#statements = prepare(db);
  }

  /**
   * Deletes a life that has ended and has no children; where it is `forced`, they lose their
   * parent. Nothing is free when it stays; what has had very many images goes in several calls.
   */
  removeLife(life: LifeFacts, forced: boolean): Freed {
    const { id, pid, image, uid, own, ended, dressed, joined, length } = life;
    const { remove, orphan, child } = this.#statements;
    if (ended === null || (!forced && child.get(id) !== undefined)) return NOTHING;
    const part = partOf(id);
    let bytes = 0;
    if (dressed === 1) {
      const all = { owner: null, before: Infinity, wanted: Infinity };
      const formers = this.forgetFormers(id, all);
      bytes += formers.bytes;
      if (formers.more) return { count: 1, bytes, more: true };
      this.#statements.removeFormers.run(id);
    }
    if (forced) orphan.run(pid, id);
    remove.run(id);
    this.#ledger.give(part, uid, ROW_BYTES.life);
    bytes += ROW_BYTES.life;
    if (joined === 1) bytes += this.#removeMembers(id);
    if (own === 1) bytes += this.#leave(image, part, length);
    return { count: 1, bytes, more: false };
  }

  /** A life; undefined when it is not there any more. */
  life(id: number): LifeFacts | undefined {
    return this.#statements.get.get(id) as unknown as LifeFacts | undefined;
  }

  /**
   * Forgets what a life ran before, oldest first, until `wanted` bytes are free: a row without an
   * image stays in its place.
   */
  forgetFormers(id: number, { owner, before: due, wanted }: FormerChoice): Freed {
    const { formers, removeFormer, own } = this.#statements;
    const part = partOf(id);
    const images: number[] = [];
    let bytes = 0;
    const hole = new Hole(id, this.#statements);
    const found = formers.all(id, FORMERS_MAX) as unknown as FormerRow[];
    for (const row of found) {
      const image = Number(row.image);
      if (image === FORGOTTEN_IMAGE) {
        hole.take(row);
        continue;
      }
      if (bytes >= wanted || Number(row.until) >= due) break;
      if (owner !== null && this.#ledger.ownerIn(part, uidOf(row)) !== owner) {
        hole.close();
        continue;
      }
      images.push(image);
      removeFormer.run(id, row.until);
      bytes += this.#leave(image, part, row.length === null ? null : Number(row.length));
      // The first leaves its row behind, which is on nobody's account.
      this.#ledger.give(part, uidOf(row), ROW_BYTES.former);
      if (hole.dig(row)) bytes += ROW_BYTES.former;
    }
    hole.close();
    if (images.length === 0) return NOTHING;
    // Children that still have such an image from there have it themselves.
    own.run(id, INHERITORS_MAX, JSON.stringify(images));
    return { count: images.length, bytes, more: found.length === FORMERS_MAX || bytes >= wanted };
  }

  /** Forgets the command line of the image of a life that goes on; how many bytes became free. */
  forgetArgv({ id, image, uid, length }: LifeFacts): number {
    if (length === null || length < LONG_TEXT) return 0;
    const { argvOf, clearArgv, removeTexts } = this.#statements;
    const argv = argvOf.get(image)?.["argv"] ?? null;
    if (argv === null) return 0;
    clearArgv.run(image);
    this.images++;
    const bytes = removeTexts.all(JSON.stringify([argv])).length === 0 ? 0 : length;
    this.#ledger.give(partOf(id), uid, bytes);
    return bytes;
  }

  /** An image may be nobody's now: {@linkcode removeLeft} looks. */
  leaveImage(id: number): void {
    if (!this.#left.has(id)) this.#left.set(id, NO_PART);
  }

  /**
   * Deletes the images that were left by their last lives, with their command lines. To be called
   * at the end of each transaction.
   */
  removeLeft(): void {
    if (this.#left.size === 0) return;
    const found = this.#statements.removeImages.all(JSON.stringify([...this.#left.keys()]));
    const byText = new Map<number, { readonly part: number; readonly uid: number | null }>();
    for (const row of found as unknown as ImageRow[]) {
      const [id, uid, argv, ...others] = row;
      const part = this.#left.get(id!)!;
      this.#ledger.give(part, uid!, ROW_BYTES.image);
      if (argv !== null) byText.set(argv!, { part, uid: uid! });
      for (const text of others) if (text !== null) this.#note(text!);
    }
    this.images += found.length;
    this.#left.clear();
    if (byText.size === 0) return;
    const texts = this.#statements.removeTexts.all(JSON.stringify([...byText.keys()]));
    for (const row of texts as unknown as (readonly [number, number])[]) {
      const { part, uid } = byText.get(row[0])!;
      this.#ledger.give(part, uid, ROW_BYTES.text + row[1]);
    }
  }

  /** What is free when nobody else has that image. */
  #leave(image: number, part: number, length: number | null): number {
    this.#left.set(image, part);
    return ROW_BYTES.image + (length === null ? 0 : ROW_BYTES.text + length);
  }

  #removeMembers(id: number): number {
    const { owners, removeMembers } = this.#statements;
    let bytes = 0;
    for (const row of owners.all(id)) {
      const held = Number(row["n"]) * ROW_BYTES.member;
      this.#ledger.give(JOBS_PART, Number(row["owner"]), held);
      bytes += held;
    }
    removeMembers.run(id);
    return bytes;
  }

  #note(text: number): void {
    if (this.noted.has(text)) return;
    if (this.noted.size >= NOTED_MAX) this.noted.clear();
    this.noted.add(text);
    this.#statements.note.run(text);
    this.notedBytes += Number(this.#statements.lengthOf.get(text)?.["length"] ?? 0);
  }
}

function uidOf(row: { readonly uid?: unknown }): number | null {
  return row.uid === null || row.uid === undefined ? null : Number(row.uid);
}

interface Statements {
  readonly get: StatementSync;
  readonly child: StatementSync;
  readonly remove: StatementSync;
  readonly orphan: StatementSync;
  readonly own: StatementSync;
  readonly formers: StatementSync;
  readonly removeFormer: StatementSync;
  readonly removeFormers: StatementSync;
  readonly addHole: StatementSync;
  readonly owners: StatementSync;
  readonly removeMembers: StatementSync;
  readonly removeImages: StatementSync;
  readonly removeTexts: StatementSync;
  readonly argvOf: StatementSync;
  readonly clearArgv: StatementSync;
  readonly lengthOf: StatementSync;
  readonly note: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  const formers = db.prepare(
    `SELECT f.until, f.since, f.image, i.uid, ${LENGTH} AS length
      FROM former f LEFT JOIN image i ON i.id = f.image WHERE f.life = ? ORDER BY f.until LIMIT ?`,
  );
  // Nanoseconds are to come back as they are.
  formers.setReadBigInts(true);
  return {
    get: db.prepare(`${LIFE_FACTS} WHERE l.id = ?`),
    child: db.prepare("SELECT 1 FROM life WHERE parent = ? LIMIT 1"),
    remove: db.prepare("DELETE FROM life WHERE id = ?"),
    orphan: db.prepare(
      "UPDATE life SET parent = NULL, ppid = ?, exec = coalesce(exec, -1) WHERE parent = ?",
    ),
    own: db.prepare(
      `UPDATE life SET exec = -1
        WHERE id IN (SELECT id FROM life WHERE parent = ? ORDER BY id DESC LIMIT ?)
          AND exec IS NULL AND image IN (SELECT value FROM json_each(?))`,
    ),
    formers,
    removeFormer: db.prepare("DELETE FROM former WHERE life = ? AND until = ?"),
    removeFormers: db.prepare("DELETE FROM former WHERE life = ?"),
    addHole: db.prepare("INSERT OR REPLACE INTO former VALUES (?, ?, ?, ?)"),
    owners: db.prepare(
      `SELECT j.owner, count(*) AS n FROM member m JOIN job j ON j.id = m.job
        WHERE m.life = ? GROUP BY j.owner`,
    ),
    removeMembers: db.prepare("DELETE FROM member WHERE life = ?"),
    // Numbers are not to be given out twice: the largest stays.
    removeImages: rows(
      db,
      `DELETE FROM image WHERE id IN (SELECT value FROM json_each(?))
        AND id < (SELECT max(id) FROM image)
        AND NOT EXISTS (SELECT 1 FROM life WHERE life.image = image.id AND exec IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM former WHERE former.image = image.id)
        RETURNING id, uid, argv, exe, cwd, cgroup, comm, env`,
    ),
    removeTexts: rows(
      db,
      `DELETE FROM text WHERE id IN (SELECT value FROM json_each(?))
        AND NOT EXISTS (SELECT 1 FROM image WHERE argv = text.id)
        RETURNING id, octet_length(value)`,
    ),
    argvOf: db.prepare("SELECT argv FROM image WHERE id = ?"),
    clearArgv: db.prepare("UPDATE image SET argv = NULL WHERE id = ?"),
    lengthOf: db.prepare("SELECT octet_length(value) AS length FROM text WHERE id = ?"),
    note: db.prepare("INSERT OR IGNORE INTO spent VALUES (?)"),
  };
}

/** A statement whose rows come as arrays. */
function rows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql) as StatementSync & { setReturnArrays(on: boolean): void };
  statement.setReturnArrays(true);
  return statement;
}
