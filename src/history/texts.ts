/**
 * Texts and program images, each stored once.
 *
 * @module
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ROW_BYTES } from "./ledger.ts";
import { type Image, IMAGE_PARTS, type ImageParts } from "../model/image.ts";

/** Texts and images that are remembered: what most execs have is found without asking the file. */
const REMEMBERED_MAX = 8192;
/** Longer texts are not remembered. */
const REMEMBERED_BYTES = 1024;
/**
 * The first and the latest so many texts of one hash are compared: whoever makes others with that
 * hash on purpose makes nobody wait. What is not among them is stored once more.
 */
const ALIKE_MAX = 16;
const HASHES = 2 ** 52;
const ENV_HASH = 2 ** 51;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

interface Remembered {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Bytes as a text table holds them: a string where they are one, else as they are. */
export type StoredText = string | Uint8Array;

/** argv as a JSON array, every other part as the string it is; bytes where they are no UTF-8. */
export function toStored(part: keyof ImageParts, bytes: Uint8Array): StoredText {
  try {
    const text = decoder.decode(bytes);
    if (part !== "argv" && part !== "env") return text.includes("\0") ? bytes : text;
    if (text === "") return "[]";
    // A program that gave itself a title may have left the last NUL out.
    return JSON.stringify((text.endsWith("\0") ? text.slice(0, -1) : text).split("\0"));
  } catch {
    return bytes;
  }
}

/** Undoes {@linkcode toStored}; each word ends with a NUL then. */
export function fromStored(part: keyof ImageParts, stored: StoredText): Uint8Array {
  if (typeof stored !== "string") return stored;
  if (part !== "argv" && part !== "env") return encoder.encode(stored);
  const words = parseWords(stored);
  return encoder.encode(words.length === 0 ? "" : `${words.join("\0")}\0`);
}

/** The words of a JSON array of strings; a file that others made may have anything there. */
function parseWords(stored: string): readonly string[] {
  try {
    const words: unknown = JSON.parse(stored);
    const areWords = Array.isArray(words) && words.every((word) => typeof word === "string");
    return areWords ? words : [stored];
  } catch {
    return [stored];
  }
}

/** Gives images their numbers, and stores those that are new. */
export class ImageStore {
  readonly #findOne: StatementSync;
  readonly #findAlike: StatementSync;
  readonly #addText: StatementSync;
  readonly #findImage: StatementSync;
  readonly #addImage: StatementSync;
  readonly #argv: boolean;
  /** By hash: the text that had it last. */
  readonly #texts = new Map<number, Remembered>();
  readonly #images = new Map<string, number>();
  /** Bytes that all that was stored takes, about. */
  bytes = 0;
  /** By image object, for the user it was stored for last: siblings share theirs. */
  #known = new WeakMap<Image, { readonly uid: number | null; readonly id: number }>();

  /** `argv` tells whether command lines are stored at all. */
  constructor(db: DatabaseSync, argv: boolean) {
    this.#argv = argv;
    this.#findOne = db.prepare("SELECT id, value FROM text WHERE hash = ? LIMIT 1");
    this.#findAlike = db.prepare(
      `SELECT id FROM
          (SELECT id, value FROM text WHERE hash = ? ORDER BY id DESC LIMIT ${ALIKE_MAX})
        WHERE value IS ? LIMIT 1`,
    );
    this.#addText = db.prepare("INSERT INTO text (hash, value) VALUES (?, ?)");
    const columns = [...IMAGE_PARTS, "uid", "argv_missing"];
    const same = columns.map((name) => `${name} IS ?`).join(" AND ");
    this.#findImage = db.prepare(`SELECT id FROM image WHERE ${same} LIMIT 1`);
    const places = columns.map(() => "?").join(", ");
    this.#addImage = db.prepare(`INSERT INTO image (${columns.join(", ")}) VALUES (${places})`);
  }

  /** Number of an image that runs as `uid`; to be called within a transaction. */
  id(image: Image, uid: number | null): number {
    const known = this.#known.get(image);
    if (known !== undefined && known.uid === uid) return known.id;
    const id = this.#store(image, uid);
    this.#known.set(image, { uid, id });
    return id;
  }

  /** What was stored may be gone: a transaction failed, or old rows were deleted. */
  forget(): void {
    this.#texts.clear();
    this.#images.clear();
    this.#known = new WeakMap();
  }

  #store(image: Image, uid: number | null): number {
    const parts = IMAGE_PARTS.map((name) => {
      const bytes = image.parts[name];
      return bytes === null || (name === "argv" && !this.#argv) ? null : this.#text(name, bytes);
    });
    const missing = parts[0] === null ? null : image.argvMore || null;
    const key = `${parts.join()},${uid},${missing}`;
    let id = this.#images.get(key);
    if (id === undefined) {
      const row = this.#findImage.get(...parts, uid, missing);
      id = Number(row?.["id"] ?? this.#addImage.run(...parts, uid, missing).lastInsertRowid);
      if (row === undefined) this.bytes += ROW_BYTES.image;
      if (this.#images.size >= REMEMBERED_MAX) this.#images.clear();
      this.#images.set(key, id);
    }
    return id;
  }

  #text(part: keyof ImageParts, bytes: Uint8Array): number {
    const hash = hashOf(part, bytes);
    const known = this.#texts.get(hash);
    if (known !== undefined && sameBytes(known.bytes, bytes)) return known.id;
    const stored = toStored(part, bytes);
    let id = this.#find(hash, stored);
    if (id === null) {
      id = Number(this.#addText.run(hash, stored).lastInsertRowid);
      this.bytes += ROW_BYTES.text + bytes.length;
    }
    if (bytes.length <= REMEMBERED_BYTES) {
      if (this.#texts.size >= REMEMBERED_MAX) this.#texts.clear();
      this.#texts.set(hash, { id, bytes: bytes.slice() });
    }
    return id;
  }

  #find(hash: number, stored: StoredText): number | null {
    // Most often there is none or this one, and to sort them takes ten times as long.
    const one = this.#findOne.get(hash);
    if (one === undefined) return null;
    if (isSame(one["value"], stored)) return Number(one["id"]);
    const id = this.#findAlike.get(hash, stored)?.["id"];
    return id === undefined ? null : Number(id);
  }
}

function isSame(value: unknown, stored: StoredText): boolean {
  if (typeof stored === "string") return value === stored;
  return value instanceof Uint8Array && sameBytes(value, stored);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Number by which a text is found. What is stored as a JSON array has other numbers than the rest,
 * and a command line never shares a text with an environment: its last user is found by an index.
 */
function hashOf(part: keyof ImageParts, bytes: Uint8Array): number {
  const hash = hashBytes(bytes);
  if (part === "env") return ((hash + ENV_HASH) % HASHES) * 2 + 1;
  return hash * 2 + Number(part === "argv");
}

/** 52 bits, FNV-1a twice: texts with the same hash are compared, so it need not be strong. */
function hashBytes(bytes: Uint8Array): number {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return (a >>> 0) * 0x100000 + (b >>> 12);
}
