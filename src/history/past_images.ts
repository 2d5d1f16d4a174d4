/**
 * What past processes ran: images of a history by their numbers, each read once.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { Image, IMAGE_PARTS, type ImageParts, NO_IMAGE } from "../model/image.ts";
import { pragma } from "./file.ts";
import { HistoryError } from "./history_error.ts";
import { fromStored, type StoredText } from "./texts.ts";
import { type Column, column, leftOut, nullable, TypedRows } from "./typed.ts";

/** Bytes of all texts that may be remembered at once; more would take a host's memory. */
const TEXTS_MAX = 512 << 20;
/** Of texts above that size only so many bytes are remembered. */
const LARGE_BYTES = 128 << 10;
const LARGE_MAX = 64 << 20;
/** So many images are read in one go where of as many numbers around them one in four is wanted. */
const AHEAD_MIN = 16;
const AHEAD_SPREAD = 4;
const encoder = new TextEncoder();

/** An image, and the real uid that it ran as. */
export interface PastImage {
  readonly image: Image;
  readonly uid: number | null;
}

type ImageRow = readonly (number | null)[];
/** The same with its number in front, and the texts behind it. */
type WholeRow = readonly (number | StoredText | null)[];

/** Reads images by their numbers. */
export class PastImages {
  readonly #images = new Map<number, PastImage>();
  /** Images that share a text share its bytes. */
  readonly #texts = new Map<number, Uint8Array>();
  readonly #getImage: TypedRows<ImageRow>;
  readonly #getText: TypedRows<readonly [StoredText]>;
  readonly #getWhole: TypedRows<WholeRow>;
  /** Columns of an image. */
  readonly #width: number;
  /** Bytes of the texts that are remembered, and of those the bytes of large ones. */
  #textBytes = 0;
  #largeBytes = 0;

  constructor(db: DatabaseSync) {
    const parts = IMAGE_PARTS.map((name) => nullable(`image.${name}`, "key"));
    const image: Column[] = [nullable("image.uid", "uid"), ...parts];
    if (pragma(db, "user_version") >= 3) image.push(nullable("image.argv_missing", "count"));
    this.#width = image.length;
    this.#getImage = new TypedRows(db, image, "FROM image WHERE id = ?");
    this.#getText = new TypedRows(db, [column("text.value", "stored")], "FROM text WHERE id = ?");
    const texts = IMAGE_PARTS.map((name) => nullable(`${name}_text.value`, "stored"));
    const tables = IMAGE_PARTS.map((name) => {
      return `LEFT JOIN text ${name}_text ON ${name}_text.id = image.${name}`;
    });
    this.#getWhole = new TypedRows(
      db,
      [column("image.id", "key"), ...image, ...texts],
      `FROM image ${tables.join(" ")} WHERE image.id BETWEEN ? AND ?`,
    );
  }

  /** An image; one that is not there is none of which anything is known. */
  get(key: number): PastImage {
    let known = this.#images.get(key);
    if (known === undefined) {
      known = this.#read(key);
      this.#images.set(key, known);
    }
    return known;
  }

  /** Reads images together that will be asked for, where they stand together. */
  readAhead(keys: readonly number[]): void {
    let [wanted, first, last] = [0, Infinity, 0];
    for (const key of keys) {
      if (this.#images.has(key)) continue;
      wanted++;
      first = Math.min(first, key);
      last = Math.max(last, key);
    }
    if (wanted < AHEAD_MIN || last - first > AHEAD_SPREAD * wanted) return;
    for (const row of this.#getWhole.iterate(first, last)) {
      const key = row[0] as number;
      if (this.#images.has(key)) continue;
      const columns = row.slice(1) as unknown as ImageRow;
      const textOf = (index: number) => row[1 + this.#width + index] as StoredText | null ?? "";
      this.#images.set(key, this.#make(columns, textOf));
    }
  }

  /** Forgets all of them; what is in use stays as it is. */
  forget(): void {
    this.#images.clear();
    this.#texts.clear();
    this.#textBytes = 0;
    this.#largeBytes = 0;
  }

  /** Bytes of the texts that are remembered. */
  get textBytes(): number {
    return this.#textBytes;
  }

  #read(key: number): PastImage {
    const row = this.#getImage.get(key);
    if (row === undefined) return { image: NO_IMAGE, uid: null };
    return this.#make(row, (_, text) => this.#getText.get(text)?.[0] ?? "");
  }

  #make(
    row: ImageRow,
    textOf: (part: number, text: number) => StoredText,
  ): PastImage {
    const parts: ImageParts = { ...NO_IMAGE.parts };
    for (let index = 0; index < IMAGE_PARTS.length; index++) {
      const text = row[index + 1];
      if (text === null) continue;
      const name = IMAGE_PARTS[index]!;
      let bytes = this.#texts.get(text!);
      if (bytes === undefined) {
        bytes = this.#count(fromStored(name, textOf(index, text!)));
        this.#texts.set(text!, bytes);
      }
      parts[name] = bytes;
    }
    parts.argvMore = row[IMAGE_PARTS.length + 1] ?? 0;
    return { image: new Image(parts), uid: row[0]! };
  }

  /** Counts a text that is to be remembered; of too many large ones only the length stays. */
  #count(read: Uint8Array): Uint8Array {
    let bytes = read;
    if (read.length > LARGE_BYTES) {
      if (this.#largeBytes + read.length > LARGE_MAX) bytes = encoder.encode(leftOut(read.length));
      else this.#largeBytes += read.length;
    }
    this.#textBytes += bytes.length;
    if (this.#textBytes <= TEXTS_MAX) return bytes;
    const message = `its texts take more than ${TEXTS_MAX >> 20} MiB`;
    throw new HistoryError("unusable", message, "ask for a shorter time");
  }
}
