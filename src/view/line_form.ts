/**
 * A line written once, and then again with other numbers in it.
 *
 * Processes that one parent starts differ in pid, start and time, and in little else: the next
 * line is the last one, copied whole, with the digits replaced.
 *
 * @module
 */
import type { BootClock } from "../model/boot.ts";
import type { Image } from "../model/image.ts";
import type { Process } from "../model/process.ts";
import { type ByteText, decimals } from "../text/byte_text.ts";

/** Digits of the fraction of a second. */
export const FRACTION_DIGITS = 9;

/** Where the numbers of a line stand, in bytes from its beginning. */
export class Holes {
  /** The fraction of the second. */
  fraction = 0;
  /** The pid within the id. */
  idPid = 0;
  /** The start in clock ticks, within the id. */
  ticks = 0;
  /** The pid. */
  pid = 0;
  /** Behind the last byte that stays the same. */
  end = 0;

  /** Takes over the places of `other`. */
  copy(other: Holes): void {
    this.fraction = other.fraction;
    this.idPid = other.idPid;
    this.ticks = other.ticks;
    this.pid = other.pid;
    this.end = other.end;
  }
}

/** The last line of one kind, and what it says beside its numbers. */
export class LineForm {
  #buffer = new Uint8Array(0);
  /** The part of the buffer that is in use; null before there was a line. */
  #line: Uint8Array | null = null;
  readonly #holes = new Holes();
  #second = 0;
  #boot: BootClock | null = null;
  #image: Image | null = null;
  #parent: Process | null = null;
  #ppid: number | null = null;
  #uid: number | null = null;
  #pidDigits = 0;
  #tickDigits = 0;

  /** Whether the line of `process` differs in its numbers alone. */
  fits(process: Process, second: number): boolean {
    return this.#line !== null && second === this.#second && process.image === this.#image &&
      process.parent === this.#parent && process.ppid === this.#ppid &&
      process.uid === this.#uid && process.boot === this.#boot &&
      decimals(process.pid) === this.#pidDigits &&
      decimals(process.startTicks) === this.#tickDigits;
  }

  /** Appends the line with the numbers of `process`. */
  write(process: Process, fraction: number, to: ByteText): void {
    const { pid, startTicks } = process;
    const holes = this.#holes;
    const from = to.length;
    to.bytes(this.#line!);
    to.putDigits(from + holes.fraction, fraction, FRACTION_DIGITS);
    to.putDigits(from + holes.idPid, pid, this.#pidDigits);
    to.putDigits(from + holes.ticks, startTicks, this.#tickDigits);
    to.putDigits(from + holes.pid, pid, this.#pidDigits);
  }

  /** Remembers the line of `process` that stands in `text` from `from` on. */
  keep(process: Process, second: number, holes: Holes, from: number, text: ByteText): void {
    if (this.#buffer.length < holes.end) this.#buffer = new Uint8Array(2 * holes.end);
    this.#line = this.#buffer.subarray(0, holes.end);
    text.copy(from, this.#line);
    this.#holes.copy(holes);
    this.#second = second;
    this.#boot = process.boot;
    this.#image = process.image;
    this.#parent = process.parent;
    this.#ppid = process.ppid;
    this.#uid = process.uid;
    this.#pidDigits = decimals(process.pid);
    this.#tickDigits = decimals(process.startTicks);
  }
}
