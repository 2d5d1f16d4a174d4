/**
 * `fh tree` with a history: the dead among the living, and the tree as it was.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import type { History } from "../history/history.ts";
import { asLife, type Life } from "../history/life.ts";
import type { Missing } from "../history/missing.ts";
import { localTime } from "../host/local_time.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Process } from "../model/process.ts";
import { buildForest, type Forest } from "../model/tree.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { Asking } from "./asking.ts";
import { chooseLife, Kin } from "./kin.ts";
import { noteMissing } from "./missing.ts";
import { neverSeen, outside } from "./never_seen.ts";
import type { Notes } from "./notes.ts";
import { readStretch, recordedSpans } from "./stretch.ts";
import { parseMoment } from "./text/moments.ts";
import type { Target } from "./text/target.ts";
import type { TreeQuery } from "./tree_query.ts";
import { maySee } from "./viewer.ts";

/** The dead below one process that are shown unless told otherwise. */
const DEAD_LIMIT = 1000;

/** A forest to choose from, and the process that was asked for. */
export interface Shown {
  readonly forest: Forest;
  readonly focus: Process | null;
  /** What is not known of its time. */
  readonly missing?: readonly Missing[];
}

/**
 * Joins living processes with what the history knows: true parents, and what descended from the
 * process that was asked for and has ended. Throws CommandError when it is nowhere.
 */
export function* withPast(
  asking: Asking,
  history: History,
  living: readonly Process[],
  target: Target | null,
  query: TreeQuery,
): Steps<Shown> {
  const { reader, notes } = asking;
  const kin = new Kin(history, reader, living, asking.followed);
  if (target === null) {
    yield* kin.linkAll();
    noteCut(notes, living);
    return { forest: buildForest(living), focus: null };
  }
  const focus = yield* kin.find(target);
  if (focus === null) throw neverSeen(history, target);
  noteOthers(asking, history, target, focus);
  noteCut(notes, [focus]);
  const all = new Set([...living, focus]);
  if (!query.ancestors || query.descendants) {
    yield* kin.linkAll();
    const limit = query.limit ?? DEAD_LIMIT;
    const { dead, more } = yield* kin.deadBelow(focus, limit);
    for (const one of dead) all.add(one);
    if (more) {
      const what = `the newest ${limit} of what ended below ${focus.pid} are shown`;
      notes.add("limit", `${what}; for more give --limit`);
    }
  }
  const span = kin.spanOf(focus);
  const missing = noteMissing(notes, history, span === null ? [] : [span]);
  return { forest: buildForest(all), focus, missing };
}

/** Notes that a line of ancestors is longer than is followed. */
function noteCut(notes: Notes, shown: Iterable<Process>): void {
  const top = firstCut(shown);
  if (top === null) return;
  const what = `above ${top.pid} there are more ancestors: ${ANCESTORS_MAX} are followed`;
  notes.add("ancestors", `${what}; for those of that one give its pid`);
}

/** The first end of a line above which there is more; null when there is none. */
function firstCut(shown: Iterable<Process>): Process | null {
  const passed = new Set<Process>();
  for (const one of shown) {
    for (let at: Process | null = one; at !== null && !passed.has(at); at = at.parent) {
      passed.add(at);
      if (at.moreAbove) return at;
    }
  }
  return null;
}

/** A living process may not be the one that was meant. */
function noteOthers(
  { notes, viewer }: Asking,
  history: History,
  { pid, at, id }: Target,
  focus: Process,
): void {
  if (at !== null || id !== null || !focus.alive) return;
  const others = history.byPid(pid).filter(({ startTicks, seenFor, uid }) =>
    seenFor !== Infinity && Math.abs(startTicks - focus.startTicks) > 1 && maySee(viewer, uid)
  );
  if (others.length === 0) return;
  const [latest] = others;
  const ended = localTime(latest!.boot.moment(latest!.born));
  const what = `${pid} runs now; ${others.length} before it had that pid, the last from ${ended}`;
  notes.add("others", `${what}; for one of them give ${pid}@TIME`);
}

/** The forest of a time, or of a stretch of time, out of the history alone. */
export async function pastForest(
  { notes, breath }: Asking,
  history: History,
  target: Target | null,
  query: TreeQuery,
): Promise<Shown> {
  const { at, since, until } = query;
  if (at !== undefined && (since !== undefined || until !== undefined)) {
    throw new UsageError("Bad options: --at with --since or --until; take one of them");
  }
  const now = Date.now();
  const moment = at === undefined ? null : parseMoment(at, now, history);
  const spans = moment === null
    ? recordedSpans(history, readStretch(query, now))
    : history.spansAt(moment);
  if (spans.length === 0) throw outside(history);
  // A moment has no length.
  const stretch = spans.map((span) => ({ ...span, until: Math.max(span.until, span.since + 1) }));
  const missing = noteMissing(notes, history, stretch);
  const found: Life[] = [];
  for (const span of spans) {
    for (const life of await breath.finish(history.livedWithinSteps(span))) found.push(life);
  }
  const lives = limitDead(found, query);
  await breath.finish(history.lives.linkUp(lives));
  noteCut(notes, lives);
  if (at !== undefined) await breath.finish(standAsOf(history, lives, spans.at(-1)!.since));
  const forest = buildForest(lives);
  if (target === null) return { forest, focus: null, missing };
  const focus = chooseLife(lives.filter((life) => life.pid === target.pid), target);
  if (focus === null) throw neverSeen(history, { ...target, at: target.at ?? moment });
  return { forest, focus, missing };
}

/** The living, and the newest so many of the others. */
function limitDead(lives: Life[], { limit = Infinity }: TreeQuery): Life[] {
  const newest = lives.filter(({ state }) => state !== "running").sort((a, b) => b.born - a.born);
  const dropped = new Set(newest.slice(limit));
  return lives.filter((life) => !dropped.has(life));
}

/** Lives as they stood at a time, and their ancestors, that ended before or lived, too. */
function* standAsOf(history: History, lives: readonly Life[], ns: number): Steps<void> {
  const done = new Set<Process>();
  for (const life of lives) {
    for (let at: Life | null = life; at !== null && !done.has(at); at = asLife(at.parent)) {
      done.add(at);
      if (done.size % STEP_ROWS === 0) yield;
      if (at.born + at.seenFor > ns) yield* standAt(history, at, ns);
    }
  }
}

function* standAt(history: History, life: Life, ns: number): Steps<void> {
  life.state = "running";
  life.end = null;
  life.status = null;
  yield* history.lives.dressAtSteps(life, ns);
  const { parent } = life;
  if (parent !== null && (parent.end === null || parent.end > ns)) life.reaper = null;
}
