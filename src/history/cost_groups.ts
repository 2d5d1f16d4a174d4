/**
 * Sums over lives by what they ran, whose they were, where, and how they ended.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import type { CostKey, CostQuery, KeyTotals } from "../ask/store.ts";
import type { JobTotal } from "../jobs/kept_job.ts";
import { type Account, CostTotals, FIGURES } from "../model/account.ts";
import { decodeText } from "../model/image.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import { type ShownImage, shownImageReader } from "./candidates.ts";
import type { EndedRow } from "./ended.ts";
import type { Life, LifeStore } from "./life.ts";
import { LIFE_FLAG } from "./schema.ts";
import { fromStored, type StoredText } from "./texts.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** Images and texts whose meaning is remembered: those of a quarter of a million are too many. */
const KNOWN_MAX = 20_000;

/** What is counted of processes, and what they have cost together. */
export class PastTotals extends CostTotals {
  /** Processes that have ended. */
  processes = 0;
  /** Those with a status not 0, or ended by a signal. */
  failed = 0;
  /** Those that ended while nobody recorded. */
  unseen = 0;
  /** Those of which it is known how long they lived, and these times together. */
  timed = 0;
  elapsedUs = 0;
  /** Those whose account is known. */
  accounted = 0;

  /** Those that go on, and how much of the CPU time is reckoned. */
  living = 0;
  reckonedUs = 0;

  /** Adds a process. */
  addLife(row: EndedRow): void {
    const [, flags, span, status] = row;
    this.processes++;
    if (status !== null && status !== 0) this.failed++;
    if ((flags & LIFE_FLAG.endUnknown) !== 0) this.unseen++;
    if ((flags & (LIFE_FLAG.endUnknown | LIFE_FLAG.startUnknown)) === 0) {
      this.timed++;
      this.elapsedUs += Math.round(span / 1000);
    }
    if (row[4] == null) return;
    this.accounted++;
    this.addColumns(row, 4);
  }

  /** Adds one that has ended, and what it has cost where that is known. */
  addProcess({ status, durationNs, seenFor, endUnknown }: Life, account: Account | null): void {
    this.processes++;
    if (status !== null && status !== 0) this.failed++;
    if (endUnknown) this.unseen++;
    if (durationNs !== null) {
      this.timed++;
      this.elapsedUs += Math.round(seenFor / 1000);
    }
    if (account === null) return;
    this.accounted++;
    this.addAccount(account);
  }

  /** Adds sums over hours: values of SUM_COLUMNS. */
  addSums(columns: readonly number[]): void {
    for (const [index, name] of COUNTS.entries()) this[name] += columns[index]!;
    this.addColumns(columns, COUNTS.length);
  }

  /** Values of SUM_COLUMNS. */
  get sums(): number[] {
    const costs = FIGURES.map(({ total, columnUnit }) => Math.round(this[total] / columnUnit));
    return [...COUNTS.map((name) => this[name]), ...costs];
  }

  /** Adds CPU time of a part of a life, of which some is reckoned. */
  addUse(userUs: number, systemUs: number, reckonedUs: number): void {
    this.userUs += userUs;
    this.systemUs += systemUs;
    this.reckonedUs += reckonedUs;
  }

  /** Adds members of a job. */
  addMembers({ processes, failed, elapsedNs, accounted, account }: JobTotal): void {
    this.processes += processes;
    this.failed += failed;
    this.timed += processes;
    this.elapsedUs += Math.round(elapsedNs / 1000);
    this.accounted += accounted;
    this.addAccount(account);
  }
}

/** What is counted, in the order in which sums over hours have it. */
const COUNTS = ["processes", "failed", "unseen", "timed", "elapsedUs", "accounted"] as const;

type ImageRow = readonly [comm: number | null, uid: number | null, cgroup: number | null];
type TextRow = readonly [value: StoredText];

/** Finds the sums that an image belongs to; images and texts that come often are read once. */
export class CostGroups {
  readonly #by: CostKey;
  readonly #ofImage: CostQuery["ofImage"];
  readonly #shown: (key: number) => ShownImage | null;
  readonly #image: TypedRows<ImageRow>;
  readonly #text: TypedRows<TextRow>;
  readonly #ofImages = new Map<number, PastTotals | null>();
  /** Whether an image is counted, and the names of parents by theirs. */
  readonly #passed = new Map<number, boolean>();
  readonly #parents = new Map<number, string | null>();
  readonly #comms = new Map<number, string | null>();
  readonly #places = new Map<number, string | null>();
  readonly #groups = new Map<string | number | null, PastTotals>();

