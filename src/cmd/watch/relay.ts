/**
 * `fh watch --json` through a socket: a server's lines, handed on.
 *
 * @module
 */
import { sinceBoot } from "../../model/boot.ts";
import type { BootEpoch } from "../../model/batch.ts";
import { type Redact, redactWords } from "../../redact/redact.ts";
import type { Subscription } from "../../serve/client/capture.ts";
import { startOf, tellsChange } from "../../serve/client/events.ts";
import type { SourceInfo } from "../../source/capture.ts";
import type { Output } from "../../term/output.ts";
import { jsonText } from "../../text/json_text.ts";

/** Bytes that may wait for the reader when more is asked for. */
const READY_MAX = 4 << 20;
/** What a subscription numbers is no number of this stream. */
const NUMBER = /,"seq":\d+\}$/;

/** What of a line is looked at. */
interface Fields {
  readonly event: string;
  readonly id?: string;
  readonly comm?: string | null;
  readonly argv?: readonly string[] | null;
  readonly reason?: string;
  readonly seq?: number;
}

/** What is handed on, and where. */
export interface RelaySettings {
  readonly output: Output;
  readonly epoch: BootEpoch;
  /** Hides what the server has not hidden. */
  readonly redact: Redact | undefined;
  /** Any of them matches the command line; undefined lets all pass. */
  readonly match: readonly { test(text: string): boolean }[] | undefined;
  /** How many lines; undefined for no end. */
  readonly count: number | undefined;
  /** It has ended by itself. */
  onEnd(error: Error | null): void;
}

/** Stands in for a session where no machine is needed. */
export class Relay {
  readonly info: SourceInfo;
  readonly epoch: BootEpoch;
  readonly beganAt: number;
  readonly #subscription: Subscription;
  readonly #settings: RelaySettings;
  /** What runs, until all of it has come; null after that. */
  #snapshot: [start: number, line: string][] | null = [];
  #left: number;
  #ended: Promise<void> = Promise.resolve();

  constructor(subscription: Subscription, settings: RelaySettings) {
    const { epoch, count = Infinity } = settings;
    this.info = subscription.info;
    this.epoch = epoch;
    this.beganAt = sinceBoot(subscription.now(), epoch);
    this.#subscription = subscription;
    this.#settings = settings;
    this.#left = count;
  }

  /** Nanoseconds since the beginning. */
  get elapsedNs(): number {
    return sinceBoot(this.#subscription.now(), this.epoch) - this.beganAt;
  }

  /** First group of the boot id. */
  readBootId(): string {
    return this.#subscription.boot;
  }

  /** Lets the lines flow. */
  begin(): void {
    const { onEnd } = this.#settings;
    this.#ended = this.#run().then(() => onEnd(null), (error: Error) => onEnd(error))
      .finally(() => this.#subscription.close());
  }

  /** Waits for what the server has yet to tell of the time before. */
  async close(): Promise<void> {
    this.#subscription.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { output } = this.#settings;
    while (this.#left > 0) {
      const lines = await this.#subscription.take();
      if (lines === null) return;
      const shown = lines.flatMap((line) => this.#shown(line)).slice(0, this.#left);
      this.#left -= shown.length;
      if (shown.length > 0) output.write(`${shown.join("\n")}\n`);
      // While the reader is behind, the server is not read from: it counts what it drops.
      if (output.pendingBytes > READY_MAX) await output.flush();
    }
  }

  /** What is shown because of a line. */
  #shown(line: string): string[] {
    const fields = JSON.parse(line) as Fields;
    const { event, id = "" } = fields;
    if (event === "source") return [];
    if (event === "snapshot") {
      if (this.#matches(fields)) this.#snapshot?.push([startOf(id) ?? 0, this.#told(line, fields)]);
      return [];
    }
    const before = this.#takeSnapshot();
    if (!tellsChange(fields)) return before;
    if (event !== "gap" && !this.#matches(fields)) return before;
    return [...before, this.#told(line, fields)];
  }

  /** Parents before their children. */
  #takeSnapshot(): string[] {
    const found = this.#snapshot ?? [];
    this.#snapshot = null;
    return found.sort(([a], [b]) => a - b).map(([, line]) => line);
  }

  #matches({ argv, comm }: Fields): boolean {
    const { match } = this.#settings;
    if (match === undefined) return true;
    const text = argv == null || argv.length === 0 ? comm ?? "" : argv.join(" ");
    return match.some((pattern) => pattern.test(text));
  }

  /** The line itself, unless there is something to be hidden in it. */
  #told(line: string, fields: Fields): string {
    const { seq: _seq, ...rest } = fields;
    const words = fields.argv ?? [];
    const shown = redactWords(words, this.#settings.redact);
    if (shown.some((word, i) => word !== words[i])) return jsonText({ ...rest, argv: shown });
    return NUMBER.test(line) ? line.replace(NUMBER, "}") : jsonText(rest);
  }
}
