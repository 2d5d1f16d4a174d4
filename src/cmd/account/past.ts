/**
 * What `fh account` does without a file: sums over what the history has.
 *
 * @module
 */
import { createAsking } from "../asking.ts";
import { type AccountAnswer, type AccountQuery, askAccount, checkKey } from "../../ask/account.ts";
import { noHistory } from "../../ask/not_found.ts";
import { Notes } from "../../ask/notes.ts";
import { type SortKey, sortRows } from "../../ask/account_sort.ts";
import { checkAhead, readStretch } from "../../ask/stretch.ts";
import { parseAsked } from "../../ask/text/target.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { EXIT } from "../../fault.ts";
import { placeToAsk } from "../../history/place.ts";
import { Breath } from "../../steps.ts";
import type { Fields } from "../../view/account.ts";
import { costFields, renderCosts } from "../../view/account_past.ts";
import { missingJson } from "../../view/missing_json.ts";
import { checkFleet, type FleetAsked, hostOfAll, openPast } from "../fleet/ask.ts";
import { AccountOutput, checkForm, type FormOptions } from "./output.ts";

interface PastOptions extends FormOptions, AccountQuery, FleetAsked {
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
  readonly sort?: SortKey;
}

/** Runs the command; the exit status comes back. */
export async function runPastAccount(
  context: Context,
  given: PastOptions,
): Promise<number> {
  const options = hostOfAll(context, given);
  checkForm(options);
  checkKey(options);
  checkFleet(options, {});
  for (const text of options.pid ?? []) parseAsked(text, context.now(), { latest: Infinity });
  const stretch = readStretch(options, context.now());
  const notes = new Notes();
  const store = await openPast(context, options, notes);
  if (store === null) {
    checkAhead(stretch, null);
    throw noHistory(placeToAsk(context));
  }
  try {
    const asking = await createAsking(context, {}, store, notes, false);
    const answer = await askAccount(asking, store, stretch, options);
    await writeRows(context, new AccountOutput(context, options), answer, notes, options);
    tellNotes(context, notes, options.quiet);
  } finally {
    store.close();
  }
  return EXIT.done;
}

async function writeRows(
  { stdout, signal }: Context,
  out: AccountOutput,
  { rows: all, missing }: AccountAnswer,
  notes: Notes,
  { json, csv, limit, sort }: PastOptions,
): Promise<void> {
  const rows = sortRows(all, sort).slice(0, limit);
  if (json || csv) {
    // A table has no place for it.
    const beside: Fields = csv ? [] : [
      ...missing.length === 0 ? [] : [["gaps", missingJson(missing)] as const],
      ["notes", [...notes]],
    ];
    for (const row of rows) {
      await out.putFields([...costFields(row), ...beside]);
      if (stdout.closed || signal.aborted) return;
    }
  } else if (rows.length > 0) {
    const steps = renderCosts(rows, out.style);
    await out.putLines(await new Breath(signal).finish(steps));
  }
  await out.write();
}
