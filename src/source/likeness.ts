/**
 * Whether a process still runs what it ran, from as little as can be read of it.
 *
 * @module
 */
import { encodeImage, Image, type ImageParts, NO_IMAGE, shortenImage } from "../model/image.ts";

/** Bytes of a command line that are kept of each living process, to be compared. */
const KNOWN_TEXT = 1024;

/** The image of a process that is known, in little memory, from an encoded one. */
export function knownImage(text: Uint8Array | null, before?: Image): Image {
  const isLong = text !== null && text.length > KNOWN_TEXT;
  return Image.decode(isLong ? shortenImage(text, KNOWN_TEXT) : text, before);
}

/** Whether the first bytes of `buffer` are a command line, as far as both go. */
export function startsAlike(
  buffer: Uint8Array,
  length: number,
  { argv, argvMore = 0 }: Pick<ImageParts, "argv" | "argvMore">,
): boolean {
  if (argv === null) return false;
  if (argvMore > 0 ? length < argv.length : length < buffer.length && length !== argv.length) {
    return false;
  }
  const end = Math.min(length, argv.length);
  for (let i = 0; i < end; i++) if (buffer[i] !== argv[i]) return false;
  return true;
}

/** An encoded image of a name alone where it is another than that of `image`, else null. */
export function onlyName(comm: Uint8Array | null, image: Image): Uint8Array | null {
  if (comm === null || image.parts.comm === null) return null;
  const named = new Image({ ...NO_IMAGE.parts, comm });
  return named.sameProgram(image) ? null : encodeImage(named.parts);
}
