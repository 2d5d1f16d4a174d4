/**
 * The few lives that can match a filter, found by an index instead of by going through all.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { Sought } from "../ask/store.ts";
import { Image, NO_IMAGE } from "../model/image.ts";
import { type Process, TICK_NS } from "../model/process.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import type { History } from "./history.ts";
import type { Life } from "./life.ts";
import { SHORT_NS } from "./schema.ts";
import { fromStored, type StoredText } from "./texts.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** When there are more, going through the timeline finds the newest of them sooner. */
const CANDIDATES_MAX = 20_000;
/** When there are more images, asking of each whether it matches takes longer than it saves. */
const IMAGES_MAX = 300_000;
const GROUPS_MAX = 1000;
/** Texts that are looked through between two pauses. */
const TEXTS_AT_ONCE = 20_000;

/** What is asked of a life; what is not given is not asked. */
export interface SoughtLives {
  /** Asked of an image and the user it ran as. */
  readonly ofImage: ((shown: Pick<Process, "image" | "uid">) => boolean) | null;
  /** What every image has that is sought; null: that is not known. */
  readonly sought: Sought | null;
  /** pids: of the life itself or of one it descends from. */
  readonly pids: readonly number[] | null;
  /** Nanoseconds. */
  readonly minDuration: number | null;
}

/** All lives that can match; null when there are too many, or no index helps. */
export function findCandidates(history: History, sought: SoughtLives): Life[] | null {
  return finish(seekCandidates(history, sought));
}

/** {@linkcode findCandidates} with pauses. */
export function* seekCandidates(history: History, sought: SoughtLives): Steps<Life[] | null> {
  if (sought.ofImage !== null) {
    const found = yield* byImage(history, sought.ofImage, sought.sought);
    if (found !== null) return found;
  }
  if (sought.pids !== null) {
    const roots = sought.pids.flatMap((pid) => history.byPid(pid, CANDIDATES_MAX));
    const found = yield* withDescendants(history, roots);
    if (found !== null) return found;
  }
  const { minDuration } = sought;
  return minDuration === null || minDuration <= SHORT_NS ? null : byDuration(history, minDuration);
}

/** What a filter may ask of an image, all of them in one go. */
const SHOWN = [
  column("image.id", "key"),
  nullable("image.uid", "uid"),
  nullable("image.latest", "key"),
  nullable("comm.value", "stored"),
  nullable("exe.value", "stored"),
  nullable("argv.value", "stored"),
  nullable("cgroup.value", "stored"),
];
const SHOWN_TABLES = `FROM image LEFT JOIN text comm ON comm.id = image.comm
  LEFT JOIN text exe ON exe.id = image.exe LEFT JOIN text argv ON argv.id = image.argv
  LEFT JOIN text cgroup ON cgroup.id = image.cgroup`;

type ShownRow = readonly [
  id: number,
  uid: number | null,
  latest: number | null,
  comm: StoredText | null,
  exe: StoredText | null,
  argv: StoredText | null,
  cgroup: StoredText | null,
];

/** An image of a history. */
export interface ShownImage {
  readonly key: number;
  /** Row of the latest life that ran it, by an exec or from the start; null: not known. */
  readonly latest: number | null;
  readonly uid: number | null;
  /** Its names, command line and control group. */
  readonly image: Image;
}

/** All images, null where work may pause; false comes back where there are too many to ask. */
export function* shownImages(history: History): Generator<ShownImage | null, boolean> {
  const images = new TypedRows<readonly [number]>(
    history.db,
    [column("count(*)", "count")],
    // Not more than it takes to know.
    `FROM (SELECT 1 FROM image LIMIT ${IMAGES_MAX + 1})`,
  );
  if (images.get()![0] > IMAGES_MAX) return false;
  /** Control groups repeat from image to image. */
  const groups = new Groups();
  let seen = 0;
  for (const row of new TypedRows<ShownRow>(history.db, SHOWN, SHOWN_TABLES).iterate()) {
    if (++seen % STEP_ROWS === 0) yield null;
    yield shownOf(row, groups);
  }
  return true;
}

/**
 * Images that have what is sought. SQLite looks through texts many times as fast as they can be
 * taken out of it.
 */
function* imagesWith(history: History, sought: Sought): Generator<ShownImage | null, boolean> {
  let found: readonly number[] = [];
  if (sought.in === "user") found = sought.uids;
  else {
    const texts: number[] = [];
    for (const text of textsWith(history, sought.literals)) {
      if (text === null) yield null;
      else texts.push(text);
    }
    found = texts;
  }
  const keys: number[] = [];
  for (const [key] of imagesOf(history, WITH[sought.in], found)) {
    if (keys.push(key) % STEP_ROWS === 0) yield null;
    // So many are read faster all together.
    if (keys.length > CANDIDATES_MAX) return yield* shownImages(history);
  }
  const read = shownImageReader(history.db);
  let seen = 0;
  for (const key of keys) {
    if (++seen % STEP_ROWS === 0) yield null;
    const image = read(key);
    if (image !== null) yield image;
  }
  return true;
}

const AMONG = "IN (SELECT value FROM json_each(?1))";
/** Images that have one of some texts or users, by where it is looked. */
const WITH: Readonly<Record<Sought["in"], string>> = {
  // Who has no words is known by the name.
  "command line": `argv ${AMONG} OR argv IS NULL
    OR argv IN (SELECT id FROM text WHERE value = '[]')`,
  "name": `argv ${AMONG} OR exe ${AMONG} OR comm ${AMONG}`,
  "user": `uid ${AMONG}`,
};

