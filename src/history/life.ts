/**
 * Past processes: rows of a history as processes of the model.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { type Image, NO_IMAGE } from "../model/image.ts";
import type { PastLineage } from "../model/lineage.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import { Process } from "../model/process.ts";
import { RecentAnswers } from "../model/recent_answers.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import { type Climb, linkUp } from "./ancestors.ts";
import type { Boot } from "./boots.ts";
import { brokenValue } from "./history_error.ts";
import { type PastImage, PastImages } from "./past_images.ts";
import { LIFE_FLAG, NTH_SHIFT } from "./schema.ts";
import { type Column, column, nullable, TypedRows } from "./typed.ts";

/** Columns of `life` in the order in which rows are read. */
export const LIFE_COLUMNS: readonly Column[] = [
  column("life.id", "key"),
  column("life.boot", "key"),
  column("life.pid", "pid"),
  column("life.born", "time"),
  nullable("life.span", "time"),
  nullable("life.parent", "key"),
  nullable("life.ppid", "pid"),
  nullable("life.reaper", "pid"),
  nullable("life.status", "bits"),
  column("life.image", "key"),
  nullable("life.exec", "time"),
  column("life.flags", "bits"),
];

/** A row of {@linkcode LIFE_COLUMNS}. */
export type LifeRow = readonly (number | null)[];

/** So many steps are taken upwards through lives that began in the same clock tick. */
const SAME_TICK_MAX = 256;

/** A process out of a history. Its `key` is the number of its row. */
export class Life extends Process {
  declare readonly boot: Boot;
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
    super(pid!, born!, flags! >> NTH_SHIFT, boot);
    this.key = key!;
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

/** A process as one out of a history; null where it is none. */
export function asLife(process: Process | null): Life | null {
  return process instanceof Life ? process : null;
}

/** What a thread of the kernel runs, which no file is. */
function hasNoProgram({ parts }: Image): boolean {
  return parts.argv === null && parts.exe === null;
}

/** Beginnings that are remembered, twice: to find one again can take as long as its chain is. */
const BEGUN_MAX = 100_000;

/** Lives of which it is remembered what they ran before. */
const FORMERS_MAX = 100_000;

/** Lives of which that is read at once. */
const NEIGHBOURS = 256;
const NONE: readonly LifeRow[] = [];

/** Reads images and lives by their numbers, each once. */
export class LifeStore {
  readonly #boots: ReadonlyMap<number, Boot>;
  #lives = new Map<number, Life>();
  /** Those that were read before the last call of age(), and not again since. */
  #older = new Map<number, Life>();
  /** What they ran. */
  readonly images: PastImages;
  readonly #formers = new Map<number, readonly LifeRow[]>();
  /** Numbers of the images that lives began with, as far as it was asked; null: not known. */
  readonly #begun = RecentAnswers.ofNumbers<number | null>(BEGUN_MAX);
  readonly #getLife: TypedRows<LifeRow>;
  readonly #getFormer: TypedRows<LifeRow>;
  readonly #getFormers: TypedRows<LifeRow>;
  /** All answers are out of one state: neighbours may be read in advance. */
  #isHeld = false;
  /** How many lives were linked to their parents since the last call of forget(). */
  linked = 0;
  readonly #climb: Climb<Life> = {
    isLinked: ({ parent, parentKey }) => parent !== null || parentKey === null,
    link: (life) => this.withParent(life),
    cut: (life) => this.cut(life),
  };
  /** A life that is not remembered, nor dressed: of long lines the number alone is kept. */
  readonly #peek = (key: number): Life | null => {
    const row = this.#known(key) === undefined ? this.#getLife.get(key) : undefined;
    if (row === undefined) return this.#known(key) ?? null;
    return new Life(row, this.#bootOf(row));
  };

