/**
 * How far who ships has come: a small file beside the history, for whoever asks about that.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";

/** Where the files are, in the folder of the history. */
const FOLDER = "ship";
const NAME = /^state-[0-9a-f]{16}\.json$/;
/** So many are read at most, and so many bytes of one. */
const STATES_MAX = 16;
const BYTES_MAX = 16_384;
/** The last moment that a Date can tell, milliseconds (ECMA-262, "Time Values and Time Range"). */
const TIME_MAX = 8.64e15;
/** What nobody has shipped to for so long is not told any more. */
const FORGOTTEN_MS = 30 * 86_400_000;

/** What is told of one place that is shipped to; times are milliseconds since the Unix epoch. */
export interface ShipState {
  /** The URL of the place; none has a secret in it. */
  readonly to: string;
  /** What it calls this host; null while it has not answered. */
  readonly host: string | null;
  readonly pid: number;
  /** When shipping has begun, and when this was written. */
  readonly since: number;
  readonly at: number;
  /** Up to when all is shipped, by this host's clock; null: nothing is. */
  readonly reach: number | null;
  /** Lives that wait. */
  readonly waiting: number;
  /** Since it began: lives that were shipped, and those that were forgotten before they were. */
  readonly lives: number;
  readonly forgotten: number;
  /** Records that the place has refused for good. */
  readonly refused: number;
  /** Why it does not go on, in words; null while it does. */
  readonly trouble: string | null;
  /** Whoever shipped was asked to end. */
  readonly over: boolean;
}

/** The file of one place. */
export class ShipStateFile {
  readonly #path: string;

  /** `history` is the path of the history. */
  constructor(history: string, to: string) {
    const name = createHash("sha256").update(to).digest("hex").slice(0, 16);
    this.#path = join(dirname(history), FOLDER, `state-${name}.json`);
  }

  /** Writes it, as a whole or not at all. Throws what the file system says. */
  write(state: ShipState): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const beside = `${this.#path}.${process.pid}`;
    // The folder may be one that others write to: nothing that lies there is followed.
    rmSync(beside, { force: true });
    writeFileSync(beside, `${JSON.stringify(state)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(beside, this.#path);
  }
}

/**
 * Whoever shipped was asked to end, and could not write so any more; `now` is milliseconds since
 * the Unix epoch. Where that cannot be written either, it is silent, as after a crash.
 */
export function endShipState(history: string, to: string, now: number): void {
  const state = readShipStates(history, now).find((one) => one.to === to);
  if (state === undefined || state.over) return;
  try {
    new ShipStateFile(history, to).write({ ...state, at: now, over: true });
  } catch {
    // Nobody is left who could tell it otherwise.
  }
}

/** What is known of all places that a history is shipped to; what is not understood is left out. */
export function readShipStates(history: string, now: number): ShipState[] {
  const folder = join(dirname(history), FOLDER);
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => NAME.test(name)).sort().slice(0, STATES_MAX);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const state = parseShipState(readText(join(folder, name)));
    return state !== null && now - state.at <= FORGOTTEN_MS ? [state] : [];
  });
}

/** The text of a file; "" where it is none, too long, or not to be read. */
function readText(path: string): string {
  let fd: number | null = null;
  try {
    // Whoever may write there may put a pipe in its place.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= BYTES_MAX ? readFileSync(fd, "utf8") : "";
  } catch {
    return "";
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** A state out of its text; null where it is none. */
export function parseShipState(text: string): ShipState | null {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  // A moment that no date can tell is none.
  const kindOf = (one: unknown) =>
    typeof one === "number" && !(Math.abs(one) <= TIME_MAX) ? "too large" : typeof one;
  const kinds = new Map(Object.entries(value).map(([name, one]) => [name, kindOf(one)]));
  const is = (kind: string, ...names: readonly string[]) =>
    names.every((name) => kinds.get(name) === kind);
  const mayBe = (kind: string, name: string) => value[name] === null || is(kind, name);
  const known = is("string", "to") && is("boolean", "over") && mayBe("string", "host") &&
    is("number", "pid", "since", "at", "waiting", "lives", "forgotten") &&
    mayBe("number", "reach") && mayBe("string", "trouble");
  // That of an fh that did not count them has none.
  const refused = is("number", "refused") ? value["refused"] : 0;
  return known ? { ...value, refused } as unknown as ShipState : null;
}

/** For how long what happens is not shipped yet, milliseconds; since it began where nothing is. */
export function shipLagMs({ reach, since, over }: ShipState, now: number): number | null {
  return over ? null : Math.max(0, now - (reach ?? since));
}
