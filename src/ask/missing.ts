/**
 * What is missing of a stretch that was asked for, said beside the answer.
 *
 * @module
 */
import { localTime } from "../host/local_time.ts";
import type { BootSpan } from "../model/bounds.ts";
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { lossNoun } from "../text/words.ts";
import { behindWords } from "./behind.ts";
import type { Notes } from "./notes.ts";
import type { Missing, Store } from "./store.ts";

/** Shorter pauses are those of a recorder that was started anew. */
const PAUSE_NS = 1e9;
const PAUSE = GAP_WORDS[GAP_REASON.pause]!;

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

/** Notes what is missing of stretches; it comes back. */
export async function noteMissing(
  notes: Notes,
  store: Store,
  spans: readonly BootSpan[],
): Promise<readonly Missing[]> {
  const missing = await store.missing(spans);
  addMissing(notes, missing);
  return missing;
}

/** Notes it. */
export function addMissing(notes: Notes, missing: readonly Missing[]): void {
  for (const words of missingWords(missing)) {
    const certain = words.startsWith("nobody")
      ? "what began and ended then is"
      : "what was then may be";
    notes.add("gap", `${words}; ${certain} missing`);
  }
}

/** The same as part of a sentence about something that is not there; empty where nothing is. */
export async function missingClause(store: Store, spans: readonly BootSpan[]): Promise<string> {
  const all = missingWords(await store.missing(spans));
  if (store.behind !== null) all.push(behindWords(store.behind));
  return all.map((words) => `; ${words}`).join("");
}