  constructor(db: DatabaseSync, boots: ReadonlyMap<number, Boot>) {
    this.#boots = boots;
    this.#getLife = new TypedRows(db, LIFE_COLUMNS, "FROM life WHERE id = ?");
    this.images = new PastImages(db);
    const former = [
      column("former.until", "time"),
      column("former.image", "key"),
      nullable("former.since", "time"),
    ];
    this.#getFormer = new TypedRows(db, former, "FROM former WHERE life = ? ORDER BY until");
    this.#getFormers = new TypedRows(
      db,
      [...former, column("former.life", "key")],
      "FROM former WHERE life BETWEEN ? AND ? ORDER BY life, until",
    );
  }

  /** From now on the history stays as it is, or does not any more. */
  set isHeld(is: boolean) {
    this.#isHeld = is;
    this.#formers.clear();
  }

  /** The process of a row. */
  take(row: LifeRow): Life {
    const known = this.#known(row[0]!);
    if (known !== undefined) return known;
    const life = this.pass(row);
    this.#lives.set(life.key, life);
    return life;
  }

  /** The process of a row, which is not remembered: who goes through very many keeps them. */
  pass(row: LifeRow): Life {
    const life = new Life(row, this.#bootOf(row));
    this.dress(life, life.imageKey);
    life.kernel = life.exec === null && hasNoProgram(life.image);
    return life;
  }

  /** Id of the life with that number, if it is of that boot; null when it is not there. */
  idOf(key: number, boot: Boot): string | null {
    const known = this.#known(key);
    if (known !== undefined) return known.boot === boot ? known.id : null;
    const row = this.#getLife.get(key);
    return row === undefined || row[1] !== boot.id ? null : new Life(row, boot).id;
  }

  #bootOf(row: LifeRow): Boot {
    const boot = this.#boots.get(row[1]!);
    if (boot === undefined) throw brokenValue("life.boot", "is no boot");
    return boot;
  }

  /** The life with that number; null when it is not there any more. */
  get(key: number): Life | null {
    const known = this.#known(key);
    if (known !== undefined) return known;
    const row = this.#getLife.get(key);
    return row === undefined ? null : this.take(row);
  }

  /**
   * Links lives to their ancestors, `most` of these at most, the nearest first; who is linked to
   * a parent already is not followed.
   */
  linkUp(lives: Iterable<Life>, most: number = ANCESTORS_MAX): Steps<void> {
    return linkUp(lives, this.#climb, most);
  }

  /** A line ends here, although there may be more above it. */
  cut(life: Life): void {
    const parent = this.parentOf(life, this.#peek);
    if (parent === null) return;
    life.ppid = parent.pid;
    life.moreAbove = true;
  }

  /** Links a life to its parent; null when there is none. */
  withParent(life: Life): Life | null {
    if (life.parent !== null) return life.parent as Life;
    const parent = this.parentOf(life);
    if (parent === null) return null;
    life.parent = parent;
    life.ppid = parent.pid;
    life.moreAbove = false;
    this.linked++;
    return parent;
  }

  /**
   * The life that forked another; null when that is not known. Nobody is born before the parent,
   * but for the rest of a clock tick: so this leads upwards and ends, whatever a file says.
   */
  parentOf(life: Life, get: (key: number) => Life | null = (key) => this.get(key)): Life | null {
    const { parentKey, born, startTicks } = life;
    const parent = parentKey === null ? null : get(parentKey);
    if (parent === null || parent.boot !== life.boot || parent.startTicks > startTicks) return null;
    if (parent.born < born || (parent.born === born && parent.key < life.key)) return parent;
    let at: Life | null = parent;
    for (let steps = 0; at !== null && at.startTicks === startTicks; steps++) {
      if (at === life || steps >= SAME_TICK_MAX) return null;
      at = at.parentKey === null ? null : get(at.parentKey);
    }
    return parent;
  }

  /** Notes whether a life belongs to a lineage, however long the line above it is. */
  *trace(life: Life, lineage: PastLineage): Steps<void> {
    const line: number[] = [];
    let belongs = false;
    for (let at: Life | null = life; at !== null; at = this.parentOf(at, this.#peek)) {
      const known = lineage.known(at);
      if (known !== undefined) {
        belongs = known;
        break;
      }
      if (line.push(at.key) % STEP_ROWS === 0) yield;
    }
    lineage.note(line, belongs);
  }

  /** Gives a life the image it had at a time (nanoseconds since boot). */
  dressAt(life: Life, ns: number): void {
    finish(this.dressAtSteps(life, ns));
  }

  /** {@linkcode LifeStore.dressAt} with pauses. */
  *dressAtSteps(life: Life, ns: number): Steps<void> {
    const image = this.#ownAt(life, ns) ?? (yield* this.#begunWith(life));
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
   * Null where that is not known.
   */
  *#begunWith(life: Life): Steps<number | null> {
    const line: number[] = [];
    let image: number | null = null;
    for (let at: Life | null = life; at !== null;) {
      const known = this.#begun.get(at.key);
      if (known !== undefined) {
        image = known;
        break;
      }
      if (line.push(at.key) % STEP_ROWS === 0) yield;
      const parent: Life | null = this.parentOf(at, this.#peek);
      image = parent === null ? null : this.#ownAt(parent, at.born);
      at = image === null ? parent : null;
    }
    // The nearest of a long line are asked for next.
    for (const key of line.slice(0, BEGUN_MAX)) this.#begun.set(key, image);
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
      if (this.#formers.size >= FORMERS_MAX) this.#formers.clear();
      found = this.#isHeld ? this.#readFormers(key) : this.#getFormer.all(key);
      this.#formers.set(key, found);
    }
    return found;
  }

  /** Reads those of the neighbours, too: who goes through a history asks for them next. */
  #readFormers(key: number): readonly LifeRow[] {
    const first = key - key % NEIGHBOURS;
    for (let other = first; other < first + NEIGHBOURS; other++) this.#formers.set(other, NONE);
    let life = -1;
    let rows: LifeRow[] = [];
    for (const row of this.#getFormers.all(first, first + NEIGHBOURS - 1)) {
      if (row[3] !== life) {
        life = row[3]!;
        rows = [];
        this.#formers.set(life, rows);
      }
      rows.push(row);
    }
    return this.#formers.get(key)!;
  }

  /** An image, and the real uid that it ran as. */
  image(key: number): PastImage {
    return this.images.get(key);
  }

  /**
   * Forgets what was read and not asked for since the last call; what is in use stays as it is.
   * Who goes through the generations of a chain meets the parents of the last ones again.
   */
  age(): void {
    this.#older = this.#lives;
    this.#lives = new Map();
    this.images.forget();
    this.#formers.clear();
  }

  /**
   * Forgets all lives: what is asked for from now on are other objects, and the lines of those that
   * were there are not held any more.
   */
  forget(): void {
    this.age();
    this.#older = new Map();
    this.linked = 0;
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

  /** Bytes of the texts that are remembered. */
  get textBytes(): number {
    return this.images.textBytes;
  }
}
