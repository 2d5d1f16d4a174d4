/** Bytes that are not what their format says: the one error decoders throw. */
export class WireError extends Error {
  /** What was being decoded: "nlmsghdr". */
  readonly what: string;
  /** Byte offset where it went wrong. */
  readonly offset: number;

  /** `seen` tells what stood there instead. */
  constructor(what: string, offset: number, seen: string) {
    super(`Cannot decode ${what} at byte ${offset}: ${seen}`);
    this.name = "WireError";
    this.what = what;
    this.offset = offset;
  }
}
