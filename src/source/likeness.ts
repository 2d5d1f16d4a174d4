/**
 * Whether a process still runs what it ran, from as little as can be read of it.
 *
 * @module
 */
import { PF_FORKNOEXEC, type StatFields } from "../proc/stat.ts";
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

/** What an exec changes and a rewritten command line (setproctitle) does not. */
export type ExecMark = Pick<StatFields, "flags" | "startStack">;

/** That of a process that was just forked. */
export const FORKED: ExecMark = { flags: PF_FORKNOEXEC, startStack: 0 };

/**
 * Whether a process that shows another command line has executed a program for sure, and not just
 * rewritten its title. Everybody may see whether it has executed one since its fork; after that,
 * the place of its stack (which the kernel draws anew at each exec) and its executable tell who
 * may see them. null where its stat line was not read.
 */
export function hasExecuted(
  before: ExecMark | null,
  after: ExecMark | null,
  imageBefore: Image,
  imageAfter: Image,
): boolean {
  if (after === null || (after.flags & PF_FORKNOEXEC) !== 0) return false;
  if (before !== null && (before.flags & PF_FORKNOEXEC) !== 0) return true;
  const [a, b] = [before?.startStack ?? 0, after.startStack];
  if (a > 0 && b > 0) return a !== b;
  const [exe, exeAfter] = [imageBefore.exe, imageAfter.exe];
  return exe !== null && exeAfter !== null && exe !== exeAfter;
}
