/**
 * What `fh account` writes: columns, NDJSON or CSV, and notes.
 *
 * @module
 */
import { type Context, tableStyle } from "../../cli/command.ts";
import { tell } from "../../cli/tell.ts";
import { UsageError } from "../../fault.ts";
import { Breath } from "../../steps.ts";
import { escapeText } from "../../text/escape.ts";
import type { TableStyle } from "../../text/table.ts";
import { csvHead, csvLine } from "../../text/csv.ts";
import { type Fields, jsonLine } from "../../view/account.ts";

/** Text gathered before it is handed on. */
const PIECE = 64 << 10;

/** How an account is to be written. */
export interface FormOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly elsa?: boolean;
  readonly quiet?: boolean;
  readonly color?: "auto" | "always" | "never";
}

/** Throws UsageError where more than one form is asked for. */
export function checkForm({ json, csv, elsa }: FormOptions): void {
  const forms = Object.entries({ json, csv, elsa }).filter(([, on]) => on).map(([name]) => name);
  if (forms.length <= 1) return;
  const names = forms.map((name) => `--${name}`).join(", ");
  throw new UsageError(`Conflicting options: ${names}; give one of them`);
}

/** Gathers text, and writes it at the reader's pace. */
export class AccountOutput {
  readonly #context: Context;
  readonly #options: FormOptions;
  /** What is to be written. */
  #text = "";
  #headed = false;
  readonly #breath: Breath;

  constructor(context: Context, options: FormOptions) {
    this.#context = context;
    this.#options = options;
    this.#breath = new Breath(context.signal);
  }

  /** How its tables are drawn. */
  get style(): TableStyle {
    const { stdout, env } = this.#context;
    return tableStyle(stdout, env, this.#options.color);
  }

  addLine(line: string): void {
    this.#text += `${line}\n`;
  }

  /** Adds a line of JSON or CSV. */
  addFields(fields: Fields): void {
    if (!this.#options.csv) {
      this.#text += jsonLine(fields);
      return;
    }
    if (!this.#headed) this.#text += csvHead(fields);
    this.#headed = true;
    // On a terminal names must not act; in a file they stay what they are.
    const escape = this.#context.stdout.isTerminal ? escapeText : (text: string) => text;
    this.#text += csvLine(fields, escape);
  }

  /** {@linkcode addFields}; writes when enough has come together, rejects when it is to stop. */
  async putFields(fields: Fields): Promise<void> {
    this.addFields(fields);
    await this.#writePiece();
  }

  /** Lines, in the same way. */
  async putLines(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      this.addLine(line);
      await this.#writePiece();
    }
  }

  async #writePiece(): Promise<void> {
    if (this.#text.length >= PIECE) await this.write();
    await this.#breath.take();
  }

  async write(): Promise<void> {
    const { stdout } = this.#context;
    if (this.#text !== "" && !stdout.closed) stdout.write(this.#text);
    this.#text = "";
    await stdout.flush();
  }

  /** Says something on standard error, unless that is not wanted. */
  note(text: string): void {
    tell(this.#context, text, this.#options.quiet);
  }
}
