/**
 * A screen that is kept up to date: the only writer of a live terminal.
 *
 * @module
 */

/** A terminal, as an output of a command is one. */
export interface Terminal {
  write(text: string): void;
  /** Width in cells. */
  readonly columns: number;
  /** Height in lines. */
  readonly rows: number;
}

/** Alternate screen, cursor hidden, no wrapping at the edge: console_codes(4), xterm's ctlseqs. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
/** Undoes all that {@linkcode LiveScreen} does to a terminal. */
export const LEAVE_SCREEN = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Lines on the alternate screen; only those that changed are written again. */
export class LiveScreen {
  readonly #terminal: Terminal;
  /** What the terminal shows, line by line; null when that is not known. */
  #shown: readonly string[] | null = null;
  #columns = 0;
  #rows = 0;
  #open = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Whether the terminal is ours. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Takes the terminal over. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#shown = null;
    this.#terminal.write(ENTER);
  }

  /** Shows `lines` from the top; each must fit the width, and their number the height. */
  draw(lines: readonly string[]): void {
    const { columns, rows } = this.#terminal;
    const known = columns === this.#columns && rows === this.#rows ? this.#shown : null;
    let text = known === null ? "\x1b[2J" : "";
    lines.forEach((line, i) => {
      // Erased first: behind a full line the cursor still stands on its last cell.
      if (line !== known?.[i]) text += `\x1b[${i + 1};1H\x1b[K${line}`;
    });
    if (known !== null && lines.length < known.length) text += `\x1b[${lines.length + 1};1H\x1b[J`;
    this.#shown = lines;
    this.#columns = columns;
    this.#rows = rows;
    if (text !== "") this.#terminal.write(text);
  }

  /** Gives the terminal back as it was; more than once does no harm. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(LEAVE_SCREEN);
  }
}

/** What of a long list is shown: lines from `start` to `end`, those around line `focus`. */
export function windowAround(
  length: number,
  room: number,
  focus: number,
): { start: number; end: number } {
  if (length <= room) return { start: 0, end: length };
  const start = Math.max(0, Math.min(focus - Math.floor(room / 3), length - room));
  return { start, end: start + room };
}
