/**
 * Whether a process still runs what it ran, from as little as can be read of it.
 *
 * @module
 */
import { encodeImage, Image, NO_IMAGE } from "../model/image.ts";

/** Whether the first bytes of `buffer` are `argv`, as far as both go. */
export function startsAlike(buffer: Uint8Array, length: number, argv: Uint8Array | null): boolean {
  if (argv === null) return false;
  if (length < buffer.length && length !== argv.length) return false;
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
