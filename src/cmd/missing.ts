/**
 * What is missing of a stretch that was asked for, said beside the answer.
 *
 * @module
 */
import type { Context } from "../cli/command.ts";
import type { BootSpan, History } from "../history/history.ts";
import { type Missing, missingIn } from "../history/missing.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { WallClock } from "../text/time.ts";
import { lossNoun } from "../text/words.ts";
import { localTime } from "./local_time.ts";

/** Shorter pauses are those of a recorder that was started anew. */
const PAUSE_NS = 1e9;
const PAUSE = GAP_WORDS[GAP_REASON.pause]!;

/** What is missing for one reason, as JSON has it; times in RFC 3339. */
export interface MissingJson {
  readonly reason: string;
  /** How many events; null when not known. */
  readonly lost: number | null;
  /** How many gaps. */
  readonly gaps: number;
  /** When the first begins, and when the last ends. */
  readonly since: string;
  readonly until: string;
}

/** For scripts. */
export function missingJson(missing: readonly Missing[]): MissingJson[] {
  const time = ({ boot, ns }: Missing["since"]) => new WallClock().utc(boot.epochAt(ns), ns);
  return missing.map(({ reason, lost, gaps, since, until }) => {
    return { reason, lost, gaps, since: time(since), until: time(until) };
  });
}

/** `39107 events were lost from … to … (overflow)`; one for each reason. */
export function missingWords(missing: readonly Missing[]): string[] {
  return missing.filter(({ reason, ns }) => reason !== PAUSE || ns >= PAUSE_NS).map((one) => {
    const { reason, lost, gaps, since, until } = one;
    const [begin, end] = [since, until].map(({ boot, ns }) => localTime(boot.moment(ns)));
    const times = begin === end ? `at ${begin}` : `from ${begin} to ${end}`;
    const number = gaps === 1 ? "" : ` in ${gaps} gaps`;
    if (reason === PAUSE) return `nobody recorded${number} ${times}`;
    const noun = lossNoun(lost ?? 2, GAP_WORDS.indexOf(reason));
    const events = lost === null
      ? `${noun} were`
      : `${lost} ${noun} ${lost === 1 ? "was" : "were"}`;
    return `${events} lost${number} ${times} (${reason})`;
  });
}

/** Says on standard error what is missing of stretches; it comes back. */
export function tellMissing(
  { stderr }: Context,
  history: History,
  spans: readonly BootSpan[],
  quiet: boolean = false,
): Missing[] {
  const missing = missingIn(history, spans);
  if (!quiet) sayMissing(stderr, missing);
  return missing;
}

/** Says it. */
export function sayMissing(stderr: Context["stderr"], missing: readonly Missing[]): void {
  for (const words of missingWords(missing)) {
    const certain = words.startsWith("nobody")
      ? "what began and ended then is"
      : "what was then may be";
    stderr.write(`fh: ${words}; ${certain} missing\n`);
  }
}

/** The same as part of a sentence about something that is not there; empty where nothing is. */
export function missingClause(history: History, spans: readonly BootSpan[]): string {
  return missingWords(missingIn(history, spans)).map((words) => `; ${words}`).join("");
}
