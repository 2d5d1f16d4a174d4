/**
 * The question of `trouble`: what is wrong now, and what was in a stretch of time.
 *
 * @module
 */
import { Detector } from "../detect/detector.ts";
import { type Finding, FINDING_KINDS } from "../detect/finding.ts";
import { findingOf } from "../detect/kept.ts";
import { oomReason } from "../detect/kills.ts";
import { judgeLooks } from "../detect/living.ts";
import { INITIAL_LIMITS, type Limits, type ThresholdName } from "../detect/thresholds.ts";
import type { BootSpan } from "../model/bounds.ts";
import { sinceBoot } from "../model/boot.ts";
import { Machine } from "../model/machine.ts";
import type { Process } from "../model/process.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { type OomKill, parseOomKills } from "../proc/kernel_log.ts";
import { readProcesses } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import { isForsaken, lookSteps } from "./looks.ts";
import { noteNoHistory, noteNoRecorder } from "./notes.ts";
import { addMissing } from "./missing.ts";
import type { PastStore } from "./store.ts";
import { recordedSpans, type Stretch } from "./stretch.ts";
import { maySee } from "./viewer.ts";

const NS_PER_MS = 1e6;
/** The kernel's log is read no more often. */
const READ_PAUSE_MS = 50;

/** What is asked for. */
export interface TroubleQuery {
  readonly stretch: Stretch;
  /** Somebody has asked for that time. */
  readonly isAsked: boolean;
  readonly limits: Limits;
  /** The kernel's log; null where it may not be read. */
  readonly kernelLog: () => readonly string[] | null;
  /** Feeds a detector with what happens now, for a while; also where nothing is to be watched. */
  readonly watch: (detector: Detector | null) => Promise<void>;
}

/** What is wrong, the worst first. */
export async function askTrouble(asking: Asking, query: TroubleQuery): Promise<Finding[]> {
  const { notes, store: { past }, historyPlace } = asking;
  const found: Finding[] = [];
  const kills = readKills(asking, query);
  const spans = past === null ? [] : spansOf(past, query);
  // What lives is asked about where the stretch reaches up to now. That takes a second, after which
  // the recorder has found what is wrong now.
  const isNow = query.stretch.until === null;
  const now = isNow ? await findNow(asking, query, spans.length === 0) : [];
  if (past !== null && spans.length > 0) {
    past.hold();
    try {
      for (const span of spans) {
        found.push(...await findInPast(asking, past, span, query.limits, kills));
      }
    } finally {
      past.release();
    }
    addMissing(notes, await past.missing(spans));
    noteNoRecorder(notes, past);
  }
  const known = new Set(found.filter(({ isOver }) => !isOver).map(({ key }) => key));
  found.push(...now.filter(({ key }) => !known.has(key)));
  if (past === null) {
    noteNoHistory(
      notes,
      "what went wrong before is not known, nor what comes seldom",
      historyPlace,
    );
  } else if (spans.length === 0) {
    notes.add("nothing", `nothing was recorded lately in ${past.place}: this is what was seen now`);
  }
  return found.sort(byWeight);
}

/**
 * What was wrong on as many hosts as the store has: what their recorders have kept, and what they
 * would have found where they did not look; the worst first.
 */
export async function askShipped(
  asking: Asking,
  past: PastStore,
  query: Pick<TroubleQuery, "stretch" | "isAsked">,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const spans = spansOf(past, query);
  for (const span of spans) {
    found.push(...await findInPast(asking, past, span, INITIAL_LIMITS, null));
  }
  addMissing(asking.notes, await past.missing(spans));
  return found.sort(byWeight);
}

/** What was kept. */
export interface Kept {
  readonly found: Finding[];
  /** For how long of the time no recorder has looked for trouble, nanoseconds. */
  readonly unwatchedNs: number;
}

/**
 * What recorders have found and kept, of as many hosts as the store has; the worst first. Others
 * than the privileged get what is about their own processes, and not who else starts these.
 */
export async function askKept(
  { notes, viewer, breath }: Asking,
  past: PastStore,
  query: Pick<TroubleQuery, "stretch" | "isAsked">,
): Promise<Kept> {
  const found: Finding[] = [];
  const spans = spansOf(past, query);
  let unwatchedNs = 0;
  for (const span of spans) {
    const kept = await past.findings(span);
    await breath.take();
    for (const { since, until } of kept.unwatched) unwatchedNs += until - since;
    for (const one of kept.found) {
      if (!maySee(viewer, one.process.uid)) continue;
      const by = one.by !== null && maySee(viewer, one.by.uid) ? one.by : null;
      const finding = findingOf({ ...one, by });
      if (finding !== null) found.push(finding);
    }
  }
  addMissing(notes, await past.missing(spans));
  return { found: found.sort(byWeight), unwatchedNs };
}

/** What was recorded; where no time was asked for, that may be nothing. */
function spansOf(
  past: PastStore,
  { stretch, isAsked }: Pick<TroubleQuery, "stretch" | "isAsked">,
): BootSpan[] {
  if (isAsked) return recordedSpans(past, stretch);
  return past.bounds.spans(stretch.since ?? 0, Number.MAX_SAFE_INTEGER);
}

