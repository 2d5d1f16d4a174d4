/**
 * Lives with the texts that belong to them, as many as are shipped at once.
 *
 * @module
 */
import type { Outgoing, OutgoingFormer, OutgoingImage, OutgoingLife } from "../history/outgoing.ts";
import { IMAGE_PARTS } from "../model/image.ts";

/** Bytes of texts in one parcel, about: command lines can be long, and be made so. */
export const PARCEL_BYTES: number = 1 << 20;

/** What former images are read of so many lives at once. */
const LIVES_AT_ONCE = 50;
/** A row of what a life ran before, without texts. */
const FORMER_BYTES = 64;

/** Some lives, and what is told of them. */
export interface LivesWithTexts {
  readonly lives: OutgoingLife[];
  readonly formers: OutgoingFormer[];
  readonly images: Map<number, OutgoingImage>;
  /** Of each list those that were looked at, the first ones: the others had no room. */
  readonly looked: OutgoingLife[][];
}

/** What is told of lives. */
export interface Told {
  /** Command lines. */
  readonly argv: boolean;
  /** What they ran before. */
  readonly formers: boolean;
}

/**
 * Those that `accepts` lets pass, `most` of each list, with their texts, as far as there is room.
 * Of what one life ran before, the latest has its texts: of the rest it is told when it ran, as if
 * it were forgotten.
 */
export function withTexts(
  source: Pick<Outgoing, "formers" | "image">,
  lists: readonly (readonly OutgoingLife[])[],
  told: Told,
  most: number = Infinity,
  accepts: (life: OutgoingLife) => boolean = () => true,
): LivesWithTexts {
  const images = new Map<number, OutgoingImage>();
  const found: LivesWithTexts = { lives: [], formers: [], images, looked: [] };
  let bytes = 0;
  const take = (key: number) => {
    if (images.has(key)) return;
    const image = shown(source.image(key), told);
    images.set(key, image);
    for (const name of IMAGE_PARTS) bytes += image.parts[name]?.length ?? 0;
  };
  const takeFrom = (lives: readonly OutgoingLife[]): OutgoingLife[] => {
    const before = found.lives.length;
    for (let at = 0; at < lives.length; at += LIVES_AT_ONCE) {
      const some = lives.slice(at, at + LIVES_AT_ONCE);
      const accepted = new Set(some.filter(accepts));
      const rows = told.formers ? source.formers([...accepted].map(({ key }) => key)) : [];
      const formers = Map.groupBy(rows, ({ life }) => life);
      for (const [index, life] of some.entries()) {
        if (bytes > PARCEL_BYTES || found.lives.length - before >= most) {
          return lives.slice(0, at + index);
        }
        if (!accepted.has(life)) continue;
        found.lives.push(life);
        take(life.image);
        for (const former of formers.get(life.key) ?? []) {
          const isKept = former.image !== 0 && bytes <= PARCEL_BYTES;
          found.formers.push(isKept ? former : { ...former, image: 0 });
          bytes += FORMER_BYTES;
          if (isKept) take(former.image);
        }
      }
    }
    return [...lives];
  };
  for (const lives of lists) found.looked.push(takeFrom(lives));
  return found;
}

function shown(image: OutgoingImage, { argv }: Told): OutgoingImage {
  return argv ? image : { ...image, parts: { ...image.parts, argv: null, argvMore: 0 } };
}
