/**
 * Columns of whole numbers as bytes that a compressor likes: all low bytes, then all next ones.
 *
 * @module
 */
import type { Columns, Head, PageData } from "./columns.ts";

/** Name, how many numbers, and bytes of each. */
type Layout = readonly (readonly [name: string, length: number, width: number])[];

interface PackedHead {
  readonly head: Head;
  readonly layout: Layout;
}

/** Bytes of the length of what stands in front. */
const LENGTH = 4;

/** The length of the head as JSON in UTF-8, the head, the columns. Numbers are below 2^52. */
export function pack({ head, columns }: PageData): Uint8Array {
  const layout = Object.entries(columns)
    .map(([name, numbers]) => [name, numbers.length, widthOf(numbers)] as const);
  const first = new TextEncoder().encode(JSON.stringify({ head, layout } satisfies PackedHead));
  const size = layout.reduce((sum, [, length, width]) => sum + length * width, 0);
  const bytes = new Uint8Array(LENGTH + first.length + size);
  new DataView(bytes.buffer).setUint32(0, first.length);
  bytes.set(first, LENGTH);
  let at = LENGTH + first.length;
  for (const [name, length, width] of layout) {
    const numbers = columns[name as keyof Columns];
    const place = bytes.subarray(at, at + length * width);
    if (width <= 3) writeSmall(place, numbers, width);
    else write(place, numbers, width);
    at += length * width;
  }
  return bytes;
}

function write(bytes: Uint8Array, numbers: ArrayLike<number>, width: number): void {
  for (let row = 0; row < numbers.length; row++) {
    let rest = folded(numbers[row]!);
    for (let plane = 0; plane < width; plane++) {
      bytes[plane * numbers.length + row] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
}

/** The same where bits can be shifted, which is most of them. */
function writeSmall(bytes: Uint8Array, numbers: ArrayLike<number>, width: number): void {
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row]!;
    const rest = (number << 1) ^ (number >> 31);
    for (let plane = 0, at = row; plane < width; plane++, at += numbers.length) {
      bytes[at] = rest >> (8 * plane);
    }
  }
}

/** What {@linkcode pack} was given. */
export function unpack(bytes: Uint8Array): PageData {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  let at = LENGTH + size;
  const text = new TextDecoder().decode(bytes.subarray(LENGTH, at));
  const { head, layout } = JSON.parse(text) as PackedHead;
  const columns = {};
  for (const [name, length, width] of layout) {
    const place = bytes.subarray(at, at + length * width);
    unpackWhenAsked(columns, name, () => numbersOf(place, length, width));
    at += length * width;
  }
  return { head, columns: columns as Columns };
}

/** Most columns are of what is looked at later, if at all. */
function unpackWhenAsked(columns: object, name: string, numbersOf: () => ArrayLike<number>): void {
  const get = () => {
    const value = numbersOf();
    Object.defineProperty(columns, name, { value });
    return value;
  };
  Object.defineProperty(columns, name, { get, configurable: true, enumerable: true });
}

function numbersOf(bytes: Uint8Array, length: number, width: number): ArrayLike<number> {
  if (width <= 3) return smallNumbersOf(bytes, length, width);
  const numbers = new Float64Array(length);
  for (let plane = 0, at = 0, scale = 1; plane < width; plane++, scale *= 256) {
    for (let row = 0; row < length; row++) numbers[row]! += bytes[at++]! * scale;
  }
  return numbers.map(unfolded);
}

/** The same where bits can be shifted, which is most of them. */
function smallNumbersOf(bytes: Uint8Array, length: number, width: number): Int32Array {
  const numbers = new Int32Array(length);
  if (width === 0) return numbers;
  for (let row = 0; row < length; row++) {
    let folded = bytes[row]!;
    for (let plane = 1, at = row + length; plane < width; plane++, at += length) {
      folded |= bytes[at]! << (8 * plane);
    }
    numbers[row] = (folded >> 1) ^ -(folded & 1);
  }
  return numbers;
}

/** Numbers near 0 become small ones, whatever their sign. */
function folded(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unfolded(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

function widthOf(numbers: ArrayLike<number>): number {
  let [least, most] = [0, 0];
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row]!;
    if (number > most) most = number;
    else if (number < least) least = number;
  }
  let width = 0;
  for (let rest = Math.max(folded(least), folded(most)); rest >= 1; width++) {
    rest = Math.floor(rest / 256);
  }
  return width;
}
