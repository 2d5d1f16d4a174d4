/**
 * What `fh report` does: asks which processes, and writes them in a format.
 *
 * @module
 */
import { hostname } from "node:os";
import { createFilter, type FilterOptions } from "../../ask/filter.ts";
import { Notes } from "../../ask/notes.ts";
import { askSpans } from "../../ask/spans.ts";
import { chooseSpans, usersIn } from "../../ask/saved_spans.ts";
import { checkAhead, readStretch, type Stretch } from "../../ask/stretch.ts";
import { parseAsked } from "../../ask/text/target.ts";
import type { Context } from "../../cli/command.ts";
import { tell, tellNotes } from "../../cli/tell.ts";
import { CommandError, EXIT, Refusal, Stopped, UsageError } from "../../fault.ts";
import { openUsers } from "../../proc/users.ts";
import type { Format } from "../../report/formats.ts";
import { notesOfFrame } from "../../report/frame_notes.ts";
import type { Spans } from "../../report/span.ts";
import { withTraces } from "../../report/traces.ts";
import type { Weight } from "../../report/weights.ts";
import { refused } from "../../serve/client/ask.ts";
import { Progress } from "../../term/progress.ts";
import { createAsking, usersElsewhere } from "../asking.ts";
import {
  asksFleet,
  checkFleet,
  type FleetAsked,
  hostOf,
  hostOfAll,
  hostsText,
  openPast,
} from "../fleet/ask.ts";
import { whyNotReplace } from "../new_file.ts";
import { loadShown } from "./load_run.ts";
import { writeReport } from "./write.ts";

/** All of the time. */
const OPEN: Stretch = { since: null, until: null, ahead: null };

/** What the command line asks for. */
interface ReportOptions extends Omit<FilterOptions, "pid" | "event">, FleetAsked {
  readonly pid?: readonly string[];
  readonly job?: string;
  readonly since?: string;
  readonly until?: string;
  readonly run?: string;
  readonly output?: string;
  readonly weight?: Weight;
  readonly endpoint?: string;
  readonly quiet?: boolean;
}

/** Runs the command; the exit status comes back. */
export async function runReport(
  context: Context,
  format: Format,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const options = hostsOf(context, given as unknown as ReportOptions);
  const target = format.name === "otlp" && options.output === undefined
    ? (await import("../../collector/target.ts")).targetOf(context.env, options.endpoint)
    : null;
  checkOptions(context, format, options, target !== null);
  const progress = new Progress(context.stderr, options.quiet);
  try {
    const notes = new Notes();
    const spans = await wantedSpans(context, format, options, notes, progress);
    if (target === null) {
      const settings = { weight: options.weight ?? "wall", now: context.now() } as const;
      await writeReport(context, format, spans, settings, options.output, progress);
    } else {
      const { sendSpans } = await import("./send.ts");
      const { shownUrl } = await import("../../collector/target.ts");
      const count = await sendSpans(spans, target, context.signal, progress);
      progress.end();
      tell(context, `sent ${count} spans to ${shownUrl(target.url)}`, options.quiet);
    }
    progress.end();
    tellNotes(context, notes, options.quiet);
  } catch (error) {
    throw error instanceof Stopped ? stopped(context, options) : error;
  } finally {
    progress.end();
  }
  return EXIT.done;
}

/** The host of HOST:PID and of HOST:JOB among the options. */
function hostsOf(context: Context, given: ReportOptions): ReportOptions {
  const options = hostOfAll(context, given);
  if (options.job === undefined) return options;
  const [job, own] = hostOf(context, options.job, options);
  return { ...own, job };
}

/** A saved run; what was noted of it is told as that of a history. */
async function loadNoted(
  context: Context,
  path: string,
  notes: Notes,
  progress: Progress,
): Promise<Spans> {
  const spans = await loadShown(context, path, progress);
  for (const text of notesOfFrame(spans.frame)) notes.add("saved", text);
  return spans;
}

/** A part of a report is none; who has seen enough of it is told nothing. */
function stopped({ signal, stdout }: Context, { output }: ReportOptions): CommandError {
  const { reason } = signal;
  if (stdout.closed && output === undefined) return new Stopped("SIGPIPE");
  const left = output === undefined ? "what was written is not complete" : "nothing is left of it";
  return new CommandError(EXIT.failed, `Cannot report: stopped by ${reason}; ${left}`);
}

