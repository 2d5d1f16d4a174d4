/**
 * Which images a filter lets pass: the server finds those that may, each is asked here, once.
 *
 * @module
 */
import type { ChangeQuery } from "../ask/store.ts";
import { Image, IMAGE_PARTS, type ImageParts, NO_IMAGE } from "../model/image.ts";
import type { Connection } from "./connection.ts";
import { type ImageRow, IMAGES } from "./rows.ts";
import { type Conditions, imageTest } from "./wanted.ts";

/** Images of hosts of which it is remembered whether they pass. */
const KNOWN_MAX = 100_000;
/** Images that are fetched at once. */
const PAGE = 1000;

/** What is asked of an image and its user, and what every one has that passes. */
export interface ImageFilter {
  readonly ofImage: NonNullable<ChangeQuery["ofImage"]>;
  readonly sought: ChangeQuery["sought"];
}

/** An image on one of the hosts that have it. */
export type HostImage = readonly [host: number, image: string];

/** Answers for one filter, for as long as it is asked. */
export class WantedImages {
  readonly #fleet: Connection;
  readonly #filter: ImageFilter;
  #known = new Map<string, boolean>();

  constructor(fleet: Connection, filter: ImageFilter) {
    this.#fleet = fleet;
    this.#filter = filter;
  }

  /** SQL that is true of every image `i` that passes, and of others; null where nothing helps. */
  test(to: Conditions): string | null {
    return this.#filter.sought === null ? null : imageTest(to, this.#filter.sought);
  }

  /** Those that pass; one host is not believed what an image is of another. */
  async among(found: readonly HostImage[]): Promise<HostImage[]> {
    if (this.#known.size > KNOWN_MAX) this.#known = new Map();
    const fresh = found.filter(([host, image]) => !this.#known.has(keyOf(host, image)));
    for (let at = 0; at < fresh.length; at += PAGE) {
      const page = fresh.slice(at, at + PAGE);
      const rows = await this.#fleet.rows<ImageRow>(IMAGES, [
        page.map(([host]) => host),
        page.map(([, image]) => image),
      ]);
      for (const [host, id, uid, , ...bytes] of rows) {
        const parts: ImageParts = { ...NO_IMAGE.parts };
        for (const [at, name] of IMAGE_PARTS.entries()) parts[name] = bytes[at] ?? null;
        this.#known.set(keyOf(host, id), this.#filter.ofImage({ image: new Image(parts), uid }));
      }
    }
    return found.filter(([host, image]) => this.#known.get(keyOf(host, image)) === true);
  }
}

function keyOf(host: number, image: string): string {
  return `${host} ${image}`;
}
