/**
 * The version of fh; deno.json and package.json say the same.
 *
 * @module
 */

/** What `fh --version` prints. */
export const VERSION = "0.1.0";
