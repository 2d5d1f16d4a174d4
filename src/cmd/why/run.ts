/**
 * What `fh why` does: asks, and writes the answer.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { askWhy, checkOperand } from "../../ask/why.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT } from "../../fault.ts";
import { jsonText } from "../../text/json_text.ts";
import { whyFields } from "../../view/why_json.ts";
import { createAsking } from "../asking.ts";
import { checkFleet, type FleetAsked, hostOf, openPast } from "../fleet/ask.ts";
import { writeWhy } from "./write.ts";

/** What the command line asks for. */
interface WhyOptions extends FleetAsked {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

/** Runs the command; the exit status comes back. */
export async function runWhy(
  context: Context,
  process: string,
  given: WhyOptions,
): Promise<number> {
  const [operand, options] = hostOf(context, process, given);
  checkFleet(options, {});
  checkOperand(operand, context.now());
  const notes = new Notes();
  const past = await openPast(context, options, notes);
  try {
    const asking = await createAsking(context, {}, past, notes, true);
    const answer = await askWhy(asking, operand);
    if (options.json) {
      const fields = await asking.breath.finish(whyFields(answer, asking.users, notes));
      context.stdout.write(`${jsonText(fields)}\n`);
    } else {
      await writeWhy(context, asking, answer, options.color);
    }
    await context.stdout.flush();
    tellNotes(context, notes, options.quiet);
    return EXIT.done;
  } finally {
    past?.close();
  }
}
