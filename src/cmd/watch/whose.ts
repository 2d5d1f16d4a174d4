/**
 * Whose descendants `fh watch` shows, as people name them.
 *
 * @module
 */
import type { Descent } from "../../ask/filter.ts";
import { noHistory } from "../../ask/not_found.ts";
import { Notes } from "../../ask/notes.ts";
import { findRoots } from "../../ask/roots.ts";
import { parseAsked } from "../../ask/text/target.ts";
import { placeToAsk } from "../../history/place.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { createAsking, openOptions } from "../asking.ts";
import { livingPid } from "../living_pid.ts";

/** Their pids, and who descends from them where pids alone do not tell. */
export interface Whose {
  readonly pid?: readonly number[];
  readonly descent?: () => Descent;
}

interface WhoseOptions {
  readonly pid?: readonly string[];
  readonly source: string;
  readonly db?: string;
  readonly quiet?: boolean;
}

/** Finds them; rejects with CommandError where one is not there. */
export async function whoseOf(context: Context, options: WhoseOptions): Promise<Whose> {
  const { pid: texts, source } = options;
  if (texts === undefined) return {};
  // What makes no sense is told before anything is looked for.
  const known = { latest: Infinity };
  for (const text of texts) parseAsked(text, context.now(), known);
  if (source === "replay") return await inHistory(context, texts, options);
  const pid: number[] = [];
  for (const text of texts) pid.push(await livingPid(context, text, options.quiet));
  return { pid };
}

async function inHistory(
  context: Context,
  texts: readonly string[],
  { db, quiet }: WhoseOptions,
): Promise<Whose> {
  const { askHistory } = await import("../../ask/open/open.ts");
  const notes = new Notes();
  const store = await askHistory(context, db, openOptions(context, new Notes()));
  if (store === null) throw noHistory(placeToAsk(context));
  try {
    const asking = await createAsking(context, {}, store, notes, false);
    const asked = texts.map((text) => parseAsked(text, context.now(), store.bounds));
    const { lineage, pids } = await findRoots(asking, asked);
    tellNotes(context, notes, quiet);
    return { pid: pids, descent: () => lineage };
  } finally {
    store.close();
  }
}
