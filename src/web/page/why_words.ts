/**
 * The answer to `why` in one sentence, as `fh why` says it. Pure.
 *
 * @module
 */
import { escapeText } from "../../text/escape.ts";
import { durationWords } from "../../text/words.ts";
import type { LinkFields, WhyFields } from "./answers.ts";
import { ageOf, endText, lengthText, momentText, nameOf, userOf } from "./words.ts";

const BETWEEN = "a shell in between";

/** What it is, who started it and where that comes from, how often it came, what became of it. */
export function whySentence(why: WhyFields, now: number): string {
  const [process] = why.chain;
  if (process === undefined) return "";
  const origin = why.origin === null ? "" : `: ${escapeText(why.origin.words)}`;
  const who = `${nameOf(process)} (${process.pid}) of ${userOf(process)}`;
  return [
    `${who}${starterWords(why.chain)}${origin}`,
    ...cameWords(why),
    fateWords(process, now),
  ].join("; ");
}

/** The nearest above that runs another program and is no mere shell in between. */
function starterWords(chain: readonly LinkFields[]): string {
  const [process, ...others] = chain;
  const starter = others.find((one) => {
    return (one.exe !== process!.exe || one.comm !== process!.comm) &&
      !one.notes.includes(BETWEEN);
  });
  if (starter === undefined || starter.pid <= 2) return "";
  const gone = starter.state === "running" ? "" : ", which has ended";
  return `, started by ${nameOf(starter)} (${starter.pid}${gone})`;
}

function cameWords({ came }: WhyFields): string[] {
  if (came === null || came.times < 2) return [];
  const often = came.more ? `more than ${came.times} times` : `${came.times} times`;
  const every = came.every_ns === null ? "" : `, about every ${durationWords(came.every_ns)}`;
  const bad = came.failed === 0
    ? ""
    : `, ${came.failed === came.times ? "all" : came.failed} failed`;
  return [`${often} since ${momentText(came.since)}${every}${bad}`];
}

function fateWords(process: LinkFields, now: number): string {
  if (process.state === "running") {
    return `it runs for ${lengthText(ageOf(process.started, now))}`;
  }
  if (process.state === "unknown") return "it ended while nobody recorded";
  const after = process.duration_ns === null ? "" : ` after ${durationWords(process.duration_ns)}`;
  const when = process.ended === null ? "" : ` at ${momentText(process.ended)}`;
  return `it ended with ${endText(process)}${when}${after}`;
}
