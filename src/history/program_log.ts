/**
 * The programs that a host has run, written beside the lives: they are known for longer.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Image, type ImageParts, NO_IMAGE } from "../model/image.ts";
import { programOf } from "../model/program_names.ts";
import type { Companion } from "./companion.ts";
import { LIFE_FLAG } from "./schema.ts";
import { fromStored } from "./texts.ts";

/** A program that was run. */
export interface RunProgram {
  /** Real uid of who ran it first; null where it is not known. */
  readonly uid: number | null;
  /** When it was first run, as far as is known, and last, on a day; ms since the Unix epoch. */
  readonly since: number;
  readonly seen: number;
}

/** Images that are looked at: what most of them ran is the same. */
const IMAGES_MAX = 50_000;
/** Nobody knows who ran it. */
const NO_UID = -1;

/** Writes programs. */
export class ProgramLog implements Companion {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #forget: StatementSync;
  /** As they are to be in the file, by name; null: they are not. */
  readonly #changed = new Map<string, RunProgram | null>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#put = db.prepare("INSERT OR REPLACE INTO program VALUES (?, ?, ?, ?)");
    this.#forget = db.prepare("DELETE FROM program WHERE name = ?");
  }

  /** What the file has, by name. */
  read(): Map<string, RunProgram> {
    const found = new Map<string, RunProgram>();
    for (const row of this.#db.prepare("SELECT * FROM program ORDER BY seen").iterate()) {
      const uid = Number(row["uid"]);
      found.set(String(row["name"]), {
        uid: uid === NO_UID ? null : uid,
        since: Number(row["since"]),
        seen: Number(row["seen"]),
      });
    }
    return found;
  }

  /** Programs of what the file remembers having run lately, with who did, the latest first. */
  *remembered(): Generator<{ readonly name: string; readonly uid: number | null }, void> {
    for (const row of this.#db.prepare(IMAGES).iterate(IMAGES_MAX)) {
      const parts: ImageParts = { ...NO_IMAGE.parts };
      for (const part of ["argv", "exe", "cwd"] as const) parts[part] = bytesOf(part, row[part]);
      const name = programOf(new Image(parts));
      const uid = row["uid"] ?? null;
      if (name !== null) yield { name, uid: uid === null ? null : Number(uid) };
    }
  }

  /** When what the file remembers begins, milliseconds since the Unix epoch; null: nothing is. */
  begin(): number | null {
    const row = this.#db.prepare(BEGIN).get();
    const ms = row?.["begin"] ?? null;
    return ms === null ? null : Number(ms);
  }

  /** A program is as it is now; null: it is not known any more. */
  put(name: string, program: RunProgram | null): void {
    this.#changed.set(name, program);
  }

  get dirty(): boolean {
    return this.#changed.size > 0;
  }

  write(): void {
    for (const [name, program] of this.#changed) {
      if (program === null) this.#forget.run(name);
      else {
        const { uid, since, seen } = program;
        this.#put.run(name, uid ?? NO_UID, Math.round(since), Math.round(seen));
      }
    }
  }

  committed(): void {
    this.#changed.clear();
  }
}

function bytesOf(part: keyof ImageParts, value: unknown): Uint8Array | null {
  const isText = typeof value === "string" || value instanceof Uint8Array;
  return isText ? fromStored(part, value) : null;
}

const IMAGES = `SELECT argv.value AS argv, exe.value AS exe, cwd.value AS cwd, uid FROM image
  LEFT JOIN text argv ON argv.id = image.argv
  LEFT JOIN text exe ON exe.id = image.exe
  LEFT JOIN text cwd ON cwd.id = image.cwd
  ORDER BY latest DESC LIMIT ?`;

const BEGIN = `SELECT (born + (SELECT epoch FROM clock WHERE clock.boot = life.boot
    ORDER BY since LIMIT 1)) / 1000000 AS begin
  FROM life WHERE flags & ${LIFE_FLAG.found} = 0 ORDER BY id LIMIT 1`;
