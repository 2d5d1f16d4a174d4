/**
 * What the texts of one user's processes may take of the memory and of the time of the thread that
 * knows them: one user may run thousands of programs with long command lines, and the one that is
 * looked at for secrets costs the more, the more it looks like them.
 *
 * @module
 */
import type { Redact } from "../redact/redact.ts";
import { Image, shortenImage } from "./image.ts";
import { Shares } from "./shares.ts";
import { withoutPadding } from "./title.ts";

/** Bytes of images that known processes hold; src/model/shares.ts says what one user gets. */
export const IMAGE_LIMITS = {
  total: 48 << 20,
  reserve: 12 << 20,
  /** Each image may have so many, and is not counted; beyond a share it is cut to that. */
  short: 1024,
  /** What becomes of a byte later takes about so many milliseconds, beside the look for secrets. */
  laterMs: 5e-5,
} as const;

/** A thread's time, of which each user has a share. */
export interface UserTime {
  /** Milliseconds; does not go back. */
  now(): number;
  /** Whether a user has time left. */
  may(uid: number): boolean;
  /** Counts what a user has spent since a moment of {@linkcode UserTime.now}. */
  spend(uid: number, since: number): void;
}

/** Of whom no user is known. */
const UNKNOWN_UID = -1;

/** Counts images by user, and cuts what is beyond a share. */
export class ImageShares {
  readonly #time: UserTime | null;
  readonly #memory: Shares;
  readonly #redact: Redact | undefined;
  readonly #redactFound: Redact = (argv) => {
    const bare = withoutPadding(argv);
    return this.#redact === undefined ? bare : this.#redact(bare);
  };
  /** Images that were cut since the last {@linkcode ImageShares.takeCut}. */
  #cut = 0;

  /** `time` is not counted where it is null. */
  constructor(redact: Redact | undefined, time: UserTime | null, total: number, reserve: number) {
    this.#redact = redact;
    this.#time = time;
    this.#memory = new Shares(total, reserve);
  }

  /** Bytes that are held, all users together. */
  get used(): number {
    return this.#memory.used;
  }

  /** How many images were cut since this was asked last. */
  takeCut(): number {
    const cut = this.#cut;
    this.#cut = 0;
    return cut;
  }

  /**
   * The image in encoded `text`, or the beginning of it where `uid` has no more share. What was
   * `found` running may wear a title: it has not the padding of that.
   */
  decode(
    text: Uint8Array | null,
    before: Image | undefined,
    uid: number | null,
    found = false,
  ): Image {
    const redact = found ? this.#redactFound : this.#redact;
    if (text === null || text.length <= IMAGE_LIMITS.short) {
      return Image.decode(text, before, redact);
    }
    const payer = uid ?? UNKNOWN_UID;
    const time = this.#time;
    if (text.length > this.#memory.left(payer) || time?.may(payer) === false) {
      this.#cut++;
      return Image.decode(shortenImage(text, IMAGE_LIMITS.short), before, redact);
    }
    const began = time?.now() ?? 0;
    const image = Image.decode(text, before, redact);
    time?.spend(payer, began - text.length * IMAGE_LIMITS.laterMs);
    image.payer = payer;
    image.bytes = text.length;
    return image;
  }

  /** What was found running, where it is another program than `before`; null where it is not. */
  decodeNew(text: Uint8Array | null, before: Image, uid: number | null): Image | null {
    const image = this.decode(text, before, uid, true);
    if (image.parts.argv === null || before.sameProgram(image)) return null;
    // An exec may have given what looks like the padding of a title.
    return before.sameProgram(this.decode(text, before, uid)) ? null : image;
  }

  /** A process has an image now. */
  hold(image: Image): void {
    if (image.bytes > 0 && image.holders++ === 0) this.#memory.charge(image.payer, image.bytes);
  }

  /** A process has it no longer, or is forgotten. */
  release(image: Image): void {
    if (image.bytes > 0 && --image.holders === 0) this.#memory.give(image.payer, image.bytes);
  }
}