function checkOptions(
  { stdout }: Context,
  format: Format,
  options: ReportOptions,
  isSent: boolean,
): void {
  const { output, run } = options;
  checkFleet(options, {});
  const elsewhere = (["db", "fleet", "host"] as const).find((name) => options[name] !== undefined);
  if (run !== undefined && elsewhere !== undefined) {
    throw new UsageError(`Bad options: --${elsewhere} with --run; take one of them`);
  }
  if (run !== undefined && options.cgroup !== undefined) {
    const what = "Bad options: --cgroup with --run: a saved run has no control groups";
    throw new UsageError(`${what}; take --user, --comm or --match`);
  }
  if (options.endpoint !== undefined && output !== undefined) {
    throw new UsageError("Bad options: --endpoint with --output; take one of them");
  }
  if (output !== undefined) {
    const why = whyNotReplace(output);
    if (why === null) return;
    const what = `Cannot write the report to ${output}: ${why}; give the path of a file`;
    throw new CommandError(EXIT.failed, what);
  }
  if (isSent || !format.isBinary || !stdout.isTerminal) return;
  throw new UsageError(
    `Missing file: ${format.name} is no text; give one by -o, or redirect standard output`,
  );
}

/** The spans that are asked for, wherever they are. */
async function wantedSpans(
  context: Context,
  format: Format,
  options: ReportOptions,
  notes: Notes,
  progress: Progress,
): Promise<Spans> {
  const { run, pid, job } = options;
  const stretch = readStretch(options, context.now());
  const filters = filtersOf(options);
  const { cgroup, ...inSpans } = filters;
  // What a process is a part of is told by all of them, whichever are shown.
  const hasTraces = format.name === "otlp";
  if (run === undefined && !(hasTraces && Object.keys(inSpans).length > 0)) {
    return await ask(context, options, stretch, filters, notes, progress);
  }
  const all = run === undefined
    ? await ask(context, options, stretch, cgroup === undefined ? {} : { cgroup }, notes, progress)
    : await loadNoted(context, run, notes, progress);
  const query = run === undefined ? { stretch: OPEN, ...inSpans } : {
    stretch,
    ...pid === undefined ? {} : { pid },
    ...job === undefined ? {} : { job },
    ...inSpans,
  };
  const users = run === undefined ? openUsers() : usersIn(all);
  const found = chooseSpans(hasTraces ? withTraces(all) : all, query, users, context.now());
  if (found !== null || all.spans.length === 0) return found ?? all;
  const where = run === undefined ? "what was found" : run;
  const what = `No such process in ${where}; give another time, or fewer filters`;
  throw new CommandError(EXIT.notFound, what);
}

type Filters = Omit<FilterOptions, "pid" | "event">;

function filtersOf(options: ReportOptions): Filters {
  const { user, comm, match, failed, minDuration, cgroup } = options;
  return {
    ...user === undefined ? {} : { user },
    ...comm === undefined ? {} : { comm },
    ...match === undefined ? {} : { match },
    ...failed ? { failed } : {},
    ...minDuration === undefined ? {} : { minDuration },
    ...cgroup === undefined ? {} : { cgroup },
  };
}

async function ask(
  context: Context,
  options: ReportOptions,
  stretch: Stretch,
  filters: Filters,
  notes: Notes,
  progress: Progress,
): Promise<Spans> {
  const { pid, job } = options;
  const onRead = (count: number, whole: number | null) => {
    progress.show("reading", count, whole, "processes");
  };
  for (const text of pid ?? []) parseAsked(text, context.now(), { latest: Infinity });
  // A filter that makes no sense is told before anything is opened.
  createFilter(filtersOf(options), asksFleet(options) ? usersElsewhere() : openUsers());
  const store = await openPast(context, options, notes, { progress });
  if (store === null) checkAhead(stretch, null);
  try {
    const asking = await createAsking(context, {}, store, notes, store === null);
    return await askSpans(asking, {
      ...filters,
      stretch,
      ...pid === undefined ? {} : { pid },
      ...job === undefined ? {} : { job },
      uid: context.euid,
      host: store?.isElsewhere ? hostsText(store) : hostname(),
      ...progress.isWanted ? { onRead } : {},
    });
  } catch (error) {
    throw error instanceof Refusal ? refused(error) : error;
  } finally {
    store?.close();
  }
}
