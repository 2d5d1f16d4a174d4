/**
 * A command line as JSON fields.
 *
 * @module
 */
import type { Image } from "../model/image.ts";

/** The command line of a process, and how many bytes of it were not kept. */
export interface ArgvFields {
  readonly argv: readonly string[] | null;
  /** Not there where the command line is whole. */
  readonly argv_missing?: number;
}

/** The fields of `image`. */
export function argvFields(image: Image): ArgvFields {
  const { argv, argvMore } = image;
  return argvMore === 0 ? { argv } : { argv, argv_missing: argvMore };
}
