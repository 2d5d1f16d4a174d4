/**
 * The answer of `fh why` for people.
 *
 * @module
 */
import type { Asking } from "../../ask/asking.ts";
import type { WhyAnswer } from "../../ask/why.ts";
import { type Context, tableStyle, useColor } from "../../cli/command.ts";
import { shortTime } from "../../host/local_time.ts";
import type { Process } from "../../model/process.ts";
import { costWords } from "../../text/account_json.ts";
import { displayWidth } from "../../text/escape.ts";
import { paint } from "../../text/style.ts";
import { commandText } from "../../view/line.ts";
import { whyLines, type WhyOptions, whySentence } from "../../view/why.ts";

const NS_PER_MS = 1e6;

/** Writes it: a sentence, the chain, and what it has cost. */
export async function writeWhy(
  { stdout, env, now }: Context,
  { users, breath }: Asking,
  answer: WhyAnswer,
  when: "auto" | "always" | "never",
): Promise<void> {
  const at = now();
  const options: WhyOptions = {
    users,
    timeOf: (moment) => shortTime(moment, at),
    ageOf: (process) => ageOf(process, at),
  };
  const style = tableStyle(stdout, env, when);
  const color = useColor(when, stdout, env);
  const write = (line: string) => stdout.write(`${line}\n`);
  const subject = answer.chain[0]!.process;
  write(paint(whySentence(answer, options), "bold", color));
  const lines = await breath.finish(whyLines(answer, options, style));
  const whole = commandText(subject.image);
  // What is asked about is shown whole, however long it is.
  if (!lines[1]![0].includes(whole) || displayWidth(whole) > style.width) write(whole);
  write("");
  for (const [line, process] of lines) {
    const isDim = process !== null && !process.alive && process !== subject;
    write(process === null ? line : isDim ? paint(line, "dim", color) : line);
  }
  if (answer.isCut) write(`… more above: ${answer.chain.length - 1} ancestors are followed`);
  const { cost } = answer;
  if (cost === null) return;
  const title = paint(cost.isSoFar ? "Cost so far:" : "Cost:", "bold", color);
  write(`${title} ${costWords(cost.account)}`);
}

/** How long a living process has run, nanoseconds. */
function ageOf({ start, boot }: Process, now: number): number | null {
  const moment = start === null ? null : boot.moment(start);
  return moment === null ? null : Math.max(0, now - moment) * NS_PER_MS;
}
