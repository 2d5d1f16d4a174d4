/**
 * What a history forgets: lives that ended long ago, and where it grows too large first the oldest
 * of who has more than their share, then the oldest ones. Ancestors of what stays, stay.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { readBoots } from "./boots.ts";
import { pragma } from "./file.ts";
import { trimFrame } from "./frame.ts";
import type { Ledger } from "./ledger.ts";
import { LogFile } from "./log_file.ts";
import { OldJobs } from "./old_jobs.ts";
import { LIFE_FACTS, type LifeFacts, Remover } from "./remover.ts";
import { SpentTexts } from "./spent_texts.ts";
import { UserShare } from "./user_share.ts";

/** How often lives that became too old are looked for. */
const AGE_EVERY_MS = 60_000;
/** Lives that are looked at in one step. */
const STEP = 500;
/** Time that a call takes. */
const SLICE_MS = 50;
/** Time that it takes when the file is far too large. */
const URGENT_MS = 250;
/** Room that is made beyond what is needed, so that it need not be made again at once. */
const SLACK = 0.02;
/** A file may be so much larger for a moment. */
const URGENT = 1.05;
const MORE_URGENT = 1.15;
/** Bytes of texts that may be nobody's, after which that is looked into. */
const SPENT_MAX = 4 << 20;
/** Free pages that are kept for what comes. */
const FREE_PAGES = 1024;

/** As far as an integer of SQLite goes, nearly. */
const END_OF_TIME = 2 ** 62;

/** A life in the order of ends. */
interface Place {
  readonly boot: number;
  readonly end: number;
  readonly id: number;
}

const START: Place = { boot: 0, end: -1, id: 0 };

/** What may stay. */
export interface RetentionLimits {
  /** Milliseconds after their end; Infinity for ever. */
  readonly keepMs: number;
  /** Bytes of the file and its log. */
  readonly maxBytes: number;
}

/** Deletes old lives, a bit at a time. */
export class Retention {
  readonly #db: DatabaseSync;
  readonly #ledger: Ledger;
  readonly #limits: RetentionLimits;
  readonly #maxPages: number;
  /** The file may have so many free ones beyond that. */
  readonly #sparePages: number;
  readonly #pageBytes: number;
  readonly #onSweep: () => void;
  readonly #statements: Statements;
  readonly #remover: Remover;
  readonly #texts: SpentTexts;
  readonly #jobs: OldJobs;
  readonly #share: UserShare;
  #ageAt = -Infinity;
  /** Whether there is more to do than one call did. */
  #aging = false;
  /** Whether there may be jobs of boots that are forgotten. */
  #bootless = false;
  /** Where the search for the too old goes on: what is before has descendants that stay. */
  #agedTo: Place = START;
  /** Where that for the oldest goes on, while room is made. */
  #from: Place = START;
  /** Nothing but ancestors is left: they lose their descendants. */
  #forced = false;

  /** `onSweep` is called when texts and images were deleted. */
  constructor(db: DatabaseSync, limits: RetentionLimits, ledger: Ledger, onSweep: () => void) {
    this.#db = db;
    this.#ledger = ledger;
    this.#limits = limits;
    this.#onSweep = onSweep;
    this.#pageBytes = pragma(db, "page_size");
    const log = new LogFile(db, limits.maxBytes);
    ledger.writeBeside({ before: () => log.checkRoom(), after: () => log.tend() });
    this.#maxPages = Math.floor((limits.maxBytes - log.maxBytes - log.atOnce) / this.#pageBytes);
    this.#sparePages = Math.floor(log.atOnce / 2 / this.#pageBytes);
    this.#statements = prepare(db);
    this.#remover = new Remover(db, ledger);
    this.#texts = new SpentTexts(db, ledger, this.#remover);
    this.#jobs = new OldJobs(db, ledger, limits.maxBytes);
    this.#share = new UserShare(db, ledger, this.#remover);
  }

