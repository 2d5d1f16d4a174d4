/**
 * RFC 3339 times as people and files have them.
 *
 * @module
 */

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:[0-5]\d)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * Milliseconds since the Unix epoch of an RFC 3339 time, what is finer behind the point; undefined
 * when `text` is none, or names a day or an hour that there is not.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, day, time, fraction = "", offset] = match;
  try {
    // It takes no more than nine digits behind the point.
    const { epochMilliseconds } = Temporal.Instant.from(`${day}T${time}${offset}`);
    return epochMilliseconds + Number(`0${fraction}`) * 1000;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
