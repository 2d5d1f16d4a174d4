/**
 * The columns of a row for people, before the command, as bytes: rows are written by the hundred
 * thousand, so that no string is made of what can be kept.
 *
 * @module
 */
import type { BootEpoch } from "../model/batch.ts";
import type { Change } from "../model/machine.ts";
import { exitStatus, type Process } from "../model/process.ts";
import type { Users } from "../proc/passwd.ts";
import { ByteText, utf8 } from "../text/byte_text.ts";
import { escapeText } from "../text/escape.ts";
import { WallClock } from "../text/time.ts";
import { durationWords, exitWords } from "../text/words.ts";

/** What the columns are made with. */
export interface CellOptions {
  readonly users: Users;
  /** How far local clocks are ahead of UTC at a moment; both in milliseconds. */
  readonly offsetAt: (moment: number) => number;
  /** Whether the day stands before the time. */
  readonly dates?: boolean;
  /** Whether it stands there what has happened: where all is of one kind, nobody need read it. */
  readonly events?: boolean;
}

const SPACE = 0x20;
const POINT = 0x2e;
const UNKNOWN_NAME = utf8("?".padEnd(9));
/** Cells of each column. */
const CELLS = { time: 12, event: 8, shortEvent: 5, pid: 7, user: 8, duration: 8, status: 8 };
/** Names are cut to their column. */
const NAME_CUT = CELLS.user - 1;

/** Names of the columns, in their widths. */
export function headerCells(isWide: boolean, dates: boolean, events = true): string {
  const clock = isWide ? "12:15:54.123" : "12:15:54";
  const time = dates ? "DATE  TIME".padEnd(`11-24 ${clock}`.length) : "TIME".padEnd(CELLS.time);
  const ids = `${"PID".padStart(CELLS.pid)} ${"PPID".padStart(CELLS.pid)}`;
  const user = "USER".padEnd(CELLS.user);
  const cells = isWide ? CELLS.event : CELLS.shortEvent;
  const event = events ? `${"EVENT".padEnd(cells)} ` : "";
  if (!isWide) return `${time} ${event}${ids} ${user} `;
  const end = `${"DURATION".padStart(CELLS.duration)} ${"STATUS".padEnd(CELLS.status)} `;
  return `${time} ${event}${ids} ${user} ${end}`;
}

/** Writes the columns. */
export class RowCells {
  readonly #options: CellOptions;
  readonly #hasEvents: boolean;
  readonly #clock: WallClock;
  /** The second of the last row: its text, and that as bytes with the point behind. */
  #second = "";
  #secondBytes: Uint8Array = new Uint8Array(0);
  readonly #users = new Map<number, { readonly name: string | null; readonly text: Uint8Array }>();
  /** Ends by wait status: 16 bits, so there are not many. */
  readonly #statuses = new Map<number | null, Uint8Array>();

  constructor(options: CellOptions) {
    this.#options = options;
    this.#hasEvents = options.events ?? true;
    this.#clock = new WallClock(options.offsetAt);
  }

  /** Appends all columns of a row, a space behind the last. */
  append(change: Change, process: Process, epoch: BootEpoch, to: ByteText): void {
    this.time(change.time, epoch, to);
    to.byte(SPACE);
    if (this.#hasEvents) appendEvent(change, CELLS.event, to);
    appendIds(process, to);
    to.bytes(this.#user(process.uid));
    if (change.kind !== "exit") {
      to.spaces(CELLS.duration + CELLS.status + 2);
      return;
    }
    const duration = this.duration(process);
    to.spaces(CELLS.duration - duration.length);
    to.ascii(duration);
    to.byte(SPACE);
    to.bytes(this.#status(process.status));
  }

  /** The same where there is little room: how it ended stands behind the command. */
  appendFew(change: Change, process: Process, epoch: BootEpoch, to: ByteText): void {
    to.ascii(this.timeText(change.time, epoch, false));
    to.byte(SPACE);
    if (this.#hasEvents) appendEvent(change, CELLS.shortEvent, to);
    appendIds(process, to);
    to.bytes(this.#user(process.uid));
  }

  /** Appends a time of day with milliseconds, behind the day where that is wanted. */
  time(time: number, epoch: BootEpoch, to: ByteText): void {
    const second = this.#clock.localSecond(epoch, time, this.#options.dates === true);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondBytes = utf8(second);
    }
    to.bytes(this.#secondBytes);
    to.byte(POINT);
    to.digits((this.#clock.fraction / 1e6) | 0, 3);
  }

  /** The same as text; where there is little room, a day stands without milliseconds. */
  timeText(time: number, epoch: BootEpoch, isWide: boolean): string {
    if (!isWide && this.#options.dates) return this.#clock.localSecond(epoch, time, true);
    const text = new ByteText(CELLS.time * 2);
    this.time(time, epoch, text);
    return text.toString();
  }

  /** How long it ran. */
  duration({ durationNs }: Process): string {
    return durationNs === null ? "?" : durationWords(durationNs);
  }

  #user(uid: number | null): Uint8Array {
    if (uid === null) return UNKNOWN_NAME;
    const name = this.#options.users.name(uid);
    const known = this.#users.get(uid);
    // A name that is missing today may be there tomorrow, and a number be given to another.
    if (known !== undefined && known.name === name) return known.text;
    const shown = escapeText(name ?? String(uid));
    const cut = shown.length <= CELLS.user ? shown : shown.slice(0, NAME_CUT) + "+";
    const text = utf8(cut.padEnd(CELLS.user) + " ");
    this.#users.set(uid, { name, text });
    return text;
  }

  #status(status: number | null): Uint8Array {
    let text = this.#statuses.get(status);
    if (text === undefined) {
      text = utf8(exitWords(exitStatus(status)).padEnd(CELLS.status) + " ");
      this.#statuses.set(status, text);
    }
    return text;
  }
}

function appendEvent({ kind, inferred }: Change, cells: number, to: ByteText): void {
  const name = inferred ? `${kind}*` : kind;
  to.ascii(name);
  to.spaces(cells + 1 - name.length);
}

function appendIds({ pid, ppid }: Process, to: ByteText): void {
  to.integerRight(pid, CELLS.pid);
  to.byte(SPACE);
  if (ppid === null) to.ascii("?".padStart(CELLS.pid));
  else to.integerRight(ppid, CELLS.pid);
  to.byte(SPACE);
}