/** What is wrong with the living, and with what happens while they are looked at. */
async function findNow(
  asking: Asking,
  query: TroubleQuery,
  isWatched: boolean,
): Promise<readonly Finding[]> {
  if (!isWatched) return await findLiving(asking, query, null);
  // What is killed while it is watched is in the log by then.
  const kills = killsOf(query);
  const explain = (process: Process) => oomReason(process, kills());
  const detector = new Detector({ limits: query.limits, explain });
  return [...await findLiving(asking, query, detector), ...detector.found];
}

/** The worst kind first, what goes on before what is over, and then the latest. */
function byWeight(a: Finding, b: Finding): number {
  const weight = ({ kind }: Finding) => FINDING_KINDS.indexOf(kind);
  return Number(a.isOver) - Number(b.isOver) || weight(a) - weight(b) || momentOf(b) - momentOf(a);
}

function momentOf({ process, until }: Finding): number {
  return process.boot.moment(until) ?? until / 1e6;
}

/** What the recorder has found, and what it would have where it did not look. */
async function findInPast(
  asking: Asking,
  past: PastStore,
  span: BootSpan,
  limits: Limits,
  kills: readonly OomKill[] | null,
): Promise<readonly Finding[]> {
  const { found: kept, unwatched } = await past.findings(span);
  const found = kept.flatMap((one) => findingOf(one) ?? []);
  if (!isInitial(limits)) {
    // What was new then only the recorder knows.
    const firsts = found.filter(({ kind }) => kind === "first-seen");
    return [...await findAgain(asking, past, span, limits, kills), ...firsts];
  }
  const told = [...found];
  for (const part of unwatched) {
    const more = await findAgain(asking, past, part, limits, kills);
    found.push(...more.filter((one) => !told.some((other) => isSame(one, other))));
  }
  return found;
}

/** Whether two findings are about the same trouble at the same time. */
function isSame(one: Finding, other: Finding): boolean {
  return one.key === other.key && one.since <= other.until && other.since <= one.until;
}

/** Whether they are those with which a recorder looks. */
function isInitial(limits: Limits): boolean {
  const names = Object.keys(INITIAL_LIMITS) as ThresholdName[];
  return names.every((name) => limits[name] === INITIAL_LIMITS[name]);
}

/** Goes through all that happened. */
async function findAgain(
  asking: Asking,
  past: PastStore,
  span: BootSpan,
  limits: Limits,
  kills: readonly OomKill[] | null,
): Promise<readonly Finding[]> {
  const { boot } = span;
  // The kernel's log begins anew with each boot.
  const isNow = boot.shortId === asking.boot.shortId;
  const known = isNow ? kills ?? [] : [];
  const explain = (process: Process) => oomReason(process, known);
  const detector = new Detector({ limits, explain });
  const machine = new Machine({ onChange: (change) => detector.note(change), boot });
  for await (const event of past.replay(span)) machine.step(event);
  detector.turn(Math.min(span.until, boot.end));
  if (detector.dropped > 0) {
    asking.notes.add("limit", `${detector.dropped} findings that were over first are left out`);
  }
  return detector.found;
}

function readKills({ notes }: Asking, { kernelLog }: TroubleQuery): OomKill[] | null {
  const records = kernelLog();
  if (records !== null) return parseOomKills(records);
  notes.add("source", "whom the kernel has killed for memory is not known: root may read its log");
  return null;
}

/** The log as it is now; many may be killed at once. */
function killsOf({ kernelLog }: TroubleQuery): () => readonly OomKill[] {
  let readAt = -Infinity;
  let known: readonly OomKill[] = [];
  return () => {
    if (performance.now() - readAt < READ_PAUSE_MS) return known;
    known = parseOomKills(kernelLog() ?? []);
    readAt = performance.now();
    return known;
  };
}

async function findLiving(
  asking: Asking,
  query: TroubleQuery,
  detector: Detector | null,
): Promise<readonly Finding[]> {
  const { reader, boot, redact, now, breath } = asking;
  const began = boot.epoch === null ? 0 : sinceBoot(now(), boot.epoch);
  // A clock that is set meanwhile changes nothing.
  const start = performance.now();
  const before = await breath.finish(lookSteps(reader));
  await query.watch(detector);
  const after = await breath.finish(lookSteps(reader));
  const end = began + (performance.now() - start) * NS_PER_MS;
  detector?.turn(end);
  const troubles = judgeLooks(before, after, [began, end], query.limits)
    .filter(({ kind, pid }) => kind !== "runaway" || isForsaken(reader, pid));
  if (troubles.length === 0) return [];
  const pids = troubles.map(({ pid }) => pid);
  const processes = takeSnapshot(readProcesses(reader, pids), redact, boot);
  const judge = new Detector({ limits: query.limits });
  judge.look(troubles, end, (pid) => processes.find((one) => one.pid === pid) ?? null);
  return judge.found;
}
