/**
 * Text as UTF-8 bytes, for lines that are written by the hundred thousand: no string is made.
 *
 * @module
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Numbers below are written with 32-bit arithmetic. */
const SMALL = 0x7fffffff;
/** Bytes that a number or a byte may need without another look at the room. */
const SPARE = 32;
const SPACE = 0x20;

/** A growing piece of text. */
export class ByteText {
  #bytes: Uint8Array;
  #length = 0;

  /** `room` is the bytes it holds before it grows. */
  constructor(room: number) {
    this.#bytes = new Uint8Array(room + SPARE);
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  /** Appends bytes that are UTF-8 already. */
  bytes(bytes: Uint8Array): void {
    this.#ensure(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends a string. */
  text(text: string): void {
    this.#ensure(text.length * 3);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Appends a short string of ASCII characters alone. */
  ascii(text: string): void {
    this.#ensure(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** Appends so many spaces; none where `count` is below 1. */
  spaces(count: number): void {
    if (count < 1) return;
    this.#ensure(count);
    this.#bytes.fill(SPACE, this.#length, this.#length + count);
    this.#length += count;
  }

  /** Appends one ASCII character. */
  byte(code: number): void {
    this.#ensure(1);
    this.#bytes[this.#length++] = code;
  }

  /** Appends an integer. */
  integer(value: number): void {
    if (value < 0 || value > SMALL) return this.text(String(value));
    this.digits(value, decimals(value));
  }

  /** Appends an integer that is not negative, spaces in front up to `width` characters. */
  integerRight(value: number, width: number): void {
    this.spaces(width - (value > SMALL ? String(value).length : decimals(value)));
    this.integer(value);
  }

  /** Appends `value`, 0 to 2^31 - 1, with `width` digits, zeros in front. */
  digits(value: number, width: number): void {
    this.#ensure(width);
    this.putDigits(this.#length, value, width);
    this.#length += width;
  }

  /** Writes `value`, as digits() does, over what stands from `from` on. */
  putDigits(from: number, value: number, width: number): void {
    const bytes = this.#bytes;
    let rest = value;
    for (let at = from + width - 1; at >= from; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = 48 + rest - next * 10;
      rest = next;
    }
  }

  /** Copies what stands from `from` on into `into`, as much as fits. */
  copy(from: number, into: Uint8Array): void {
    into.set(this.#bytes.subarray(from, from + into.length));
  }

  /** Takes the bytes out; they are valid until something is appended again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** The text as a string; it stays. */
  toString(): string {
    return decoder.decode(this.#bytes.subarray(0, this.#length));
  }

  #ensure(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length + SPARE));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** How many decimal digits `value` has, 0 to 2^31 - 1. */
export function decimals(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** UTF-8 bytes of `text`, for {@linkcode ByteText.bytes}. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}