  /** Does what is due, within a slice of time. */
  work(nowMs: number): void {
    const began = performance.now();
    const until = began + SLICE_MS;
    const images = this.#remover.images;
    let swept = false;
    if (this.#aging || nowMs >= this.#ageAt) {
      if (!this.#aging) this.#agedTo = START;
      this.#ageAt = nowMs + AGE_EVERY_MS;
      this.#aging = this.#deleteOlder(nowMs - this.#limits.keepMs, until);
      trimFrame(this.#db, this.#ledger, this.#limits.maxBytes);
      this.#jobs.again();
      this.#bootless = true;
    }
    while (this.#bootless && performance.now() < until) {
      this.#bootless = this.#jobs.removeOfNoBoot();
    }
    while (performance.now() < until && this.#jobs.shrink());
    if (this.#shrink(began)) swept = true;
    while (this.#texts.due && performance.now() < until) swept = this.#texts.step() || swept;
    if (swept || this.#remover.images > images) this.#onSweep();
  }

  /** Pages in use. */
  get #pages(): number {
    return pragma(this.#db, "page_count") - pragma(this.#db, "freelist_count");
  }

  /** Deletes what ended before a moment; true when time ran out before it was done. */
  #deleteOlder(moment: number, until: number): boolean {
    if (moment === -Infinity) return false;
    for (const boot of readBoots(this.#db)) {
      const before = boot.nsOf(moment);
      if (before <= 0 || boot.id < this.#agedTo.boot) continue;
      while (this.#jobs.removeBefore(boot.id, Math.min(before, END_OF_TIME))) {
        if (performance.now() > until) return true;
      }
      while (true) {
        const place = this.#deleteStep(boot.id, this.#agedTo, before, false);
        if (place === null) break;
        this.#agedTo = place;
        if (performance.now() > until) return true;
      }
    }
    return false;
  }

  /** Makes room where the file is too large; whether texts were swept. */
  #shrink(began: number): boolean {
    if (this.#pages <= this.#maxPages) {
      this.#giveBack();
      return false;
    }
    const target = this.#maxPages * (1 - SLACK);
    let swept = false;
    this.#share.again();
    while (true) {
      const pages = this.#pages;
      if (pages <= target) {
        this.#from = START;
        this.#forced = false;
        break;
      }
      const excess = pages / this.#maxPages;
      const slice = excess > URGENT ? URGENT_MS * (excess > MORE_URGENT ? 2 : 1) : SLICE_MS;
      if (performance.now() > began + slice) break;
      const wanted = (pages - target) * this.#pageBytes;
      // Before anybody loses more, what is nobody's goes.
      if (this.#texts.due || this.#texts.bytes > Math.min(wanted, SPENT_MAX)) {
        swept = this.#texts.step() || swept;
      } else if (!this.#share.step(wanted) && !this.#deleteOldest(wanted)) break;
    }
    return swept;
  }

  /** Deletes some of the oldest, whosever they are; false when nothing is left that can go. */
  #deleteOldest(wanted: number): boolean {
    for (const { id } of readBoots(this.#db)) {
      if (id < this.#from.boot) continue;
      const place = this.#deleteStep(id, this.#from, Infinity, this.#forced);
      if (place !== null) {
        this.#from = place;
        return true;
      }
    }
    // What is left lives, or has descendants that do. Only now do they lose their past.
    this.#from = START;
    if (!this.#forced) {
      this.#forced = true;
      return true;
    }
    this.#forced = false;
    const { largest } = this.#ledger;
    return largest !== null && this.#share.stepOf(largest, wanted);
  }

  /** Deletes some of the oldest lives of a boot; where it came to, null when there are no more. */
  #deleteStep(boot: number, from: Place, before: number, forced: boolean): Place | null {
    const { end: since, id } = from.boot === boot ? from : START;
    const { oldest, kept, oldFormers } = this.#statements;
    const found = oldest.all(
      boot,
      since,
      Math.min(before, END_OF_TIME),
      since,
      id,
      STEP,
    ) as unknown as LifeFacts[];
    const last = found.at(-1);
    if (last === undefined) return null;
    const end = last.ended!;
    this.#ledger.write(() => {
      for (const life of found) this.#delete(life, before, forced);
      // What living processes ran as long ago goes with them where there is no room.
      for (const { life } of before === Infinity ? oldFormers.all(boot, end) : []) {
        const due = { owner: null, before: end, wanted: Infinity };
        this.#remover.forgetFormers(Number(life), due);
      }
      this.#remover.removeLeft();
      kept.run(Math.round(end), boot);
    });
    return { boot, end, id: last.id };
  }

  /** Deletes a life, and then upwards what it was the last reason to keep. */
  #delete(oldest: LifeFacts, before: number, forced: boolean): void {
    for (let life: LifeFacts | undefined = oldest; life !== undefined;) {
      if (life.ended === null || life.ended >= before) return;
      // Above stands what may be younger than what is due next.
      const { count, more } = this.#remover.removeLife(life, forced);
      if (count === 0 || more || forced || before === Infinity) return;
      if (life.parent === null) return;
      life = this.#remover.life(life.parent);
    }
  }

  /** Gives room back to the disk, where much of it is free. */
  #giveBack(): void {
    const free = pragma(this.#db, "freelist_count");
    const total = pragma(this.#db, "page_count");
    if (free <= Math.max(FREE_PAGES, total / 4) && total <= this.#maxPages + this.#sparePages) {
      return;
    }
    this.#db.prepare(`PRAGMA incremental_vacuum(${FREE_PAGES})`).all();
  }
}

interface Statements {
  readonly oldest: StatementSync;
  readonly oldFormers: StatementSync;
  readonly kept: StatementSync;
}

function prepare(db: DatabaseSync): Statements {
  return {
    oldest: db.prepare(
      `${LIFE_FACTS}
        WHERE l.boot = ? AND l.born + l.span >= ? AND l.born + l.span < ? AND l.span IS NOT NULL
          AND (l.born + l.span > ? OR l.id > ?)
        ORDER BY l.born + l.span, l.id LIMIT ?`,
    ),
    oldFormers: db.prepare(
      `SELECT DISTINCT life FROM former f JOIN life l ON l.id = f.life
        WHERE l.boot = ?1 AND l.span IS NULL AND f.image <> 0 AND f.until < ?2
          AND f.since < ?2 AND f.since IS NOT NULL`,
    ),
    kept: db.prepare("UPDATE run SET kept = max(kept, ?) WHERE boot = ?"),
  };
}
