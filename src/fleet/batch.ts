/**
 * Lives of a host's history, with all that belongs to them, as what a fleet is handed at once:
 * for each table an array of each column, in PostgreSQL's own notation.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { OutgoingImage } from "../history/outgoing.ts";
import { encodeImage, IMAGE_PARTS } from "../model/image.ts";
import type { Parcel } from "../ship/sink.ts";
import { FORMER_ARRAYS, IMAGE_ARRAYS, LIFE_ARRAYS } from "./merge.ts";

/** Bytes of an id of an image: those of a uuid. */
const ID_BYTES = 16;

/** Arrays of columns, in the order of LIFE_ARRAYS, IMAGE_ARRAYS and FORMER_ARRAYS. */
export interface Batch {
  readonly lives: readonly string[];
  readonly images: readonly string[];
  readonly formers: readonly string[];
}

/** What is handed over of some lives, what they ran before, and the images of both by number. */
export function batchOf(
  { lives, formers, images }: Pick<Parcel, "lives" | "formers" | "images">,
): Batch {
  const ids = new Map<number, string>();
  const image = new Columns(IMAGE_ARRAYS.length);
  for (const [key, one] of images) {
    const id = idOf(one);
    ids.set(key, id);
    const { parts, uid } = one;
    image.add(id, ...IMAGE_PARTS.map((name) => hexOf(parts[name])), uid, parts.argvMore ?? 0);
  }
  const whose = new Map<number, readonly (string | number)[]>();
  const life = new Columns(LIFE_ARRAYS.length);
  for (const one of lives) {
    const { bootId, pid, born, nth, span, parent, ppid, reaper, status, exec, flags } = one;
    const who = [bootId, pid, born, nth];
    whose.set(one.key, who);
    life.add(
      ...[...who, span, parent?.pid ?? null, parent?.born ?? null, parent?.nth ?? null],
      ...[ppid, reaper, status, ids.get(one.image)!, exec, flags],
      ...one.costs,
    );
  }
  const former = new Columns(FORMER_ARRAYS.length);
  for (const { life, until, since, image } of formers) {
    former.add(...whose.get(life)!, until, since, ids.get(image) ?? null);
  }
  return { lives: life.arrays(), images: image.arrays(), formers: former.arrays() };
}

/** Values by columns; none has a character that the notation of an array gives a meaning. */
class Columns {
  readonly #values: (string | number)[][];

  constructor(count: number) {
    this.#values = Array.from({ length: count }, () => []);
  }

  add(...row: readonly (string | number | null)[]): void {
    this.#values.forEach((column, at) => column.push(row[at] ?? "NULL"));
  }

  arrays(): string[] {
    return this.#values.map((column) => `{${column.join(",")}}`);
  }
}

/** An empty text is none that a bare word could stand for. */
function hexOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  if (bytes.length === 0) return '""';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** The id of an image is that of what is in it: the same is stored once, whoever sends it. */
function idOf({ parts, uid }: OutgoingImage): string {
  const hash = createHash("sha256").update(encodeImage(parts)).update(`\0${uid}`).digest("hex");
  return hash.slice(0, 2 * ID_BYTES);
}
