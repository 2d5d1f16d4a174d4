/**
 * The past as a stream of changes, in order of time, forwards or backwards.
 *
 * @module
 */
import { GAP_WORDS, UNKNOWN } from "../model/event.ts";
import { Change, type ChangeKind } from "../model/machine.ts";
import type { PastLineage } from "../model/lineage.ts";
import { ANCESTORS_MAX } from "../model/memory.ts";
import type { Boot } from "./boots.ts";
import type { BootSpan, History } from "./history.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import { LIFE_FLAG, SHORT_NS } from "./schema.ts";
import type { Steps } from "./steps.ts";
import { column, TypedRows } from "./typed.ts";

/** Ends in a piece of the stream that is sorted at once. */
const PIECE = 2000;
/** When so many lives were asked for, those that were not are forgotten; bytes of texts, too. */
const REMEMBERED_MAX = 25_000;
const TEXTS_MAX = 64 << 20;

/** What happened, to be made a change when its turn comes. */
interface Moment {
  readonly time: number;
  readonly kind: ChangeKind;
  /** Null for a gap. */
  readonly life: Life | null;
  /** exec: number of the image that the process took. gap: how many were lost, or null. */
  readonly a: number | null;
  /** gap: one of GAP_REASON. */
  readonly b: number;
  /** gap: when it began. */
  readonly since?: number;
}

/** Order of what happens at the same time to one process. */
const RANK: Partial<Record<ChangeKind, number>> = { gap: 0, fork: 1, exec: 2, exit: 3 };

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
}

/** Reads the changes of one boot. */
export class Timeline {
  readonly #history: History;
  readonly #statements: Statements;
  readonly #failures: EndStatements;
  readonly #change = new Change();

  constructor(history: History) {
    this.#history = history;
    this.#statements = prepare(history);
    this.#failures = prepareEnds(history, "status <> 0");
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
    const { boot } = span;
    const { among = null } = query;
    query.lineage?.begin();
    for (const [since, until] of among === null ? this.#pieces(span, query) : [entire(span)]) {
      yield null;
      const piece = { boot, since, until };
      const isLast = until === span.until;
      const moments = among === null
        ? this.#moments(piece, query)
        : this.#momentsAmong(piece, query, among);
      this.#addGaps(piece, query.whole === true && isLast, moments);
      moments.sort((a, b) => a.time - b.time || (RANK[a.kind]! - RANK[b.kind]!));
      if (query.backwards) moments.reverse();
      const { lives } = this.#history;
      for (const moment of moments) yield* this.#tell(moment, query);
      if (query.keep || among !== null) continue;
      // Each life holds all that are above it.
      if (lives.linked > 2 * (query.ancestors || ANCESTORS_MAX)) lives.forget();
      else if (lives.size > REMEMBERED_MAX || lives.textBytes > TEXTS_MAX) lives.age();
    }
  }

  /** Cuts a stretch where so many processes have ended that the piece is worth sorting. */
  *#pieces(
    { boot, since, until }: BootSpan,
    { backwards, failed }: TimelineQuery,
  ): Generator<readonly [number, number]> {
    const { nextEnd, previousEnd } = failed ? this.#failures : this.#statements;
    let [from, to] = [since, until];
    while (from < to) {
      const row = backwards
        ? previousEnd.get(boot.id, from, to, PIECE)
        : nextEnd.get(boot.id, from, to, PIECE);
      const cut = row === undefined ? null : row[0];
      if (backwards) {
        const start = cut === null || cut >= to ? from : cut;
        yield [start, to];
        to = start;
      } else {
        const end = cut === null || cut <= from ? to : cut;
        yield [from, end];
        from = end;
      }
    }
  }

  #moments(span: BootSpan, { kinds, failed }: TimelineQuery): Moment[] {
    const moments: Moment[] = [];
    const { boot, since, until } = span;
    const { ended } = failed ? this.#failures : this.#statements;
    const begins = kinds.has("fork") || kinds.has("exec");
    // What began in this piece and was short has ended within a second after it.
    const lives = this.#take(ended, boot, since, begins ? until + SHORT_NS : until);
    if (kinds.has("exit")) {
      for (const life of lives) {
        const exit = exitOf(life);
        if (exit.time < until) moments.push(exit);
      }
    }
    if (begins) this.#addBegins(span, kinds, lives, moments);
    if (kinds.has("exec")) this.#addLateExecs(span, moments);
    return moments;
  }

  /** Gaps that end in a stretch, and those that end later where `beyond`. */
  #addGaps(span: BootSpan, beyond: boolean, moments: Moment[]): void {
    for (const { since, until, lost, reason } of this.#history.gaps(span)) {
      if (until >= span.until && !beyond) continue;
      const b = GAP_WORDS.indexOf(reason);
      moments.push({ time: until, kind: "gap", life: null, a: lost, b, since });
    }
  }

  #momentsAmong(span: BootSpan, { kinds }: TimelineQuery, among: readonly Life[]): Moment[] {
    const { boot, since, until } = span;
    const moments: Moment[] = [];
    for (const life of among) {
      if (life.boot !== boot) continue;
      if (life.seenFor !== Infinity) moments.push(exitOf(life));
      if (life.announced || life.born > boot.since) moments.push(forkOf(life));
      if (life.exec !== null) moments.push(execOf(life));
      if (!kinds.has("exec")) continue;
      for (const [time, image] of this.#statements.formerOf.all(life.key)) {
        moments.push({ time, kind: "exec", life, a: image, b: 0 });
      }
    }
    return moments.filter(({ time, kind }) => time >= since && time < until && kinds.has(kind));
  }

  /** Forks, and the execs that follow them within a second. */
  #addBegins(
    { boot, since, until }: BootSpan,
    kinds: ReadonlySet<ChangeKind>,
    ended: readonly Life[],
    to: Moment[],
  ): void {
    const add = (life: Life) => {
      const { born, exec } = life;
      // What a scan found had begun unseen; before the first recorder that is no news.
      const told = life.announced || born > boot.since;
      if (told && kinds.has("fork") && born >= since && born < until) {
        to.push(forkOf(life));
      }
      if (exec === null || exec > SHORT_NS || !kinds.has("exec")) return;
      const time = born + exec;
      if (time >= since && time < until) to.push(execOf(life));
    };
    for (const life of ended) if (!isLong(life)) add(life);
    for (const life of this.#take(this.#statements.long, boot, since - SHORT_NS, until)) add(life);
  }

  #addLateExecs({ boot, since, until }: BootSpan, moments: Moment[]): void {
    for (const life of this.#take(this.#statements.late, boot, since, until)) {
      moments.push(execOf(life));
    }
    for (const [key, time, image] of this.#statements.former.all(since, until)) {
      const life = this.#history.lives.get(key);
      if (life?.boot !== boot) continue;
      moments.push({ time, kind: "exec", life, a: image, b: 0 });
    }
  }

  #take(rows: TypedRows<LifeRow>, boot: Boot, since: number, until: number): Life[] {
    const { lives } = this.#history;
    return rows.all(boot.id, since, until).map((row) => lives.take(row));
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

