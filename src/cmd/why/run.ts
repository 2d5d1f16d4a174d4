/**
 * What `fh why` does: asks, and writes the answer.
 *
 * @module
 */
import type { Asking } from "../../ask/asking.ts";
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askWhy, checkOperand, type WhyAnswer } from "../../ask/why.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT } from "../../fault.ts";
import { localTime } from "../../host/local_time.ts";
import type { Process } from "../../model/process.ts";
import { costWords } from "../../text/account_json.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import { whyLines } from "../../view/why.ts";
import { whyFields } from "../../view/why_json.ts";
import { createAsking, openOptions } from "../asking.ts";

const NS_PER_MS = 1e6;

/** What the command line asks for. */
interface WhyOptions {
  readonly db?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runWhy(
  context: Context,
  operand: string,
  options: WhyOptions,
): Promise<number> {
  checkOperand(operand, context.now());
  const notes = new Notes();
  const past = await askHistory(context, options.db, openOptions(context, notes));
  try {
    const asking = await createAsking(context, {}, past, notes, true);
    const answer = await askWhy(asking, operand);
    if (options.json) {
      const fields = await asking.breath.finish(whyFields(answer, asking.users, notes));
      context.stdout.write(`${jsonText(fields)}\n`);
    } else {
      write(context, asking, answer, options.color);
    }
    await context.stdout.flush();
    tellNotes(context, notes, options.quiet);
    return EXIT.done;
  } finally {
    past?.close();
  }
}

function write(
  { stdout, env, now }: Context,
  { users }: Asking,
  { chain, isCut, origin, cost }: WhyAnswer,
  when: WhyOptions["color"],
): void {
  const processes = chain.map(({ process }) => process);
  const lines = whyLines(processes, {
    users,
    width: stdout.isTerminal ? stdout.columns : Infinity,
    timeOf: (one, ns) => localTime(one.boot.moment(ns) ?? 0),
    ageOf: (one) => ageOf(one, now()),
    isCut: (one) => one.moreAbove,
  });
  const color = useColor(when, stdout, env);
  lines.forEach((line, index) => {
    const style = processes[index]!.alive ? index === 0 ? "bold" : null : "dim";
    stdout.write(`${style === null ? line : paint(line, style, color)}\n`);
  });
  if (isCut) stdout.write(`… more above: ${chain.length - 1} ancestors are followed\n`);
  stdout.write(`${paint("Source:", "bold", color)} ${escapeText(origin!.text)}\n`);
  if (cost !== null) stdout.write(`${paint("Cost:", "bold", color)} ${costWords(cost)}\n`);
}

/** How long a living process has run, nanoseconds. */
function ageOf({ start, boot }: Process, now: number): number | null {
  const moment = start === null ? null : boot.moment(start);
  return moment === null ? null : Math.max(0, now - moment) * NS_PER_MS;
}
