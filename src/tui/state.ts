/**
 * What a key does to the screen of `fh top`: a state and a key make a state and what is to be done.
 *
 * @module
 */
import { signalName, signalNumber } from "../text/words.ts";
import type { Key } from "../term/keys.ts";
import { TOP_COLUMNS, TOP_KEYS, type TopColumn, type TopKey } from "../top/columns.ts";
import type { PlacedRow } from "../top/order.ts";
import type { Process } from "../model/process.ts";
import type { Group } from "../top/row.ts";

/** What is on the screen. */
export interface TopState {
  readonly key: TopKey;
  readonly sort: TopColumn;
  readonly isReversed: boolean;
  readonly filter: string;
  readonly open: ReadonlySet<Group>;
  readonly isFrozen: boolean;
  /** The row that is selected; null: the first. */
  readonly selected: Group | null;
  /** What keys mean now. */
  readonly mode: "rows" | "filter" | "signal" | "confirm" | "text";
  /** What is being typed: a signal. */
  readonly input: string;
  /** Who is to get it. */
  readonly target: Process | null;
  /** Lines of the pane, and the first that is shown. */
  readonly lines: readonly string[];
  readonly top: number;
  /** What came of the last command; empty when there is nothing to say. */
  readonly message: string;
}

/** What is to be done outside. */
export type TopEffect =
  | { readonly do: "quit" | "suspend" | "help" }
  | { readonly do: "why"; readonly process: Process }
  | { readonly do: "signal"; readonly process: Process; readonly signal: number };

/** What the screen shows, of which keys can mean a part. */
export interface Shown {
  readonly rows: readonly PlacedRow[];
  /** Rows that the screen has room for. */
  readonly room: number;
  /** The row at a line of the screen, and the column of the heading at a cell; null elsewhere. */
  rowAt(y: number): Group | null;
  columnAt(x: number, y: number): TopColumn | null;
}

/** A state, and what is to be done. */
export type Step = readonly [TopState, TopEffect | null];

const INPUT_MAX = 200;
const SIGNAL_MAX = 64;
const WHEEL = 3;

/** The state at the beginning. */
export function initialState(
  { key, sort }: Pick<TopState, "key" | "sort">,
): TopState {
  return {
    key,
    sort,
    isReversed: false,
    filter: "",
    open: new Set(),
    isFrozen: false,
    selected: null,
    mode: "rows",
    input: "",
    target: null,
    lines: [],
    top: 0,
    message: "",
  };
}

/** Lines to read, until Escape. */
export function withText(state: TopState, lines: readonly string[]): TopState {
  return { ...state, mode: "text", lines, top: 0 };
}

/** What a key does. */
export function press(state: TopState, key: Key, shown: Shown): Step {
  if (key.name === "interrupt") return [state, { do: "quit" }];
  if (key.name === "suspend") return [state, { do: "suspend" }];
  switch (state.mode) {
    case "rows":
      return inRows({ ...state, message: "" }, key, shown);
    case "filter":
      return inFilter(state, key);
    case "signal":
      return inSignal(state, key);
    case "confirm":
      return inConfirm(state, key);
    case "text":
      return inText(state, key, shown);
  }
}

/** The place of the selected row; 0 when it is not there. */
export function selectedAt({ selected }: TopState, rows: readonly PlacedRow[]): number {
  return Math.max(0, rows.findIndex(({ row }) => row.group === selected));
}

function inRows(state: TopState, key: Key, shown: Shown): Step {
  const { rows, room } = shown;
  const at = selectedAt(state, rows);
  const select = (to: number): Step => {
    const group = rows[Math.max(0, Math.min(rows.length - 1, to))]?.row.group ?? null;
    return [{ ...state, selected: group }, null];
  };
  switch (key.name) {
    case "up":
      return select(at - 1);
    case "down":
      return select(at + 1);
    case "page up":
      return select(at - room);
    case "page down":
      return select(at + room);
    case "home":
      return select(0);
    case "end":
      return select(rows.length - 1);
    case "wheel up":
      return select(at - WHEEL);
    case "wheel down":
      return select(at + WHEEL);
    case "click":
      return click(state, key, shown);
    case "tab":
      return [withKey(state, TOP_KEYS.indexOf(state.key) + 1), null];
    case "back tab":
      return [withKey(state, TOP_KEYS.indexOf(state.key) - 1), null];
    case "right":
    case "left":
      return [opened(state, rows[at], key.name === "right"), null];
    case "escape":
      return [{ ...state, filter: "" }, null];
    case "enter":
      return why(state, rows[at]);
    case "text":
      return letter(state, key.text, rows[at]);
    default:
      return [state, null];
  }
}

