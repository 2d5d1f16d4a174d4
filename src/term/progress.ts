/**
 * How far long work has come: one line on a terminal, which is gone when the work is done.
 *
 * @module
 */
import { durationWords, sizeWords } from "../text/words.ts";
import type { Output } from "./output.ts";

/** What takes less time is not told of. */
const SILENT_MS = 1000;
/** Between two looks of whoever reads it. */
const AGAIN_MS = 200;
const NS_PER_MS = 1e6;
/** Back to the begin of the line, and nothing behind it. */
const CLEAR = "\r\x1b[K";

/** Tells of one piece of work after the other; nothing where no terminal would show it. */
export class Progress {
  readonly #output: Pick<Output, "write" | "isTerminal" | "columns">;
  /** Whether anybody would see it. */
  readonly isWanted: boolean;
  readonly #now: () => number;
  readonly #begun: number;
  #what = "";
  #whatBegun = 0;
  #shownAt = -Infinity;
  #isShown = false;

  /** `now` is a clock in milliseconds. */
  constructor(
    output: Pick<Output, "write" | "isTerminal" | "columns">,
    quiet = false,
    now: () => number = () => performance.now(),
  ) {
    this.#output = output;
    this.isWanted = output.isTerminal && !quiet;
    this.#now = now;
    this.#begun = now();
  }

  /** So much of `whole`, null where that is not known, is done of what is called `what`. */
  show(what: string, done: number, whole: number | null, unit: string): void {
    if (!this.isWanted) return;
    const now = this.#now();
    if (what !== this.#what) {
      this.#what = what;
      this.#whatBegun = now;
    }
    if (now - this.#begun < SILENT_MS || now - this.#shownAt < AGAIN_MS) return;
    this.#shownAt = now;
    this.#isShown = true;
    const amount = unit === "bytes" ? sizeWords(done) : `${number(done)} ${unit}`;
    const text = `fh: ${what}: ${amount}${restWords(done, whole, now - this.#whatBegun)}`;
    this.#output.write(`${CLEAR}${text.slice(0, this.#output.columns - 1)}`);
  }

  /** The work is done, or something else is to be told: the line goes. */
  end(): void {
    if (this.#isShown) this.#output.write(CLEAR);
    this.#isShown = false;
  }
}

function restWords(done: number, whole: number | null, tookMs: number): string {
  if (whole === null || done <= 0) return "";
  const share = Math.min(1, done / whole);
  const leftMs = tookMs / share - tookMs;
  const percent = Math.floor(share * 100);
  return `, ${percent} %, ${durationWords(Math.ceil(leftMs / 1000) * 1000 * NS_PER_MS)} left`;
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
