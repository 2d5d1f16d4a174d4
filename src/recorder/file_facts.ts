/**
 * What a recorder knows of its history file as a whole: how much is in it, and since when.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { WritableHistory } from "../history/file.ts";
import { explainSql, HistoryError } from "../history/history_error.ts";
import { type LateGap, LateGaps } from "../history/late_gaps.ts";
import type { RetentionLimits } from "../history/retention.ts";
import { RowCount } from "../history/row_count.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import type { RecordedPast } from "./served_past.ts";

const US_PER_S = 1e6;
/** The file, and what SQLite keeps beside it. */
const SUFFIXES = ["", "-wal", "-shm"];
const LATE_REASONS = [GAP_WORDS[GAP_REASON.full]!, GAP_WORDS[GAP_REASON.share]!];

/** What is in a file. */
export interface Content {
  /** Lives, about. */
  readonly rows: number;
  readonly bytes: number;
  /** When what is kept begins, seconds since the Unix epoch; null where nothing is kept. */
  readonly oldest: number | null;
}

/** That, and how the recorder does. */
export interface HistoryFacts extends Content, RetentionLimits {
  /** How far what is written is behind what was told, nanoseconds. */
  readonly lagNs: number;
  /** The last write worked. */
  readonly isWritable: boolean;
}

/** Looks at an open file; while SQLite cannot read it, what was seen last holds. */
export class FileFacts {
  readonly #path: string;
  readonly #past: RecordedPast;
  readonly #rows: RowCount;
  readonly #gaps: LateGaps;
  #seen: Content = { rows: 0, bytes: 0, oldest: null };

  constructor(path: string, { db, ledger }: WritableHistory, past: RecordedPast) {
    this.#path = path;
    this.#past = past;
    this.#rows = new RowCount(db, ledger);
    this.#gaps = new LateGaps(db, LATE_REASONS);
  }

  /** What is in it now. */
  read(): Content {
    return this.#seen = this.#try(() => {
      const { begin } = this.#past;
      return {
        rows: this.#rows.about(),
        bytes: SUFFIXES.reduce((sum, suffix) => sum + sizeOf(this.#path + suffix), 0),
        oldest: Number.isFinite(begin) ? begin / US_PER_S : null,
      };
    }, this.#seen);
  }

  /** Gaps that have come about in it since that was asked last. */
  lateGaps(): LateGap[] {
    return this.#try(() => this.#gaps.news(), []);
  }

  #try<T>(look: () => T, instead: T): T {
    try {
      return look();
    } catch (error) {
      // What is wrong with the file the next write tells.
      if (explainSql(this.#path, error) instanceof HistoryError) return instead;
      throw error;
    }
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
