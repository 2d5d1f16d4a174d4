/**
 * The pid of a process that runs, as people name it.
 *
 * @module
 */
import { findTarget } from "../ask/find.ts";
import { familyOf } from "../ask/here.ts";
import { noProcess } from "../ask/not_found.ts";
import { Notes } from "../ask/notes.ts";
import { parseAsked } from "../ask/text/target.ts";
import { targetOf } from "../ask/tree.ts";
import type { Context } from "../cli/command.ts";
import { tellNotes } from "../cli/tell.ts";
import { UsageError } from "../fault.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses } from "../proc/processes.ts";
import { createAsking } from "./asking.ts";

/**
 * A pid is taken as it is, though nobody may have it yet; a name is that of the newest, and others
 * that have it are told. Rejects with CommandError where an id or a name is of none that runs.
 */
export async function livingPid(
  context: Context,
  text: string,
  quiet = false,
): Promise<number> {
  const asked = parseAsked(text, context.now(), null);
  if (typeof asked !== "string" && asked.at !== null) {
    throw new UsageError(`Bad process: ${text}; it has to run now: give a pid, an id or a name`);
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