function letter(state: TopState, text: string, row: PlacedRow | undefined): Step {
  const digit = Number(text);
  if (digit >= 1 && digit <= TOP_KEYS.length) return [withKey(state, digit - 1), null];
  switch (text) {
    case "<":
      return [withSort(state, TOP_COLUMNS.indexOf(state.sort) - 1), null];
    case ">":
      return [withSort(state, TOP_COLUMNS.indexOf(state.sort) + 1), null];
    case "r":
      return [{ ...state, isReversed: !state.isReversed }, null];
    case "/":
      return [{ ...state, mode: "filter" }, null];
    case "+":
    case "-":
      return [opened(state, row, text === "+"), null];
    case "f":
      return [{ ...state, isFrozen: !state.isFrozen }, null];
    case "k":
      return askSignal(state, row);
    case "?":
      return [state, { do: "help" }];
    case "q":
      return [state, { do: "quit" }];
    default:
      return [state, null];
  }
}

function withKey(state: TopState, at: number): TopState {
  const key = TOP_KEYS.at(at % TOP_KEYS.length)!;
  return key === state.key ? state : { ...state, key, selected: null, open: new Set() };
}

function withSort(state: TopState, at: number): TopState {
  return { ...state, sort: TOP_COLUMNS.at(at % TOP_COLUMNS.length)!, isReversed: false };
}

/** What is outermost is open unless it is in the set, all else is open when it is in it. */
function opened(state: TopState, placed: PlacedRow | undefined, isOpen: boolean): TopState {
  if (placed === undefined || state.key !== "subtree") return state;
  const open = new Set(state.open);
  if (isOpen === (placed.depth > 0)) open.add(placed.row.group);
  else open.delete(placed.row.group);
  return { ...state, open, selected: placed.row.group };
}

function click(state: TopState, { x, y }: { x: number; y: number }, shown: Shown): Step {
  const column = shown.columnAt(x, y);
  if (column !== null) {
    const isReversed = column === state.sort && !state.isReversed;
    return [{ ...state, sort: column, isReversed }, null];
  }
  const group = shown.rowAt(y);
  return [group === null ? state : { ...state, selected: group }, null];
}

function why(state: TopState, placed: PlacedRow | undefined): Step {
  const process = placed?.row.process ?? null;
  if (process !== null) return [state, { do: "why", process }];
  return [{ ...state, message: "It has ended: fh log tells of it" }, null];
}

function askSignal(state: TopState, placed: PlacedRow | undefined): Step {
  const target = placed?.row.process ?? null;
  if (target === null) return [{ ...state, message: "It has ended" }, null];
  return [{ ...state, mode: "signal", input: "", target }, null];
}

function inFilter(state: TopState, key: Key): Step {
  switch (key.name) {
    case "escape":
      return [{ ...state, mode: "rows", filter: "" }, null];
    case "enter":
      return [{ ...state, mode: "rows" }, null];
    default:
      return [{ ...state, filter: typed(state.filter, key) }, null];
  }
}

function inSignal(state: TopState, key: Key): Step {
  if (key.name === "escape") return [left(state, "Nothing was sent"), null];
  if (key.name !== "enter") return [{ ...state, input: typed(state.input, key) }, null];
  const signal = readSignal(state.input);
  if (signal === null) return [left(state, "No such signal: give a name or a number"), null];
  return [{ ...state, mode: "confirm", input: signalName(signal) }, null];
}

function inConfirm(state: TopState, key: Key): Step {
  if (key.name !== "text" || key.text !== "y") return [left(state, "Nothing was sent"), null];
  const signal = readSignal(state.input)!;
  return [left(state, ""), { do: "signal", process: state.target!, signal }];
}

function left(state: TopState, message: string): TopState {
  return { ...state, mode: "rows", input: "", target: null, message };
}

/** `TERM`, `sigterm` or `15`; TERM when nothing was typed. */
function readSignal(text: string): number | null {
  const word = text.trim() || "TERM";
  if (/^\d{1,3}$/.test(word)) {
    const number = Number(word);
    return number >= 1 && number <= SIGNAL_MAX ? number : null;
  }
  return signalNumber(word.toUpperCase().replace(/^(?:SIG)?/, "SIG"));
}

function typed(text: string, key: Key): string {
  if (key.name === "backspace") return [...text].slice(0, -1).join("");
  if (key.name !== "text" && key.name !== "paste") return text;
  return (text + key.text).slice(0, INPUT_MAX);
}

const STEPS: Readonly<Record<string, number>> = {
  "up": -1,
  "down": 1,
  "wheel up": -WHEEL,
  "wheel down": WHEEL,
};

function inText(state: TopState, key: Key, { room }: Shown): Step {
  const isOver = key.name === "escape" || key.name === "enter" ||
    (key.name === "text" && key.text === "q");
  if (isOver) return [{ ...state, mode: "rows", lines: [] }, null];
  const by = key.name === "page up" ? -room : key.name === "page down" ? room : STEPS[key.name];
  const last = Math.max(0, state.lines.length - room);
  return [{ ...state, top: Math.max(0, Math.min(last, state.top + (by ?? 0))) }, null];
}
