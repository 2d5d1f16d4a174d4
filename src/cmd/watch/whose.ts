/**
 * Whose descendants `fh watch` shows, as people name them.
 *
 * @module
 */
import type { Descent } from "../../ask/filter.ts";
import { findTarget } from "../../ask/find.ts";
import { familyOf } from "../../ask/here.ts";
import { noHistory, noProcess } from "../../ask/not_found.ts";
import { Notes } from "../../ask/notes.ts";
import { findRoots } from "../../ask/roots.ts";
import { parseAsked } from "../../ask/text/target.ts";
import { targetOf } from "../../ask/tree.ts";
import type { Context } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import { UsageError } from "../../fault.ts";
import { takeSnapshot } from "../../model/snapshot.ts";
import { readProcesses } from "../../proc/processes.ts";
import { createAsking, openOptions } from "../asking.ts";

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
  for (const text of texts) pid.push(await livingPid(context, text, options));
  return { pid };
}

/** A pid is taken as it is, though nobody may have it yet; a name is that of the newest. */
async function livingPid(
  context: Context,
  text: string,
  { quiet }: WhoseOptions,
): Promise<number> {
  const asked = parseAsked(text, context.now(), null);
  if (typeof asked !== "string" && asked.at !== null) {
    throw new UsageError(`Bad process: ${text}; what is watched runs now: give a pid or a name`);
  }
  if (typeof asked !== "string" && asked.id === null) return asked.pid;
  const notes = new Notes();
  const asking = await createAsking(context, {}, null, notes, false);
  if (typeof asked === "string") {
    const { pid } = await targetOf(asking, asked, {});
    tellNotes(context, notes, quiet);
    return pid;
  }
  const { reader, boot } = asking;
  const living = takeSnapshot(readProcesses(reader, [asked.pid]), undefined, boot);
  const found = await findTarget(familyOf(asking, living), asked);
  if (found === null) throw noProcess(asked.pid, "it has ended, or was of another boot");
  return found.pid;
}

async function inHistory(
  context: Context,
  texts: readonly string[],
  { db, quiet }: WhoseOptions,
): Promise<Whose> {
  const { askHistory } = await import("../../ask/open/open.ts");
  const notes = new Notes();
  const store = await askHistory(context, db, openOptions(context, new Notes()));
  const asking = await createAsking(context, {}, store, notes, false);
  if (store === null) throw noHistory(asking.historyPlace);
  try {
    const asked = texts.map((text) => parseAsked(text, context.now(), store.bounds));
    const { lineage, pids } = await findRoots(asking, asked);
    tellNotes(context, notes, quiet);
    return { pid: pids, descent: () => lineage };
  } finally {
    store.close();
  }
}
