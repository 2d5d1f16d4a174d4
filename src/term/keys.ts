/**
 * What a terminal sends: keys, pasted text and the mouse, as xterm's ctlseqs has them.
 *
 * @module
 */

/** A key with a name, a character, pasted text, or the mouse at a cell (counted from 0). */
export type Key =
  | { readonly name: KeyName }
  | { readonly name: "text" | "paste"; readonly text: string }
  | { readonly name: "click" | "wheel up" | "wheel down"; readonly x: number; readonly y: number };

/** Keys with a name. */
export type KeyName =
  | "up"
  | "down"
  | "left"
  | "right"
  | "home"
  | "end"
  | "page up"
  | "page down"
  | "enter"
  | "tab"
  | "back tab"
  | "backspace"
  | "escape"
  | "interrupt"
  | "suspend";

const FINAL: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "back tab",
};
const TILDE: Readonly<Record<string, KeyName>> = {
  "1": "home",
  "4": "end",
  "5": "page up",
  "6": "page down",
  "7": "home",
  "8": "end",
};
const CONTROL: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x1a": "suspend",
};
const PASTE = "\x1b[200~";
const PASTED = "\x1b[201~";
/** What is pasted beyond that is left out. */
const PASTE_MAX = 4096;
/** No sequence is longer; what is longer is none. */
const SEQUENCE_MAX = 32;

/** Makes keys of text as it comes, in whatever pieces. */
export class KeyDecoder {
  #rest = "";
  /** What was pasted so far; null while nothing is. */
  #pasted: string | null = null;

  /** Whether an escape waits for what may follow: without that it is the key. */
  get waits(): boolean {
    return this.#rest.startsWith("\x1b") && this.#pasted === null;
  }

  /** The keys of a piece. */
  feed(piece: string): Key[] {
    const keys: Key[] = [];
    let text = this.#rest + piece;
    this.#rest = "";
    while (text !== "") {
      const length = this.#pasted !== null ? this.#paste(text, keys) : this.#next(text, keys);
      if (length === 0) {
        this.#rest = text;
        break;
      }
      text = text.slice(length);
    }
    return keys;
  }

  /** Nothing has followed: the escape was the key. */
  settle(): Key[] {
    if (!this.waits) return [];
    this.#rest = "";
    return [{ name: "escape" }];
  }

  /** How much of `text` the next key takes; 0 when more has to come. */
  #next(text: string, keys: Key[]): number {
    if (text.startsWith(PASTE)) {
      this.#pasted = "";
      return PASTE.length;
    }
    if (text.startsWith("\x1b")) return sequence(text, keys);
    const [character] = text as Iterable<string>;
    const name = CONTROL[character!];
    if (name !== undefined) keys.push({ name });
    else if (character! >= " ") keys.push({ name: "text", text: character! });
    return character!.length;
  }

  #paste(text: string, keys: Key[]): number {
    const end = text.indexOf(PASTED);
    // The beginning of the mark may stand at the end of a piece.
    const length = end >= 0 ? end : Math.max(0, text.length - PASTED.length + 1);
    this.#pasted = (this.#pasted + text.slice(0, length)).slice(0, PASTE_MAX);
    if (end < 0) return length;
    keys.push({ name: "paste", text: this.#pasted });
    this.#pasted = null;
    return end + PASTED.length;
  }
}

function sequence(text: string, keys: Key[]): number {
  if (text.length === 1) return 0;
  if (text[1] !== "[" && text[1] !== "O") {
    keys.push({ name: "escape" });
    return 1;
  }
  const body = text.slice(2, SEQUENCE_MAX);
  const at = body.search(/[@-~]/);
  if (at < 0) return text.length < SEQUENCE_MAX ? 0 : SEQUENCE_MAX;
  const [parameters, final] = [body.slice(0, at), body[at]!];
  const key = parameters.startsWith("<") ? mouse(parameters, final) : named(parameters, final);
  if (key !== null) keys.push(key);
  return at + 3;
}

function named(parameters: string, final: string): Key | null {
  const name = final === "~" ? TILDE[parameters.split(";")[0]!] : FINAL[final];
  return name === undefined ? null : { name };
}

/** SGR mouse reports, mode 1006: button, column and row, `M` where it is pressed. */
function mouse(parameters: string, final: string): Key | null {
  const [button, column, row] = parameters.slice(1).split(";").map(Number);
  if (final !== "M" || !Number.isInteger(column) || !Number.isInteger(row)) return null;
  const name = button === 0
    ? "click"
    : button === 64
    ? "wheel up"
    : button === 65
    ? "wheel down"
    : null;
  return name === null ? null : { name, x: column! - 1, y: row! - 1 };
}
