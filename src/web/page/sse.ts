/**
 * Server-sent events out of bytes that come in any pieces. Pure.
 *
 * @module
 */

/** One event. */
export interface Sent {
  /** `message` where it has no name. */
  readonly event: string;
  readonly data: string;
}

/** Takes text in pieces. */
export class SentReader {
  #rest = "";

  /** The events that are whole now. Only what fh web writes is understood: one line of data. */
  *push(text: string): Generator<Sent, void> {
    const all = this.#rest + text;
    let at = 0;
    for (let end = all.indexOf("\n\n"); end >= 0; end = all.indexOf("\n\n", at)) {
      yield parse(all.slice(at, end));
      at = end + 2;
    }
    this.#rest = all.slice(at);
  }
}

function parse(block: string): Sent {
  let event = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("data: ")) data = line.slice(6);
    else if (line.startsWith("event: ")) event = line.slice(7);
  }
  return { event, data };
}