function* paused(steps: Steps<void>): Generator<null, void> {
  while (steps.next().done !== true) yield null;
}

function entire({ since, until }: BootSpan): readonly [number, number] {
  return [since, until];
}

/** Its end, or when it was seen alive last. */
function exitOf(life: Life): Moment {
  return { time: life.end ?? life.born + life.seenFor, kind: "exit", life, a: null, b: 0 };
}

function forkOf(life: Life): Moment {
  return { time: life.born, kind: "fork", life, a: null, b: 0 };
}

/** The exec of its last image. */
function execOf(life: Life): Moment {
  return { time: life.born + life.exec!, kind: "exec", life, a: life.imageKey, b: 0 };
}

function isLong({ seenFor }: Life): boolean {
  return seenFor > SHORT_NS;
}

interface Statements {
  readonly nextEnd: TypedRows<readonly [cut: number]>;
  readonly previousEnd: TypedRows<readonly [cut: number]>;
  readonly ended: TypedRows<LifeRow>;
  readonly long: TypedRows<LifeRow>;
  readonly late: TypedRows<LifeRow>;
  readonly former: TypedRows<readonly [life: number, since: number, image: number]>;
  readonly formerOf: TypedRows<readonly [since: number, image: number]>;
}

type EndStatements = Pick<Statements, "nextEnd" | "previousEnd" | "ended">;

/** Statements about ends, of those for which `condition` holds: that of an index. */
function prepareEnds({ db }: History, condition: string): EndStatements {
  const end = "life.born + life.span";
  const ended = `FROM life WHERE boot = ? AND ${end} >= ? AND ${end} < ? AND ${condition}`;
  const cut = (order: string) =>
    new TypedRows<readonly [number]>(
      db,
      [column(end, "time")],
      `${ended} ORDER BY ${end} ${order} LIMIT 1 OFFSET ?`,
    );
  return {
    nextEnd: cut("ASC"),
    previousEnd: cut("DESC"),
    ended: new TypedRows(db, LIFE_COLUMNS, ended),
  };
}

function prepare(history: History): Statements {
  const { db } = history;
  const changed = [column("former.since", "time"), column("former.image", "key")];
  return {
    ...prepareEnds(history, "span IS NOT NULL"),
    long: new TypedRows(
      db,
      LIFE_COLUMNS,
      `FROM life WHERE boot = ? AND born >= ? AND born < ?
        AND (span IS NULL OR span > ${SHORT_NS})`,
    ),
    late: new TypedRows(
      db,
      LIFE_COLUMNS,
      `FROM life WHERE boot = ? AND born + exec >= ? AND born + exec < ? AND exec > ${SHORT_NS}`,
    ),
    former: new TypedRows(
      db,
      [column("former.life", "key"), ...changed],
      "FROM former WHERE since >= ? AND since < ? AND since IS NOT NULL",
    ),
    formerOf: new TypedRows(db, changed, "FROM former WHERE life = ? AND since IS NOT NULL"),
  };
}
