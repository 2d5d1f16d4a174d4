/**
 * The events that happened last, for who comes back after a moment or wants the seam to the past.
 *
 * @module
 */
import { type Image, IMAGE_PARTS, NO_IMAGE } from "../model/image.ts";
import { Change, CHANGE_KINDS } from "../model/machine.ts";
import type { Process } from "../model/process.ts";

const FIRST_ROOM = 1024;
/** What an image takes beside its bytes. */
const IMAGE_BYTES = 256;
/** Kinds by their number in the memory. */
const KIND_NUMBERS = new Map(CHANGE_KINDS.map((kind, number) => [kind, number]));

/** Gets a change and its number; false ends it. */
type Visit = (change: Change, seq: number) => boolean;

/** A bounded memory of changes, each with its number; the oldest is forgotten first. */
export class Recent {
  readonly #limit: number;
  readonly #imageBytes: number;
  /** How many changes have an image. */
  readonly #holders = new Map<Image, number>();
  #heldBytes = 0;
  #room = 0;
  #seqs = new Float64Array(0);
  #times = new Float64Array(0);
  /** Kind, inferred, tid, a, b, uid: six for each change. */
  #ints = new Int32Array(0);
  /** When gaps began, by their numbers; there are few of them. */
  readonly #gapsSince = new Map<number, number>();
  #processes: (Process | null)[] = [];
  #images: Image[] = [];
  #head = 0;
  #length = 0;
  /** Everything after this number is here. */
  #after = Infinity;
  readonly #change = new Change();

  /**
   * `limit`, a power of two, is how many changes are remembered; `imageBytes` how many bytes of
   * images, which would be forgotten otherwise.
   */
  constructor(limit: number, imageBytes: number) {
    this.#limit = limit;
    this.#imageBytes = imageBytes;
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
    this.#holders.clear();
    this.#gapsSince.clear();
    this.#heldBytes = 0;
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
    if (process === null) this.#gapsSince.set(seq, change.since);
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
    this.#hold(this.#images[at]!);
    while (this.#heldBytes > this.#imageBytes && this.#length > 1) this.#forgetFirst();
  }

  #hold(image: Image): void {
    const holders = this.#holders.get(image) ?? 0;
    this.#holders.set(image, holders + 1);
    if (holders === 0) this.#heldBytes += bytesOf(image);
  }

  #release(image: Image): void {
    const holders = this.#holders.get(image)! - 1;
    if (holders > 0) {
      this.#holders.set(image, holders);
    } else {
      this.#holders.delete(image);
      this.#heldBytes -= bytesOf(image);
    }
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
    if (process === null) {
      change.since = this.#gapsSince.get(seq) ?? change.time;
      return visit(change, seq);
    }
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
    this.#forgetFirst();
  }

  #forgetFirst(): void {
    this.#after = this.#seqs[this.#head]!;
    this.#gapsSince.delete(this.#after);
    this.#release(this.#images[this.#head]!);
    this.#processes[this.#head] = null;
    this.#images[this.#head] = NO_IMAGE;
    this.#head = (this.#head + 1) & (this.#room - 1);
    this.#length--;
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, this.#room * 2);
    const head = this.#head;
    // What is in front of the head comes last: memory is full when it grows.
    const turned = <T extends Float64Array | Int32Array>(into: T, from: T, each: number): T => {
      into.set(from.subarray(head * each) as typeof into);
      into.set(from.subarray(0, head * each) as typeof into, from.length - head * each);
      return into;
    };
    this.#seqs = turned(new Float64Array(room), this.#seqs, 1);
    this.#times = turned(new Float64Array(room), this.#times, 1);
    this.#ints = turned(new Int32Array(room * 6), this.#ints, 6);
    this.#processes = [...this.#processes.slice(head), ...this.#processes.slice(0, head)];
    this.#images = [...this.#images.slice(head), ...this.#images.slice(0, head)];
    [this.#head, this.#room] = [0, room];
  }
}

/** What an image keeps in memory, about. */
function bytesOf(image: Image): number {
  let bytes = IMAGE_BYTES;
  for (const name of IMAGE_PARTS) bytes += image.parts[name]?.length ?? 0;
  return bytes;
}
