/**
 * `fh tree` with a history: the dead among the living, and the tree as it was.
 *
 * @module
 */
import { UsageError } from "../fault.ts";
import { localTime } from "../host/local_time.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Process } from "../model/process.ts";
import { namesOf } from "../model/program_names.ts";
import { buildForest, type Forest } from "../model/tree.ts";
import type { Asking } from "./asking.ts";
import { choosePast, findTarget } from "./find.ts";
import { familyOf } from "./here.ts";
import { noteMissing } from "./missing.ts";
import { newestTop, noneNamed } from "./named.ts";
import { neverSeen, outside } from "./never_seen.ts";
import type { Notes } from "./notes.ts";
import type { Family, Missing, PastProcess, PastStore } from "./store.ts";
import { readStretch, recordedSpans } from "./stretch.ts";
import { parseMoment } from "./text/moments.ts";
import type { Asked, Target } from "./text/target.ts";
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
  /** The time that was asked for. */
  readonly time?: TreeTime;
}

/** The time of a tree, milliseconds since the Unix epoch. */
export interface TreeTime {
  /** Null where it is open. */
  readonly since: number | null;
  readonly until: number | null;
  /** The tree is as it was then; null: at last. */
  readonly asOf: number | null;
}

/**
 * Joins living processes with what the history knows: true parents, and what descended from the
 * process that was asked for and has ended. Throws CommandError when it is nowhere.
 */
export async function withPast(
  asking: Asking,
  living: readonly Process[],
  target: Target | null,
  query: TreeQuery,
): Promise<Shown> {
  const { store, notes } = asking;
  const family = familyOf(asking, living);
  if (target === null) {
    await family.linkAll();
    noteCut(notes, living);
    return { forest: buildForest(living), focus: null };
  }
  const focus = await findTarget(family, target);
  if (focus === null) throw await neverSeen(store, target);
  await noteOthers(asking, family, target, focus);
  noteCut(notes, [focus]);
  const all = new Set([...living, focus]);
  let hidden: ReadonlyMap<Process, number> = new Map();
  if (!query.ancestors || query.descendants) {
    await family.linkAll();
    const limit = query.limit ?? DEAD_LIMIT;
    const below = await family.deadBelow(focus, limit);
    for (const one of below.dead) all.add(one);
    hidden = below.hidden;
    if (hidden.size > 0 || !below.isWhole) {
      const more = [...hidden.values()].reduce((sum, count) => sum + count, 0);
      const many = `${below.isWhole ? "" : "more than "}${more + below.dead.length}`;
      // How many of others there were is not everybody's business.
      const what = asking.viewer.privileged
        ? `the newest ${below.dead.length} of ${many} that ended below ${focus.pid}`
        : `the newest ${limit} of what ended below ${focus.pid}`;
      notes.add("limit", `${what} are shown; for more give --limit`);
    }
  }
  const span = family.spanOf(focus);
  const missing = await noteMissing(notes, store, span === null ? [] : [span]);
  const forest = buildForest(all);
  for (const [process, count] of hidden) {
    const node = forest.nodeOf(process);
    if (node !== null) node.hidden = count;
  }
  return { forest, focus, missing };
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
async function noteOthers(
  { notes, viewer }: Asking,
  family: Family,
  { pid, at, id }: Target,
  focus: Process,
): Promise<void> {
  if (at !== null || id !== null || !focus.alive) return;
  const others = (await family.past(pid)).filter(({ startTicks, seenFor, uid }) =>
    seenFor !== Infinity && Math.abs(startTicks - focus.startTicks) > 1 && maySee(viewer, uid)
  );
  if (others.length === 0) return;
  const [latest] = others;
  const ended = localTime(latest!.boot.moment(latest!.born));
  const what = `${pid} runs now; ${others.length} before it had that pid, the last from ${ended}`;
  notes.add("others", `${what}; for one of them give ${pid}@TIME`);
}

/** What runs on other hosts, as far as these have told. */
export async function shippedForest(
  { notes }: Asking,
  store: PastStore,
  { limit = Infinity }: TreeQuery,
): Promise<Shown> {
  const newest = new Map(store.bounds.boots.map((boot) => [boot.host, boot]));
  const spans = [...newest.values()].map((boot) => {
    return { boot, since: boot.until, until: boot.until + 1 };
  });
  const missing = await noteMissing(notes, store, spans);
  const lives = await store.lived(spans, { limit, asOf: null });
  const living = lives.filter(({ alive }) => alive);
  noteCut(notes, living);
  return { forest: buildForest(living), focus: null, missing };
}

/** The forest of a time, or of a stretch of time, out of the history alone. */
export async function pastForest(
  { notes, now: clock }: Asking,
  store: PastStore,
  asked: Asked | null,
  query: TreeQuery,
): Promise<Shown> {
  const { at, since, until } = query;
  if (at !== undefined && (since !== undefined || until !== undefined)) {
    throw new UsageError("Bad options: --at with --since or --until; take one of them");
  }
  const now = clock();
  const moment = at === undefined ? null : parseMoment(at, now, store.bounds);
  const wanted = moment === null ? readStretch(query, now) : null;
  const spans = wanted === null ? store.bounds.at(moment!) : recordedSpans(store, wanted);
  const time = { since: wanted?.since ?? null, until: wanted?.until ?? moment, asOf: moment };
  if (spans.length === 0) throw outside(store);
  // A moment has no length.
  const stretch = spans.map((span) => ({ ...span, until: Math.max(span.until, span.since + 1) }));
  const missing = await noteMissing(notes, store, stretch);
  const { limit = Infinity } = query;
  const lives: PastProcess[] = [];
  if (at === undefined) lives.push(...await store.lived(spans, { limit, asOf: null }));
  // Of several hosts each has its own clock.
  else {
    for (const span of spans) {
      lives.push(...await store.lived([span], { limit, asOf: span.since }));
    }
  }
  noteCut(notes, lives);
  const forest = buildForest(lives);
  if (asked === null) return { forest, focus: null, missing, time };
  if (typeof asked === "string") {
    const focus = newestTop(lives.filter(({ image }) => namesOf(image).includes(asked)));
    if (focus === null) throw noneNamed(asked, `at that time in ${store.place}`);
    return { forest, focus, missing, time };
  }
  const focus = choosePast(lives.filter((life) => life.pid === asked.pid), asked);
  if (focus === null) throw await neverSeen(store, { ...asked, at: asked.at ?? moment });
  return { forest, focus, missing, time };
}
