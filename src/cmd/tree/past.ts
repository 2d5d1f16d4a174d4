/**
 * `fh tree` with a history: the dead among the living, and the tree as it was.
 *
 * @module
 */
import type { Context } from "../../cli/command.ts";
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import type { History } from "../../history/history.ts";
import { Life } from "../../history/life.ts";
import type { Missing } from "../../history/missing.ts";
import { ANCESTORS_MAX } from "../../model/memory.ts";
import type { Process } from "../../model/process.ts";
import { buildForest, type Forest } from "../../model/tree.ts";
import { openProcfs } from "../../proc/procfs.ts";
import { Breath, STEP_ROWS, type Steps } from "../../steps.ts";
import { chooseLife, Kin } from "../kin.ts";
import { localTime } from "../local_time.ts";
import { missingClause, tellMissing } from "../missing.ts";
import { parseMoment } from "../moments.ts";
import { outside, readStretch, recordedSpans } from "../past.ts";
import type { Target } from "../target.ts";
import { noProcess, type TreeOptions } from "./options.ts";

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
  context: Context,
  history: History,
  living: readonly Process[],
  target: Target | null,
  options: TreeOptions,
): Steps<Shown> {
  const kin = new Kin(history, openProcfs(context.procRoot), living, options.followed);
  if (target === null) {
    yield* kin.linkAll();
    tellCut(context, living, options);
    return { forest: buildForest(living), focus: null };
  }
  const focus = yield* kin.find(target);
  if (focus === null) throw neverSeen(history, target);
  tellOthers(context, history, target, focus, options);
  tellCut(context, [focus], options);
  const all = new Set([...living, focus]);
  if (!options.ancestors || options.descendants) {
    yield* kin.linkAll();
    const limit = options.limit ?? DEAD_LIMIT;
    const { dead, more } = yield* kin.deadBelow(focus, limit);
    for (const one of dead) all.add(one);
    if (more && !options.quiet) {
      const what = `the newest ${limit} of what ended below ${focus.pid} are shown`;
      context.stderr.write(`fh: ${what}; for more give --limit\n`);
    }
  }
  const span = kin.spanOf(focus);
  const missing = tellMissing(context, history, span === null ? [] : [span], options.quiet);
  return { forest: buildForest(all), focus, missing };
}

/** Says that a line of ancestors is longer than is followed. */
function tellCut({ stderr }: Context, shown: Iterable<Process>, { quiet }: TreeOptions): void {
  const top = quiet ? null : firstCut(shown);
  if (top === null) return;
  const what = `above ${top.pid} there are more ancestors: ${ANCESTORS_MAX} are followed`;
  stderr.write(`fh: ${what}; for those of that one give its pid\n`);
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
function tellOthers(
  { stderr }: Context,
  history: History,
  { pid, at, id }: Target,
  focus: Process,
  { quiet }: TreeOptions,
): void {
  if (quiet || at !== null || id !== null || !focus.alive) return;
  const others = history.byPid(pid).filter(({ startTicks, seenFor }) =>
    seenFor !== Infinity && Math.abs(startTicks - focus.startTicks) > 1
  );
  if (others.length === 0) return;
  const [latest] = others;
  const ended = localTime(latest!.boot.moment(latest!.born));
  const what = `${pid} runs now; ${others.length} before it had that pid, the last from ${ended}`;
  stderr.write(`fh: ${what}; for one of them give ${pid}@TIME\n`);
}

/** The error of a process that is neither in /proc nor in the history. */
export function neverSeen(history: History, { pid, at, id }: Target): CommandError {
  const everything = history.spans(0, Number.MAX_SAFE_INTEGER);
  if (id !== null) {
    const unknown = missingClause(history, everything);
    const what = `No process ${id}: it is not in /proc and not in ${history.path}${unknown}`;
    return new CommandError(EXIT.notFound, `${what}; give an id that fh log --json shows`);
  }
  if (at !== null && history.spans(at, at + 1).length === 0) return outside(history);
  const when = at === null ? "" : ` at ${localTime(at)}`;
  const range = history.range();
  const since = range === null ? "is empty" : `goes back to ${localTime(range.since)}`;
  // A time is given to the second.
  const unknown = missingClause(history, at === null ? everything : history.spans(at, at + 1000));
  return noProcess(pid, `not in /proc, and not in the history${when}; that ${since}${unknown}`);
}

/** The forest of a time, or of a stretch of time, out of the history alone. */
export async function pastForest(
  context: Context,
  history: History,
  target: Target | null,
  options: TreeOptions,
): Promise<Shown> {
  const { at, since, until } = options;
  if (at !== undefined && (since !== undefined || until !== undefined)) {
    throw new UsageError("Bad options: --at with --since or --until; take one of them");
  }
  const now = Date.now();
  const moment = at === undefined ? null : parseMoment(at, now, history);
  const spans = moment === null
    ? recordedSpans(history, readStretch(options, now))
    : history.spansAt(moment);
  if (spans.length === 0) throw outside(history);
  // A moment has no length.
  const stretch = spans.map((span) => ({ ...span, until: Math.max(span.until, span.since + 1) }));
  const missing = tellMissing(context, history, stretch, options.quiet);
  const breath = new Breath(context.signal);
  const found: Life[] = [];
  for (const span of spans) {
    for (const life of await breath.finish(history.livedWithinSteps(span))) found.push(life);
  }
  const lives = limitDead(found, options);
  await breath.finish(history.lives.linkUp(lives));
  tellCut(context, lives, options);
  if (at !== undefined) await breath.finish(standAsOf(history, lives, spans.at(-1)!.since));
  const forest = buildForest(lives);
  if (target === null) return { forest, focus: null, missing };
  const focus = chooseLife(lives.filter((life) => life.pid === target.pid), target);
  if (focus === null) throw neverSeen(history, { ...target, at: target.at ?? moment });
  return { forest, focus, missing };
}

/** The living, and the newest so many of the others. */
function limitDead(lives: Life[], { limit = Infinity }: TreeOptions): Life[] {
  const newest = lives.filter(({ state }) => state !== "running").sort((a, b) => b.born - a.born);
  const dropped = new Set(newest.slice(limit));
  return lives.filter((life) => !dropped.has(life));
}

/** Lives as they stood at a time, and their ancestors, that ended before or lived, too. */
function* standAsOf(history: History, lives: readonly Life[], ns: number): Steps<void> {
  const done = new Set<Process>();
  for (const life of lives) {
    for (let at: Process | null = life; at instanceof Life && !done.has(at); at = at.parent) {
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
