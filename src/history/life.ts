/**
 * Past processes: rows of a history as processes of the model.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Image, IMAGE_PARTS, type ImageParts, NO_IMAGE } from "../model/image.ts";
import { Process } from "../model/process.ts";
import type { Boot } from "./boots.ts";
import { pragma } from "./file.ts";
import { LIFE_FLAG, NTH_SHIFT } from "./schema.ts";
import { fromStored, type StoredText } from "./texts.ts";

/** Columns of `life` in the order in which rows are read; times as doubles. */
export const LIFE_COLUMNS = `life.id, life.boot, life.pid, CAST(life.born AS REAL),
  CAST(life.span AS REAL), life.parent, life.ppid, life.reaper, life.status, life.image,
  CAST(life.exec AS REAL), life.flags`;

/** A row of {@linkcode LIFE_COLUMNS}. */
export type LifeRow = readonly (number | null)[];

/** A process out of a history. Its `key` is the number of its row. */
export class Life extends Process {
  readonly boot: Boot;
  /** Row of the process that forked it; null when that is not known. */
  readonly parentKey: number | null;
  /** Number of its last image. */
  readonly imageKey: number;
  /** Nanoseconds from `born` to the exec of its last image; null when it has seen none. */
  readonly exec: number | null;
  /** Bits of LIFE_FLAG. */
  readonly flags: number;
  /** Nanoseconds for which it is known to have lived; Infinity while it lives. */
  readonly seenFor: number;

  constructor(row: LifeRow, boot: Boot) {
    const [key, , pid, born, span, parent, ppid, reaper, status, image, exec, flags] = row;
    super(pid!, born!, flags! >> NTH_SHIFT);
    this.key = key!;
    this.boot = boot;
    this.parentKey = parent!;
    this.imageKey = image!;
    this.exec = exec === null || exec! < 0 ? null : exec!;
    this.flags = flags!;
    this.seenFor = span ?? Infinity;
    this.start = (flags! & LIFE_FLAG.startUnknown) === 0 ? born! : null;
    this.announced = (flags! & LIFE_FLAG.found) === 0;
    this.dumped = (flags! & LIFE_FLAG.core) !== 0;
    this.ppid = ppid!;
    this.reaper = reaper!;
    this.status = status!;
    if (span === null) {
      this.state = "running";
    } else if (this.endUnknown) {
      this.state = "unknown";
    } else {
      this.state = "exited";
      this.end = born! + span!;
    }
  }

  /** It ended while nobody recorded. */
  get endUnknown(): boolean {
    return (this.flags & LIFE_FLAG.endUnknown) !== 0;
  }
}

/** Beginnings that are remembered: to find one again can take as long as its chain is. */
const BEGUN_MAX = 500_000;

/** Reads images and lives by their numbers, each once. */
export class LifeStore {
  readonly #boots: ReadonlyMap<number, Boot>;
  #lives = new Map<number, Life>();
  /** Those that were read before the last call of age(), and not again since. */
  #older = new Map<number, Life>();
  readonly #images = new Map<number, { readonly image: Image; readonly uid: number | null }>();
  readonly #formers = new Map<number, readonly LifeRow[]>();
  /** Numbers of the images that lives began with, as far as it was asked; null: not known. */
  readonly #begun = new Map<number, number | null>();
  /** Control groups: images that share one share its bytes. */
  readonly #texts = new Map<number, Uint8Array>();
  readonly #getLife: StatementSync;
  readonly #getImage: StatementSync;
  readonly #getText: StatementSync;
  readonly #getFormer: StatementSync;

