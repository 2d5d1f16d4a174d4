/**
 * How many lines `fh log` shows.
 *
 * @module
 */

/** Lines that are shown when neither a time nor a number is given. */
export const LOG_LIMIT = 100;
