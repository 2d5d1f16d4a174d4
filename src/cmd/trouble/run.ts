/**
 * What `fh trouble` does: asks the history and the living, and says what is wrong.
 *
 * @module
 */
import { Notes } from "../../ask/notes.ts";
import { readStretch, type Stretch } from "../../ask/stretch.ts";
import { askShipped, askTrouble } from "../../ask/trouble.ts";
import { type Context, useColor } from "../../cli/command.ts";
import { tellNotes } from "../../cli/tell.ts";
import type { Detector } from "../../detect/detector.ts";
import type { Finding } from "../../detect/finding.ts";
import type { Limits } from "../../detect/thresholds.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { readKernelLog } from "../../host/kernel_log.ts";
import { shortTime } from "../../host/local_time.ts";
import { pause } from "../../steps.ts";
import { jsonText } from "../../text/json_text.ts";
import { paint } from "../../text/style.ts";
import {
  troubleCommand,
  troubleJson,
  type TroubleOptions as Words,
  troubleSentence,
} from "../../view/trouble.ts";
import { createAsking } from "../asking.ts";
import { openSession } from "../capture.ts";
import { captureOptions, type CaptureSettings } from "../capture_options.ts";
import { checkFleet, type FleetAsked, openPast } from "../fleet/ask.ts";
import { limitsOf } from "./limits.ts";

/** What the command line asks for. */
interface TroubleSettings extends CaptureSettings, FleetAsked {
  readonly since?: string;
  readonly until?: string;
  readonly for?: number;
  readonly threshold?: readonly Partial<Limits>[];
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: "auto" | "always" | "never";
}

const HOUR_MS = 3_600_000;
const NS_PER_MS = 1e6;
/** Between two looks at the living where a history has the rest, and where there is none. */
const LOOK_NS = 1e9;
const WATCH_NS = 5e9;
/** There is something wrong. */
const TROUBLE = 1;

/** Findings, and the words for them. */
interface Trouble {
  readonly findings: readonly Finding[];
  readonly words: Words;
}

/** Runs the command; the exit status comes back. */
export async function runTrouble(context: Context, options: TroubleSettings): Promise<number> {
  const notes = new Notes();
  const { findings, words } = await findTrouble(context, options, notes);
  if (options.json) context.stdout.write(`${jsonText(troubleJson(findings, notes, words))}\n`);
  else write(context, findings, words, options.color);
  await context.stdout.flush();
  tellNotes(context, notes, options.quiet);
  return findings.length > 0 ? TROUBLE : EXIT.done;
}

/** What is wrong, and was in a stretch of time; throws CommandError. */
export async function findTrouble(
  context: Context,
  options: TroubleSettings,
  notes: Notes,
): Promise<Trouble> {
  const stretch = stretchOf(context, options);
  const { threshold, for: time } = options;
  checkFleet(options, { threshold, for: time });
  const past = await openPast(context, options, notes);
  try {
    if (past === null && options.since !== undefined) refuse(options.since);
    const asking = await createAsking(context, {}, past, notes, true);
    const isAsked = options.since !== undefined || options.until !== undefined;
    const findings = past?.isElsewhere
      ? await askShipped(asking, past, { stretch, isAsked })
      : await askTrouble(asking, {
        stretch,
        isAsked,
        limits: limitsOf(options.threshold),
        kernelLog: readKernelLog,
        watch: (detector) => watch(context, options, detector),
      });
    const now = context.now();
    const timeOf = (moment: number) => shortTime(moment, now);
    return { findings, words: { users: asking.users, timeOf } };
  } finally {
    past?.close();
  }
}

function stretchOf({ now }: Context, options: TroubleSettings): Stretch {
  const stretch = readStretch(options, now());
  return stretch.since === null
    ? { ...stretch, since: (stretch.until ?? now()) - HOUR_MS }
    : stretch;
}

function refuse(since: string): never {
  throw new CommandError(
    EXIT.notFound,
    `Cannot look at what went wrong since ${since}: there is no history; run fh record, or leave ` +
      "--since out to look at what happens now",
  );
}

/** Waits between the two looks at the living, and tells a detector what happens meanwhile. */
async function watch(
  context: Context,
  options: TroubleSettings,
  detector: Detector | null,
): Promise<void> {
  const ns = options.for ?? (detector === null ? LOOK_NS : WATCH_NS);
  if (detector === null) {
    await pause(ns / NS_PER_MS, context.signal);
    return;
  }
  const wanted = { act: "watch", source: options.source, start: context.capture };
  const { promise: ended, resolve: end, reject } = Promise.withResolvers<void>();
  const session = await openSession(wanted, {
    capture: captureOptions(context, options),
    onChange: (change) => detector.note(change),
    onEnd: (error) => error === null ? end() : reject(error),
  });
  session.begin();
  await Promise.race([pause(ns / NS_PER_MS, context.signal), ended]);
  await session.close();
}

function write(
  { stdout, env }: Context,
  findings: readonly Finding[],
  words: Words,
  when: TroubleSettings["color"],
): void {
  const color = useColor(when, stdout, env);
  for (const finding of findings) {
    const style = finding.isOver ? "dim" : "bold";
    stdout.write(`${paint(troubleSentence(finding, words), style, color)}\n`);
    stdout.write(`  ${troubleCommand(finding)}\n`);
  }
  if (findings.length === 0) stdout.write("Nothing is wrong, as far as fh can see\n");
}
