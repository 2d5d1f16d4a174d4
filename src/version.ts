/**
 * The version of fh; deno.json and package.json say the same.
 *
 * @module
 */

/** What `fh --version` prints. */
export const VERSION = "1.0.0";
