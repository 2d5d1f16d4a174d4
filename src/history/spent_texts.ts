/**
 * Deletes texts that no image has any more. Only command lines have an index that tells who has
 * them; all others that may be nobody's are noted in the table `spent`, and one walk over the
 * images, a bit at a time, tells which of them are.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Ledger } from "./ledger.ts";
import type { Remover } from "./remover.ts";

/** Images that are looked at in one step. */
const STEP = 1000;
/** Texts that are looked for in one walk. */
const SOUGHT_MAX = 50_000;
/** Deleted images after which a walk is worth it. */
const WALK_MIN = 1000;
const WALK_SHARE = 0.25;

/** One walk after the other. */
export class SpentTexts {
  readonly #ledger: Ledger;
  readonly #remover: Remover;
  readonly #statements: Statements;
  /** Noted, and in no image so far. */
  #sought: Set<number> | null = null;
  #noted: readonly number[] = [];
  #cursor = 0;
  /** Images that the last walk has seen. */
  #images = 0;
  #seen = 0;
  /** Images that had been deleted when a walk began last. */
  #deleted = 0;

  constructor(db: DatabaseSync, ledger: Ledger, remover: Remover) {
    this.#ledger = ledger;
    this.#remover = remover;
    this.#statements = prepare(db);
    // What an earlier run has left.
    const [left] = db.prepare("SELECT count(*) AS n FROM spent").all();
    this.#deleted = -Number(left!["n"]);
  }

  /** Whether so much was deleted that a walk is worth it, or one is under way. */
  get due(): boolean {
    if (this.#sought !== null) return true;
    return this.#remover.images - this.#deleted >= Math.max(WALK_MIN, WALK_SHARE * this.#images);
  }

  /** Bytes that a walk may free. */
  get bytes(): number {
    return this.#remover.notedBytes;
  }

  /** Does a step; true when it was the last of a walk. */
  step(): boolean {
    if (this.#sought === null) this.#begin();
    let done = false;
    this.#ledger.write(() => done = this.#walk());
    return done;
  }

  #begin(): void {
    this.#noted = this.#statements.noted.all(SOUGHT_MAX).map(({ text }) => Number(text));
    this.#sought = new Set(this.#noted);
    // What is noted from now on is for the next walk.
    this.#remover.noted.clear();
    this.#remover.notedBytes = 0;
    this.#deleted = this.#remover.images;
    this.#cursor = 0;
    this.#seen = 0;
  }

  #walk(): boolean {
    const { images, removeText, forget } = this.#statements;
    const sought = this.#sought!;
    const found = images.all(this.#cursor, STEP);
    for (const { id, used, exe, cwd, cgroup, comm, env } of found) {
      // A new name may have left an image behind that nobody had when it was written.
      if (used === 0) this.#remover.leaveImage(Number(id));
      for (const text of [exe, cwd, cgroup, comm, env]) sought.delete(Number(text));
    }
    this.#remover.removeLeft();
    this.#seen += found.length;
    if (found.length > 0) this.#cursor = Number(found.at(-1)!["id"]);
    if (found.length === STEP) return false;
    for (const text of sought) removeText.run(text, text);
    for (const text of this.#noted) if (!this.#remover.noted.has(text)) forget.run(text);
    this.#images = this.#seen;
    this.#sought = null;
    this.#noted = [];
    return true;
  }
}

interface Statements {
  readonly noted: StatementSync;
  readonly images: StatementSync;
  readonly removeText: StatementSync;
  readonly forget: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    noted: db.prepare("SELECT text FROM spent ORDER BY text LIMIT ?"),
    images: db.prepare(
      `SELECT id, exe, cwd, cgroup, comm, env,
        EXISTS (SELECT 1 FROM life WHERE life.image = i.id AND exec IS NOT NULL)
          OR EXISTS (SELECT 1 FROM former WHERE former.image = i.id) AS used
        FROM image i WHERE id > ? ORDER BY id LIMIT ?`,
    ),
    removeText: db.prepare(
      "DELETE FROM text WHERE id = ? AND NOT EXISTS (SELECT 1 FROM image WHERE argv = ?)",
    ),
    forget: db.prepare("DELETE FROM spent WHERE text = ?"),
  };
}
