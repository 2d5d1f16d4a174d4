/**
 * What `fh export` does.
 *
 * @module
 */
import { openOptions } from "../asking.ts";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askHistory } from "../../ask/open/open.ts";
import { checkAhead, readStretch, recordedSpans } from "../../ask/stretch.ts";
import { Notes } from "../../ask/notes.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT, Stopped, UsageError } from "../../fault.ts";
import { HistoryError } from "../../history/history_error.ts";
import { noHistory } from "../../ask/not_found.ts";
import { placeToAsk } from "../../history/place.ts";
import { Progress } from "../../term/progress.ts";
import { createFile } from "../new_file.ts";
import type { ExportOptions } from "./command.ts";

const PIECE = 1 << 20;

/** Runs the command; the exit status comes back. */
export async function runExport(
  context: Context,
  options: ExportOptions,
): Promise<number> {
  const { stdout } = context;
  if (options.output === undefined && stdout.isTerminal) {
    throw new UsageError("Missing file: an export is a database; give --output, or redirect it");
  }
  const stretch = readStretch(options, context.now());
  const notes = new Notes();
  const store = await askHistory(context, options.db, openOptions(context, notes));
  tellNotes(context, notes);
  if (store === null) {
    checkAhead(stretch, null);
    throw noHistory(placeToAsk(context));
  }
  const spans = recordedSpans(store, stretch);
  if (options.output === undefined && context.stdout.isNowhere) {
    const advice = "give a file by -o";
    throw new CommandError(EXIT.failed, `Cannot export: standard output is closed; ${advice}`);
  }
  const folder = options.output === undefined ? mkdtempSync(join(tmpdir(), "fh-export-")) : null;
  const file = options.output ?? join(folder!, "export.db");
  const progress = new Progress(context.stderr, options.quiet);
  try {
    createEmpty(file);
    const onCopied = (done: number, whole: number) => {
      progress.show("exporting", done, whole, "processes");
    };
    const count = await orRemove(file, () => store.exportTo(file, spans, onCopied));
    progress.end();
    if (folder !== null) await copyOut(file, context);
    tell(context, `exported ${count} processes`, options.quiet);
  } finally {
    progress.end();
    store.close();
    if (folder !== null) rmSync(folder, { recursive: true });
  }
  return EXIT.done;
}

/** Nobody else's file is written over, and nobody else may read it. */
function createEmpty(path: string): void {
  try {
    closeSync(createFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const [why, advice] = code === "EEXIST"
      ? ["it is there already", "remove it, or give another name"]
      : [message, "give another name"];
    throw new CommandError(EXIT.failed, `Cannot export to ${path}: ${why}; ${advice}`);
  }
}

/** What could not be finished is not left behind. */
async function orRemove<T>(path: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    for (const suffix of ["", "-journal"]) rmSync(path + suffix, { force: true });
    if (error instanceof HistoryError && error.trouble === "full") {
      throw new CommandError(EXIT.failed, `Cannot export: ${error.message}; ${error.advice}`);
    }
    if (!(error instanceof Stopped)) throw error;
    throw new CommandError(EXIT.failed, `Cannot export: ${error.message}; nothing is left of it`);
  }
}

async function copyOut(path: string, { stdout, signal }: Context): Promise<void> {
  const file = openSync(path, "r");
  try {
    const piece = new Uint8Array(PIECE);
    while (true) {
      if (signal.aborted && signal.reason !== "SIGPIPE") {
        const what = `Cannot export: stopped by ${signal.reason}`;
        throw new CommandError(EXIT.failed, `${what}; what was written is not complete`);
      }
      const length = readSync(file, piece);
      if (length === 0 || stdout.closed) return;
      stdout.write(piece.subarray(0, length));
      await stdout.flush();
    }
  } finally {
    closeSync(file);
  }
}
