/**
 * What `fh metrics` does: asks the recorder, or else what it has left in its file.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { askHistory } from "../../ask/open/open.ts";
import { askStatus } from "../../ask/status.ts";
import type { Context } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { exposition } from "../../metrics/exposition.ts";
import { type Family, isOfProcess, METRICS, single } from "../../metrics/family.ts";
import { familyFields, readFamilies } from "../../metrics/family_json.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { askServer } from "../../serve/client/ask.ts";
import { escapeText } from "../../text/escape.ts";
import { jsonText } from "../../text/json_text.ts";
import { VERSION } from "../../version.ts";
import { openOptions } from "../asking.ts";
import { replaceFile } from "../new_file.ts";
import type { MetricsOptions } from "./command.ts";

/** So long a server may take to answer: who runs this each minute waits for nobody. */
const ANSWER_MS = 10_000;
const MS_PER_S = 1e3;
const NS_PER_S = 1e9;
/** Readable for node_exporter, which is another user. */
const MODE = 0o644;

/** Runs the command; the exit status comes back. */
export async function runMetrics(context: Context, options: MetricsOptions): Promise<number> {
  const { socket, db, json, textfile, quiet } = options;
  // A file that was named is asked itself, unless the socket was named, too.
  const told = db !== undefined && socket === undefined
    ? null
    : await askRecorder(context, socket, quiet);
  const families = told ?? await askHistoryFile(context, db, quiet);
  // node_exporter has these of its own, and they would be those of another program.
  const own = textfile === undefined ? families : families.filter((one) => !isOfProcess(one));
  const text = json
    ? own.map((family) => `${jsonText(familyFields(family))}\n`).join("")
    : exposition(own, "prometheus");
  if (textfile === undefined) context.stdout.write(text);
  else write(textfile, text);
  return EXIT.done;
}

/** What a recorder that serves its socket has counted; null where there is none. */
async function askRecorder(
  context: Context,
  socket: string | undefined,
  quiet: boolean,
): Promise<Family[] | null> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const { families } = await askServer({ ...context, signal }, socket, "metrics", {});
    return readFamilies(families);
  } catch (error) {
    const isAsked = socket !== undefined || context.signal.aborted;
    if (isAsked || !(error instanceof CommandError)) throw error;
    tell(context, `nothing is counted: ${error.message}`, quiet);
    return null;
  }
}

/** What a history says by itself. */
async function askHistoryFile(
  context: Context,
  db: string | undefined,
  quiet: boolean,
): Promise<Family[]> {
  const notes = new Notes();
  const store = await askHistory(context, db, openOptions(context, notes));
  try {
    // What is missing of its past is no matter of now.
    const answer = store === null
      ? null
      : await askStatus(store, openProcfs(context.procRoot), new Notes());
    tellNotes(context, notes, quiet);
    const run = answer?.run ?? null;
    const source = run?.source ?? "none";
    return [
      { ...METRICS.build, samples: [{ labels: [run?.version ?? VERSION, source], value: 1 }] },
      single(METRICS.up, answer?.recording ?? false),
      ...answer === null ? [] : [
        single(METRICS.rows, answer.lives),
        single(METRICS.bytes, answer.size),
      ],
      ...run?.maxBytes == null ? [] : [single(METRICS.maxBytes, run.maxBytes)],
      ...run?.keepMs == null ? [] : [single(METRICS.keep, run.keepMs / MS_PER_S)],
      ...answer?.oldest == null ? [] : [single(METRICS.oldest, answer.oldest / MS_PER_S)],
      ...answer?.lag == null ? [] : [single(METRICS.lag, answer.lag / NS_PER_S)],
    ];
  } finally {
    store?.close();
  }
}

function write(path: string, text: string): void {
  try {
    replaceFile(path, text, MODE);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `Cannot write ${escapeText(path)}: ${code ?? message}`;
    const advice = code === "ENOENT" ? "make its folder" : "give another path";
    throw new CommandError(EXIT.failed, `${what}; ${advice}`);
  }
}
