/**
 * What a client has been told, near the end of it: a server that was started anew tells some of it
 * again.
 *
 * @module
 */

/** How far back it is remembered, in the unit of `seq`: what is told again are two seconds. */
const KEPT_US = 4_000_000;
/** Times of an exec, told by two servers, differ by less: milliseconds. */
const SAME_EXEC_MS = 10;

/** The fields that tell an event from others. */
export interface ToldEvent {
  readonly event: string;
  readonly seq: number;
  readonly time: string;
  readonly id?: string;
  readonly exe?: string | null;
  readonly argv?: readonly string[] | null;
}

/** When an event with a certain key was told. */
interface Told {
  readonly seq: number;
  /** As it came: that of few is ever looked at. */
  readonly time: string;
}

/** Remembers forks, execs and exits of the last seconds. */
export class Overlap {
  readonly #told = new Map<string, Told>();
  /** Numbers up to here have been looked through for what is too old. */
  #cleanedAt = 0;

  /** Remembers an event; `last` is the number that would be gone on from. */
  note(event: ToldEvent, last: number): void {
    const key = keyOf(event);
    if (key === null) return;
    // An exec of the same command line may follow another: the newest stands last.
    this.#told.delete(key);
    this.#told.set(key, { seq: event.seq, time: event.time });
    if (last - this.#cleanedAt > KEPT_US / 4) this.#clean(last);
  }

  /** Whether an event was told before, by this server or by the one before it. */
  has(event: ToldEvent): boolean {
    const time = Date.parse(event.time);
    return neighbours(event).some((key) => {
      const told = this.#told.get(key);
      if (told === undefined) return false;
      return event.event !== "exec" || Math.abs(Date.parse(told.time) - time) < SAME_EXEC_MS;
    });
  }

  /** Whether what has this number can have been told already, when it is gone on from `last`. */
  static reaches(seq: number, last: number): boolean {
    return seq <= last + KEPT_US;
  }

  #clean(last: number): void {
    this.#cleanedAt = last;
    // The oldest stand first, or nearly: what is passed over here goes the next time.
    for (const [key, { seq }] of this.#told) {
      if (seq >= last - KEPT_US) return;
      this.#told.delete(key);
    }
  }
}

/** Null for what the history does not know, and so is never told again. */
function keyOf(event: ToldEvent, id: string = event.id ?? ""): string | null {
  if (event.event === "fork" || event.event === "exit") return `${event.event} ${id}`;
  if (event.event !== "exec") return null;
  // No text of an exec has a NUL byte in it: execve(2).
  return `exec ${id}\0${event.exe}\0${event.argv?.join("\0")}`;
}

/** Its keys under all the ids that two servers may give to one process: a tick more or less. */
function neighbours(event: ToldEvent): string[] {
  const { id = "" } = event;
  const [, head = id, ticks, again = ""] = /^(.*-~?)(\d+)(\.\d+)?$/.exec(id) ?? [];
  const ids = ticks === undefined
    ? [id]
    : [0, -1, 1].map((by) => `${head}${Number(ticks) + by}${again}`);
  return ids.map((id) => keyOf(event, id)).filter((key) => key !== null);
}
