/**
 * Lives with the texts that belong to them, as many as are shipped at once.
 *
 * @module
 */
import type { Outgoing, OutgoingFormer, OutgoingImage, OutgoingLife } from "../history/outgoing.ts";
import { IMAGE_PARTS } from "../model/image.ts";

/** Bytes of texts in one parcel, about: command lines can be long, and be made so. */
export const PARCEL_BYTES: number = 1 << 20;

/** Some lives, and what is told of them. */
export interface LivesWithTexts {
  readonly lives: OutgoingLife[];
  readonly formers: OutgoingFormer[];
  readonly images: Map<number, OutgoingImage>;
  /** Of how many it was looked at, the first ones: texts of the others had no room. */
  readonly looked: number;
}

/**
 * Those that `accepts` lets pass, with their texts, as far as there is room; `argv`: command lines
 * are shipped, too.
 */
export function withTexts(
  source: Pick<Outgoing, "formers" | "image">,
  lives: readonly OutgoingLife[],
  argv: boolean,
  accepts: (life: OutgoingLife) => boolean = () => true,
): LivesWithTexts {
  const images = new Map<number, OutgoingImage>();
  let bytes = 0;
  const take = (key: number) => {
    if (images.has(key)) return;
    const image = shown(source.image(key), argv);
    images.set(key, image);
    for (const name of IMAGE_PARTS) bytes += image.parts[name]?.length ?? 0;
  };
  const accepted = lives.filter(accepts);
  const formers = Map.groupBy(source.formers(accepted.map(({ key }) => key)), ({ life }) => life);
  const taken = new Set(accepted);
  const found: LivesWithTexts & { looked: number } = { lives: [], formers: [], images, looked: 0 };
  for (const life of lives) {
    if (bytes > PARCEL_BYTES) break;
    found.looked++;
    if (!taken.has(life)) continue;
    found.lives.push(life);
    take(life.image);
    for (const former of formers.get(life.key) ?? []) {
      found.formers.push(former);
      if (former.image !== 0) take(former.image);
    }
  }
  return found;
}

function shown(image: OutgoingImage, argv: boolean): OutgoingImage {
  return argv ? image : { ...image, parts: { ...image.parts, argv: null, argvMore: 0 } };
}
