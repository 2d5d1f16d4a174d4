/**
 * The past as a stream of changes, in order of time, forwards or backwards.
 *
 * @module
 */
import { UNKNOWN } from "../model/event.ts";
import type { PastLineage } from "../model/lineage.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Steps } from "../steps.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { History } from "./history.ts";
import type { Life } from "./life.ts";
import { merged } from "./merge.ts";
import { comparePlaces, type Moment, type Place } from "./moments.ts";
import { LIFE_FLAG } from "./schema.ts";
import { TimelineFeeds } from "./timeline_feeds.ts";

/** When so many lives were asked for, those that were not are forgotten; bytes of texts, too. */
const REMEMBERED_MAX = 25_000;
const TEXTS_MAX = 64 << 20;

/** What is wanted of a stretch of time. */
export interface TimelineQuery {
  readonly kinds: ReadonlySet<ChangeKind>;
  /** Newest first. */
  readonly backwards: boolean;
  /** Only of these, when it is known that nobody else matters. */
  readonly among?: readonly Life[] | null;
  /** Lives stay the same objects from beginning to end. */
  readonly keep?: boolean;
  /** Lives are linked to so many of their ancestors; to their parents alone if not given. */
  readonly ancestors?: number;
  /** It is noted which lives belong to it. */
  readonly lineage?: PastLineage | null;
  /** Only exits that failed. */
  readonly failed?: boolean;
  /** Gaps that end after the stretch are told, too, at its end: it is a whole answer. */
  readonly whole?: boolean;
  /** It is known that the boot has no gaps. */
  readonly gapless?: boolean;
}

/** Reads the changes of one boot. */
export class Timeline {
  readonly #history: History;
  readonly #feeds: TimelineFeeds;
  readonly #change = new Change();

  constructor(history: History) {
    this.#history = history;
    this.#feeds = new TimelineFeeds(history);
  }

  /**
   * The changes within a stretch. Each is the same object with other contents; its process is a
   * Life with the image it had then, linked to its parent.
   */
  *changes(span: BootSpan, query: TimelineQuery): Generator<Change, void> {
    for (const change of this.steps(span, query)) if (change !== null) yield change;
  }

  /** The same; null stands where work may pause. */
  *steps(span: BootSpan, query: TimelineQuery): Generator<Change | null, void> {
    query.lineage?.begin();
    const { backwards, among = null } = query;
    const feeds = this.#feeds.of(span, query);
    if (among !== null) feeds.push(yield* paused(this.#feeds.ofLives(span, query, among)));
    const compare = backwards ? (a: Place, b: Place) => comparePlaces(b, a) : comparePlaces;
    for (const moment of merged<Place, Moment>(feeds, compare)) {
      if (moment !== null) {
        yield* this.#tell(moment, query);
        continue;
      }
      yield null;
      if (!query.keep && among === null) this.#forget(query);
    }
  }

  /** Of what is not asked for any more only so much is remembered. */
  #forget({ ancestors = 0 }: TimelineQuery): void {
    const { lives } = this.#history;
    // Each life holds all that are above it.
    if (lives.linked > 2 * (ancestors || ANCESTORS_MAX)) lives.forget();
    else if (lives.size > REMEMBERED_MAX || lives.textBytes > TEXTS_MAX) lives.age();
  }

  /** Makes the change of a moment; its process is dressed and linked, which may take a while. */
  *#tell(
    moment: Moment,
    { ancestors = 0, lineage = null }: TimelineQuery,
  ): Generator<Change | null, void> {
    const { life, kind, a } = moment;
    if (life !== null) {
      const { lives } = this.#history;
      if (ancestors === 0) lives.withParent(life);
      else if (life.parent === null) yield* paused(lives.linkUp([life], ancestors));
      if (lineage !== null) yield* paused(lives.trace(life, lineage));
      if (kind === "exec") lives.dress(life, a!);
      else if (kind === "fork") yield* paused(lives.dressAtSteps(life, life.born));
      else lives.dress(life, life.imageKey);
    }
    yield this.#changeOf(moment);
  }

  #changeOf({ time, kind, life, a, b, since }: Moment): Change {
    const change = this.#change;
    change.since = since ?? 0;
    change.kind = kind;
    change.time = time;
    change.process = life;
    change.inferred = false;
    change.tid = life?.pid ?? 0;
    change.a = a ?? UNKNOWN;
    change.b = b;
    if (life === null) return change;
    const guessed = LIFE_FLAG.endInferred | LIFE_FLAG.endUnknown;
    const isGuess = (life.flags & LIFE_FLAG.nameInferred) !== 0;
    if (kind === "exec") change.inferred = isGuess && a === life.imageKey;
    if (kind === "fork") change.inferred = !life.announced;
    if (kind === "exit") change.inferred = (life.flags & guessed) !== 0;
    return change;
  }
}

function* paused<Result>(steps: Steps<Result>): Generator<null, Result> {
  while (true) {
    const { done, value } = steps.next();
    if (done) return value;
    yield null;
  }
}
