/**
 * What processes ran that have ended, by number: a whole image for those that lived longest, and
 * for the others, beyond a bound, their name. Pure.
 *
 * @module
 */
import { Image, IMAGE_PARTS, NO_IMAGE } from "../model/image.ts";

/** Bytes of images and names that are kept. */
export const ENDED_LIMITS = { images: 16 << 20, names: 10_000 } as const;

/** What an image takes beside its texts. */
const IMAGE_BYTES = 256;

interface Kept {
  readonly image: Image;
  /** Counted bytes; 0 for what is only a name. */
  readonly bytes: number;
  /** The longest life of those that ran it, nanoseconds. */
  longestNs: number;
}

/** Images by the number of who ran them; numbers are small and given out one after the other. */
export class EndedImages {
  /** By number of the process: a place in what is kept. */
  #places = new Int32Array(1024);
  #kept: Kept[] = [];
  readonly #placeOf = new Map<Image, number>();
  readonly #names = new Map<string, Image>();
  #bytes = 0;

  constructor() {
    this.#keep({ image: NO_IMAGE, bytes: 0, longestNs: 0 });
  }

  /** What a process ran as it ended; the image of nothing where it has not. */
  get(index: number): Image {
    return this.#kept[this.#places[index] ?? 0]!.image;
  }

  /** A process has ended. */
  set(index: number, image: Image, lifeNs: number): void {
    if (index >= this.#places.length) this.#grow(index);
    let place = this.#placeOf.get(image);
    if (place === undefined) place = this.#keep({ image, bytes: bytesOf(image), longestNs: 0 });
    const kept = this.#kept[place]!;
    kept.longestNs = Math.max(kept.longestNs, lifeNs);
    this.#places[index] = place;
    if (this.#bytes > ENDED_LIMITS.images) this.#shrink();
  }

  #keep(kept: Kept): number {
    const known = this.#placeOf.get(kept.image);
    if (known !== undefined) return known;
    const place = this.#kept.push(kept) - 1;
    this.#placeOf.set(kept.image, place);
    this.#bytes += kept.bytes;
    return place;
  }

  /** Leaves of the images those of the longest lives, in half of the room. */
  #shrink(): void {
    const before = this.#kept;
    const stay = new Set<Kept>();
    let room = ENDED_LIMITS.images / 2;
    for (const kept of [...before].sort((a, b) => b.longestNs - a.longestNs)) {
      room -= kept.bytes;
      if (room < 0) break;
      stay.add(kept);
    }
    this.#kept = [];
    this.#placeOf.clear();
    this.#bytes = 0;
    const moved = before.map((kept) => {
      const stays = kept.bytes === 0 || stay.has(kept);
      return this.#keep(stays ? kept : { ...kept, image: this.#name(kept.image), bytes: 0 });
    });
    this.#places = this.#places.map((place) => moved[place]!);
  }

  /** An image of the name alone. */
  #name(image: Image): Image {
    const { comm } = image.parts;
    const name = image.comm;
    if (comm === null || name === null) return NO_IMAGE;
    let found = this.#names.get(name);
    if (found !== undefined) return found;
    if (this.#names.size >= ENDED_LIMITS.names) return NO_IMAGE;
    // A copy: the bytes are part of those of the whole image.
    found = new Image({ ...NO_IMAGE.parts, comm: comm.slice() });
    this.#names.set(name, found);
    return found;
  }

  #grow(index: number): void {
    let room = this.#places.length;
    while (room <= index) room *= 2;
    const places = new Int32Array(room);
    places.set(this.#places);
    this.#places = places;
  }
}

function bytesOf({ parts }: Image): number {
  let bytes = IMAGE_BYTES;
  for (const name of IMAGE_PARTS) bytes += parts[name]?.length ?? 0;
  return bytes;
}