/** Numbers of the texts that have one of some in them; null where work may pause. */
function* textsWith({ db }: History, literals: readonly string[]): Generator<number | null> {
  const has = literals.map(() => "instr(CAST(value AS BLOB), CAST(? AS BLOB)) > 0").join(" OR ");
  const key = [column("text.id", "key")];
  const found = new TypedRows<readonly [number]>(
    db,
    key,
    `FROM text WHERE id > ? AND id <= ? AND (${has})`,
  );
  const [last] = new TypedRows<readonly [number | null]>(
    db,
    [nullable("max(text.id)", "key")],
    "FROM text",
  ).get()!;
  for (let from = 0; from < (last ?? 0); from += TEXTS_AT_ONCE) {
    for (const [text] of found.all(from, from + TEXTS_AT_ONCE, ...literals)) yield text;
    yield null;
  }
}

/** Numbers of the images for which a condition holds. */
function imagesOf(
  { db }: History,
  where: string,
  numbers: readonly number[],
): Iterable<readonly [number]> {
  const images = new TypedRows<readonly [number]>(
    db,
    [column("image.id", "key")],
    `FROM image WHERE ${where}`,
  );
  return images.iterate(JSON.stringify(numbers));
}

/** Reads images one by one, by their numbers; null where there is none. */
export function shownImageReader(db: DatabaseSync): (key: number) => ShownImage | null {
  const rows = new TypedRows<ShownRow>(db, SHOWN, `${SHOWN_TABLES} WHERE image.id = ?`);
  const groups = new Groups();
  return (key) => {
    const row = rows.get(key);
    return row === undefined ? null : shownOf(row, groups);
  };
}

function shownOf(row: ShownRow, groups: Groups): ShownImage {
  const [key, uid, latest, comm, exe, argv, cgroup] = row;
  const parts = { ...NO_IMAGE.parts };
  if (comm !== null) parts.comm = fromStored("comm", comm);
  if (exe !== null) parts.exe = fromStored("exe", exe);
  if (argv !== null) parts.argv = fromStored("argv", argv);
  if (cgroup !== null) parts.cgroup = groups.of(cgroup);
  return { key, latest, uid, image: new Image(parts) };
}

/** The bytes of control groups, the last few remembered. */
class Groups {
  readonly #known = new Map<StoredText, Uint8Array>();

  of(stored: StoredText): Uint8Array {
    let bytes = this.#known.get(stored);
    if (bytes === undefined) {
      bytes = fromStored("cgroup", stored);
      if (this.#known.size >= GROUPS_MAX) this.#known.clear();
      this.#known.set(stored, bytes);
    }
    return bytes;
  }
}

function* byImage(
  history: History,
  test: NonNullable<SoughtLives["ofImage"]>,
  sought: Sought | null,
): Steps<Life[] | null> {
  const { db, lives } = history;
  const matching = new Set<number>();
  const images = sought === null ? shownImages(history) : imagesWith(history, sought);
  let image = images.next();
  for (; !image.done; image = images.next()) {
    if (image.value === null) yield;
    else if (test(image.value)) matching.add(image.value.key);
  }
  if (!image.value) return null;
  let seen = 0;
  const own = new TypedRows<readonly [number]>(
    db,
    [column("life.id", "key")],
    "FROM life WHERE image = ? AND exec IS NOT NULL LIMIT ?",
  );
  const former = new TypedRows<readonly [number]>(
    db,
    [column("former.life", "key")],
    "FROM former WHERE image = ? LIMIT ?",
  );
  const keys = new Set<number>();
  for (const image of matching) {
    if (++seen % STEP_ROWS === 0) yield;
    for (const statement of [own, former]) {
      for (const [key] of statement.all(image, CANDIDATES_MAX + 1)) keys.add(key);
      if (keys.size > CANDIDATES_MAX) return null;
    }
  }
  const roots = [...keys].flatMap((key) => lives.get(key) ?? []);
  // Who forks has the image of its parent, until an exec or for good.
  return yield* withInheritors(history, roots, matching);
}

/**
 * Those that match, and below them whoever was forked while who forked it may have had such an
 * image: it began with that, whatever it runs now.
 */
function* withInheritors(
  history: History,
  roots: readonly Life[],
  matching: ReadonlySet<number>,
): Steps<Life[] | null> {
  const found = new Set(roots);
  let seen = 0;
  for (const life of found) {
    if (++seen % STEP_ROWS === 0) yield;
    const until = hadUntil(life, matching);
    for (const child of history.children(life, CANDIDATES_MAX + 1)) {
      if (child.born > until) continue;
      found.add(child);
      if (found.size > CANDIDATES_MAX) return null;
    }
  }
  return [...found];
}

/** Up to when one of those may have had such an image, nanoseconds since boot. */
function hadUntil({ imageKey, born, exec }: Life, matching: ReadonlySet<number>): number {
  if (matching.has(imageKey)) return Infinity;
  return exec === null ? -Infinity : born + exec + TICK_NS;
}

function byDuration({ db, lives }: History, minDuration: number): Life[] | null {
  const found = new TypedRows<readonly [number]>(
    db,
    [column("life.id", "key")],
    `FROM life WHERE (span IS NULL OR span > ${SHORT_NS}) AND span >= ? LIMIT ?`,
  ).all(minDuration, CANDIDATES_MAX + 1);
  if (found.length > CANDIDATES_MAX) return null;
  return found.flatMap(([key]) => lives.get(key) ?? []);
}

function* withDescendants(history: History, roots: readonly Life[]): Steps<Life[] | null> {
  const found = new Set(roots);
  let seen = 0;
  for (const life of found) {
    if (++seen % STEP_ROWS === 0) yield;
    for (const child of history.children(life, CANDIDATES_MAX + 1)) {
      found.add(child);
      if (found.size > CANDIDATES_MAX) return null;
    }
  }
  return [...found];
}