  constructor(db: DatabaseSync, boots: readonly Boot[]) {
    this.#boots = new Map(boots.map((boot) => [boot.id, boot]));
    this.#getLife = rows(db, `SELECT ${LIFE_COLUMNS} FROM life WHERE id = ?`);
    const parts = IMAGE_PARTS.join(", ");
    const missing = pragma(db, "user_version") >= 3 ? "argv_missing" : "NULL";
    this.#getImage = rows(db, `SELECT uid, ${parts}, ${missing} FROM image WHERE id = ?`);
    this.#getText = rows(db, "SELECT value FROM text WHERE id = ?");
    this.#getFormer = rows(
      db,
      `SELECT CAST(until AS REAL), image, CAST(since AS REAL) FROM former
        WHERE life = ? ORDER BY until`,
    );
  }

  /** The process of a row. */
  take(row: LifeRow): Life {
    const known = this.#known(row[0]!);
    if (known !== undefined) return known;
    const life = new Life(row, this.#boots.get(row[1]!)!);
    this.dress(life, life.imageKey);
    this.#lives.set(life.key, life);
    return life;
  }

  /** The life with that number; null when it is not there any more. */
  get(key: number): Life | null {
    const known = this.#known(key);
    if (known !== undefined) return known;
    const row = this.#getLife.get(key);
    return row === undefined ? null : this.take(row as unknown as LifeRow);
  }

  /** Links a life to its parent, and so on upwards. */
  withAncestors(life: Life): Life {
    let at = life;
    while (at.parent === null && at.parentKey !== null) {
      if (!this.withParent(at)) break;
      at = at.parent as unknown as Life;
    }
    return life;
  }

  /** Links a life to its parent; false when there is none. */
  withParent(life: Life): boolean {
    if (life.parent !== null) return true;
    const parent = life.parentKey === null ? null : this.get(life.parentKey);
    if (parent === null || isBelow(life, parent)) return false;
    life.parent = parent;
    life.ppid = parent.pid;
    return true;
  }

  /** Gives a life the image it had at a time (nanoseconds since boot). */
  dressAt(life: Life, ns: number): void {
    const image = this.#ownAt(life, ns) ?? this.#begunWith(life);
    this.dress(life, image ?? life.imageKey);
    if (image === null) life.image = NO_IMAGE;
  }

  /** Number of the image that a life had taken itself by then; null where it had its parent's. */
  #ownAt(life: Life, ns: number): number | null {
    const former = this.#formersOf(life).find(([until]) => until! > ns);
    const since = former?.[2] ?? null;
    if (former !== undefined) return since === null || since <= ns ? former[1]! : null;
    return life.exec === null || life.born + life.exec <= ns ? life.imageKey : null;
  }

  /**
   * Number of the image that a life began with: the one that its parent had then. That may have
   * been the one that the parent began with, and so on upwards through all generations of a chain.
   */
  #begunWith(life: Life): number | null {
    const line: Life[] = [];
    let image: number | null = null;
    for (let at = life; image === null;) {
      const known = this.#begun.get(at.key);
      if (known !== undefined) {
        image = known;
        break;
      }
      line.push(at);
      if (!this.withParent(at) || !(at.parent instanceof Life)) break;
      image = this.#ownAt(at.parent, at.born);
      at = at.parent;
    }
    for (const { key } of line) this.#begun.set(key, image);
    return image;
  }

  /** Gives a life an image by its number. */
  dress(life: Life, image: number): void {
    const known = this.image(image);
    life.image = known.image;
    life.uid = known.uid;
  }

  /** What it ran before, oldest first: until when, and which image. */
  #formersOf({ key }: Life): readonly LifeRow[] {
    let found = this.#formers.get(key);
    if (found === undefined) {
      found = this.#getFormer.all(key) as unknown as LifeRow[];
      this.#formers.set(key, found);
    }
    return found;
  }

  /** An image, and the real uid that it ran as. */
  image(key: number): { readonly image: Image; readonly uid: number | null } {
    let known = this.#images.get(key);
    if (known === undefined) {
      known = this.#readImage(key);
      this.#images.set(key, known);
    }
    return known;
  }

  /**
   * Forgets what was read and not asked for since the last call; what is in use stays as it is.
   * Who goes through the generations of a chain meets the parents of the last ones again.
   */
  age(): void {
    this.#older = this.#lives;
    this.#lives = new Map();
    this.#images.clear();
    this.#formers.clear();
    if (this.#begun.size > BEGUN_MAX) this.#begun.clear();
    this.#texts.clear();
  }

  /** How many lives were asked for since the last call of age(). */
  get size(): number {
    return this.#lives.size;
  }

  #known(key: number): Life | undefined {
    let life = this.#lives.get(key);
    if (life === undefined) {
      life = this.#older.get(key);
      if (life !== undefined) this.#lives.set(key, life);
    }
    return life;
  }

  #readImage(key: number): { image: Image; uid: number | null } {
    const row = this.#getImage.get(key) as unknown as LifeRow | undefined;
    if (row === undefined) return { image: NO_IMAGE, uid: null };
    const parts: ImageParts = { ...NO_IMAGE.parts };
    IMAGE_PARTS.forEach((name, index) => {
      const text = row[index + 1];
      if (text !== null) parts[name] = this.#text(name, text!);
    });
    parts.argvMore = row[IMAGE_PARTS.length + 1] ?? 0;
    return { image: new Image(parts), uid: row[0]! };
  }

  #text(part: keyof ImageParts, key: number): Uint8Array {
    let bytes = this.#texts.get(key);
    if (bytes === undefined) {
      const row = this.#getText.get(key) as unknown as readonly [StoredText] | undefined;
      bytes = fromStored(part, row?.[0] ?? "");
      this.#texts.set(key, bytes);
    }
    return bytes;
  }
}

/** Whether a life is, or is above, `other`: only a damaged file has it so. */
function isBelow(life: Life, other: Life): boolean {
  if (other.born < life.born) return false;
  for (let at: Process | null = other; at !== null; at = at.parent) if (at === life) return true;
  return false;
}

/** A statement whose rows come as arrays. */
export function rows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql) as StatementSync & { setReturnArrays(on: boolean): void };
  statement.setReturnArrays(true);
  return statement;
}
