/**
 * What waits to be written beside the lives, and what becomes of it when that is too much.
 *
 * @module
 */
import type { Image } from "../model/image.ts";
import type { Process } from "../model/process.ts";

/** Gaps that wait; what comes beyond widens the last. */
const GAPS_MAX = 1000;

/** An image that another replaced. */
export interface FormerImage {
  readonly process: Process;
  /** When it came by an exec that was seen; null when it did not. */
  readonly since: number | null;
  readonly until: number;
  /** Null: it found no room. */
  readonly image: Image | null;
  readonly uid: number | null;
}

/** What is missing, in a stretch of time. */
export interface Gap {
  readonly since: number;
  readonly until: number;
  readonly lost: number | null;
  readonly reason: string;
}

/** Ended lives that never got a row, for want of room. */
export interface Unwritten {
  /** When writing began to fail, nanoseconds since boot. */
  readonly since: number;
  readonly lost: number;
}

/** What takes how much memory beside the bytes of texts, about. */
const IMAGE_COST = 256;
const LIFE_COST = 160;
/** The place of an image that another replaced. */
export const FORMER_COST = 96;
/** Part of what waits that is set aside for root. */
const ROOT_PART = 0.25;

/** What waits for its first row: two arrays side by side, and what the processes ran before. */
export interface Waiting {
  fresh: Process[];
  /** Of each of them; the machine forgets who has been dead for long. */
  parents: (Process | null)[];
  former: FormerImage[];
}

/**
 * Drops what waits of the one user who has most of it, and returns that user's lives: one who
 * starts programs without end takes no room from others. Of images that others replaced in lives
 * which have a row already, it stays known that there were some.
 */
export function dropHeaviest(waiting: Waiting): Process[] {
  const { fresh, parents, former } = waiting;
  const uid = heaviest(waiting);
  const dropped = fresh.filter((process) => process.uid === uid);
  const gone = new Set(dropped);
  waiting.parents = parents.filter((_, index) => fresh[index]!.uid !== uid);
  waiting.fresh = fresh.filter((process) => process.uid !== uid);
  const kept = former.filter((image) => image.uid !== uid && !gone.has(image.process));
  const holes = former.filter((image) => image.uid === uid && !gone.has(image.process));
  waiting.former = [...withoutImages(holes), ...kept];
  return dropped;
}

/** What waits takes so many bytes, about, beside the lives themselves. */
export function bytesWaiting(waiting: Waiting): number {
  let bytes = 0;
  forEach(waiting, (_, amount) => bytes += amount);
  return bytes - waiting.fresh.length * LIFE_COST;
}

/** Bytes of an image with its place, about. */
export function imageBytes({ parts: { argv, exe, cwd } }: Image): number {
  return IMAGE_COST + (argv?.length ?? 0) + (exe?.length ?? 0) + (cwd?.length ?? 0);
}

/** Who holds most of what waits; of root's a part is not counted. */
function heaviest(waiting: Waiting): number | null {
  const held = new Map<number | null, number>();
  let all = 0;
  forEach(waiting, (uid, bytes) => {
    held.set(uid, (held.get(uid) ?? 0) + bytes);
    all += bytes;
  });
  if (held.size > 1) held.set(0, (held.get(0) ?? 0) - all * ROOT_PART);
  return [...held].reduce((most, next) => next[1] > most[1] ? next : most)[0];
}

/** Each life and image that waits, with whose it is and the bytes it takes; many have one image. */
function forEach(
  { fresh, former }: Waiting,
  tell: (uid: number | null, bytes: number) => void,
): void {
  const counted = new Set<Image>();
  const ofImage = (image: Image | null) => {
    if (image === null || counted.has(image)) return 0;
    counted.add(image);
    return imageBytes(image);
  };
  for (const { uid, image } of fresh) tell(uid, LIFE_COST + ofImage(image));
  for (const { uid, image } of former) tell(uid, FORMER_COST + ofImage(image));
}

/** Adds a gap; where there are too many, the last one of its reason becomes wider. */
export function addGap(gaps: Gap[], gap: Gap): void {
  const index = gaps.length < GAPS_MAX ? -1 : gaps.findLastIndex(({ lost, reason }) => {
    return reason === gap.reason && lost !== null && gap.lost !== null;
  });
  const last = gaps[index];
  if (last === undefined) gaps.push(gap);
  else {
    const since = Math.min(last.since, gap.since);
    gaps[index] = { ...last, since, until: gap.until, lost: last.lost! + gap.lost! };
  }
}

/** That there was something, of each process once. */
function withoutImages(former: readonly FormerImage[]): FormerImage[] {
  const holes = new Map<Process, FormerImage>();
  for (const { process, since, until, uid } of former) {
    const first = holes.get(process);
    holes.set(process, { process, since: first ? first.since : since, until, image: null, uid });
  }
  return [...holes.values()];
}