  constructor(db: DatabaseSync, { by, ofImage }: Pick<CostQuery, "by" | "ofImage">) {
    this.#by = by;
    this.#ofImage = ofImage;
    this.#shown = shownImageReader(db);
    this.#image = new TypedRows(
      db,
      [
        nullable("image.comm", "key"),
        nullable("image.uid", "uid"),
        nullable("image.cgroup", "key"),
      ],
      "FROM image WHERE id = ?",
    );
    this.#text = new TypedRows(db, [column("text.value", "stored")], "FROM text WHERE id = ?");
  }

  /** The sums that a life belongs to; null when it is not counted. */
  ofLife(life: Life, lives: LifeStore): PastTotals | null {
    const parent = this.#by === "parent" ? lives.parentOf(life) : null;
    return this.of(life.imageKey, this.#by === "parent" ? parent?.imageKey ?? null : life.status);
  }

  /**
   * The sums for an image; null when it is not counted. `other` is the image of the parent or the
   * wait status, where the sums are by these.
   */
  of(image: number, other: number | null): PastTotals | null {
    if (this.#by === "exit" || this.#by === "parent") return this.#ofOther(image, other);
    let totals = this.#ofImages.get(image);
    if (totals === undefined) {
      totals = this.#find(image);
      put(this.#ofImages, image, totals);
    }
    return totals;
  }

  /** All of them, the empty ones, too. */
  get groups(): ReadonlyMap<string | number | null, PastTotals> {
    return this.#groups;
  }

  all(): KeyTotals[] {
    return [...this.#groups].filter(([, { processes, living }]) => processes > 0 || living > 0)
      .map(([key, totals]) => ({ key, totals }));
  }

  #ofOther(image: number, other: number | null): PastTotals | null {
    let passes = this.#passed.get(image);
    if (passes === undefined) put(this.#passed, image, passes = this.#passes(image));
    if (!passes) return null;
    if (this.#by === "exit" || other === null) return this.group(other);
    let name = this.#parents.get(other);
    if (name === undefined) {
      name = this.#comm(this.#image.get(other)?.[0] ?? null);
      put(this.#parents, other, name);
    }
    return this.group(name);
  }

  #find(image: number): PastTotals | null {
    if (!this.#passes(image)) return null;
    const [comm, uid, cgroup] = this.#image.get(image) ?? [null, null, null];
    const by = this.#by;
    return this.group(
      by === "user" ? uid : by === "command" ? this.#comm(comm) : this.#place(cgroup),
    );
  }

  #passes(image: number): boolean {
    const test = this.#ofImage;
    if (test === null) return true;
    const shown = this.#shown(image);
    return shown !== null && test(shown);
  }

  /** The sums of a key. */
  group(key: string | number | null): PastTotals {
    let totals = this.#groups.get(key);
    if (totals === undefined) this.#groups.set(key, totals = new PastTotals());
    return totals;
  }

  #comm(text: number | null): string | null {
    return remember(
      this.#comms,
      text,
      (value) => decodeText(fromStored("comm", value)),
      this.#text,
    );
  }

  #place(text: number | null): string | null {
    const placeOf = (value: StoredText) => {
      const { unit, container } = parseCgroup(decodeText(fromStored("cgroup", value)));
      return this.#by === "unit" ? unit : container;
    };
    return remember(this.#places, text, placeOf, this.#text);
  }
}

/** What a text of the file means, from a map where it is known already. */
function remember(
  known: Map<number, string | null>,
  id: number | null,
  meaning: (value: StoredText) => string | null,
  text: TypedRows<TextRow>,
): string | null {
  if (id === null) return null;
  let found = known.get(id);
  if (found === undefined) {
    const row = text.get(id);
    found = row === undefined ? null : meaning(row[0]);
    put(known, id, found);
  }
  return found;
}

/** Remembers, and forgets all of it where it becomes too much. */
function put<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): void {
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, value);
}
