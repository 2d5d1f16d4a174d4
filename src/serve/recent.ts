/**
 * The events that happened last, for who comes back after a moment or wants the seam to the past.
 *
 * @module
 */
import { type Image, NO_IMAGE } from "../model/image.ts";
import { Change, CHANGE_KINDS } from "../model/machine.ts";
import type { Process } from "../model/process.ts";

const FIRST_ROOM = 1024;
/** Kinds by their number in the memory. */
const KIND_NUMBERS = new Map(CHANGE_KINDS.map((kind, number) => [kind, number]));

/** Gets a change and its number; false ends it. */
type Visit = (change: Change, seq: number) => boolean;

/** A bounded memory of changes, each with its number; the oldest is forgotten first. */
export class Recent {
  readonly #limit: number;
  #room = 0;
  #seqs = new Float64Array(0);
  #times = new Float64Array(0);
  /** Kind, inferred, tid, a, b, uid: six for each change. */
  #ints = new Int32Array(0);
  #processes: (Process | null)[] = [];
  #images: Image[] = [];
  #head = 0;
  #length = 0;
  /** Everything after this number is here. */
  #after = Infinity;
  readonly #change = new Change();

  /** `limit`, a power of two, is how many changes are remembered. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether changes are to be added. */
  get active(): boolean {
    return this.#after !== Infinity;
  }

  /** Begins to remember what comes after a number. */
  begin(after: number): void {
    if (!this.active) this.#after = after;
  }

  /** Forgets all, and remembers nothing until it begins again. */
  forget(): void {
    this.#after = Infinity;
    this.#room = this.#head = this.#length = 0;
    this.#seqs = new Float64Array(0);
    this.#times = new Float64Array(0);
    this.#ints = new Int32Array(0);
    this.#processes = [];
    this.#images = [];
  }

  /** Everything after this number is here; Infinity when nothing is. */
  get after(): number {
    return this.#after;
  }

  /** Whether every change after a number is here. */
  covers(after: number): boolean {
    return after >= this.#after;
  }

  /** Remembers a change; its image and user are those of now. */
  add(change: Change, seq: number): void {
    if (this.#length === this.#room) this.#makeRoom();
    const at = (this.#head + this.#length++) & (this.#room - 1);
    const { process } = change;
    this.#seqs[at] = seq;
    this.#times[at] = change.time;
    const base = at * 6;
    const ints = this.#ints;
    ints[base] = KIND_NUMBERS.get(change.kind)!;
    ints[base + 1] = change.inferred ? 1 : 0;
    ints[base + 2] = change.tid;
    ints[base + 3] = change.a;
    ints[base + 4] = change.b;
    // A uid has 32 bits, the highest of which means nobody.
    ints[base + 5] = process?.uid ?? -1;
    this.#processes[at] = process;
    this.#images[at] = process?.image ?? NO_IMAGE;
  }

  /**
   * Calls `visit` with every change after a number, in order, its process as it was then, until it
   * answers false; whether it never did. What `visit` gets is only valid during the call, in which
   * nothing may be added.
   */
  replay(after: number, visit: Visit): boolean {
    for (let i = this.#firstAfter(after); i < this.#length; i++) {
      const at = (this.#head + i) & (this.#room - 1);
      if (!this.#tell(at, this.#seqs[at]!, visit)) return false;
    }
    return true;
  }

  /** Numbers grow: the place of the first one beyond `after`, by halves. */
  #firstAfter(after: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#seqs[(this.#head + middle) & (this.#room - 1)]! > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #tell(at: number, seq: number, visit: Visit): boolean {
    const change = this.#change;
    const ints = this.#ints;
    const base = at * 6;
    const process = this.#processes[at]!;
    change.kind = CHANGE_KINDS[ints[base]!]!;
    change.time = this.#times[at]!;
    change.process = process;
    change.inferred = ints[base + 1] === 1;
    change.tid = ints[base + 2]!;
    change.a = ints[base + 3]!;
    change.b = ints[base + 4]!;
    if (process === null) return visit(change, seq);
    const { image, uid } = process;
    const then = ints[base + 5]!;
    process.image = this.#images[at]!;
    process.uid = then === -1 ? null : then >>> 0;
    try {
      return visit(change, seq);
    } finally {
      process.image = image;
      process.uid = uid;
    }
  }

  #makeRoom(): void {
    if (this.#room < this.#limit) {
      this.#grow();
      return;
    }
    this.#after = this.#seqs[this.#head]!;
    this.#processes[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#room - 1);
    this.#length--;
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, this.#room * 2);
    // Memory is full when it grows, and begins at 0 as long as nothing was forgotten.
    const seqs = new Float64Array(room);
    seqs.set(this.#seqs);
    const times = new Float64Array(room);
    times.set(this.#times);
    const ints = new Int32Array(room * 6);
    ints.set(this.#ints);
    [this.#seqs, this.#times, this.#ints, this.#room] = [seqs, times, ints, room];
  }
}
