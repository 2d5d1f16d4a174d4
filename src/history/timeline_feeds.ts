/**
 * The streams that a timeline is made of: each in the order of one index.
 *
 * @module
 */
import { GAP_WORDS } from "../model/event.ts";
import type { ChangeKind } from "../model/machine.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { History } from "./history.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import type { Feed } from "./merge.ts";
import { execOf, exitOf, forkOf, type Moment, type Place, takenAt } from "./moments.ts";
import { PageReader, Pages, type Source } from "./pages.ts";
import { SHORT_NS } from "./schema.ts";
import { column, nullable, TypedRows, type Value } from "./typed.ts";

/** What is wanted, as far as it matters here. */
interface Wanted {
  readonly kinds: ReadonlySet<ChangeKind>;
  readonly backwards: boolean;
  readonly failed?: boolean;
  readonly among?: readonly Life[] | null;
  readonly whole?: boolean;
  readonly gapless?: boolean;
}

type Row = readonly Value[];

/** Where the column `span` stands in LIFE_COLUMNS. */
const SPAN = LIFE_COLUMNS.findIndex(({ name }) => name === "life.span");

/** Lives by their end, by their birth where they are long, and by an exec that came late. */
function livesBy(time: string, condition: string): Source {
  const from = `FROM life WHERE boot = ? AND ${condition}`;
  return { columns: LIFE_COLUMNS, from, time, key: "life.id" };
}

/** Gaps by their end. */
function gapsWhere(condition: string): Source {
  const columns = [
    column("gap.id", "key"),
    column("gap.until", "time"),
    nullable("gap.lost", "count"),
    column("gap.reason", "name"),
    column("gap.since", "time"),
  ];
  return { columns, from: `FROM gap WHERE ${condition}`, time: "gap.until", key: "gap.id" };
}

const END = "life.born + life.span";

/** Each is answered by an index that has the order. */
export const SOURCES = {
  ended: livesBy(END, "span IS NOT NULL"),
  failed: livesBy(END, "status <> 0"),
  long: livesBy("life.born", `(span IS NULL OR span > ${SHORT_NS})`),
  late: livesBy("life.born + life.exec", `exec > ${SHORT_NS}`),
  former: {
    columns: [
      column("former.life", "key"),
      column("former.since", "time"),
      column("former.image", "key"),
    ],
    // Of whatever boot: the life tells.
    from: "FROM former WHERE since IS NOT NULL",
    time: "former.since",
    key: "former.life",
  },
  gap: gapsWhere("boot = ?"),
  // Those that began before the end of a stretch.
  laterGap: gapsWhere("boot = ? AND gap.since < ?"),
} satisfies Record<string, Source>;

type Name = keyof typeof SOURCES;

/** How the rows of a source become moments. */
interface Reading {
  readonly since: number;
  readonly until: number;
  tell(row: Row, to: (moment: Moment) => void): void;
  /** What comes of rows behind this one is not before that place. */
  behind(row: Row): Place;
}

/** Prepares what a timeline reads, each once. */
export class TimelineFeeds {
  readonly #history: History;
  readonly #pages = new Map<string, Pages<Row>>();
  readonly #formerOf: TypedRows<readonly [since: number, image: number]>;

  constructor(history: History) {
    this.#history = history;
    this.#formerOf = new TypedRows(
      history.db,
      [column("former.since", "time"), column("former.image", "key")],
      "FROM former WHERE life = ? AND since IS NOT NULL",
    );
  }

  /** What happened within a stretch; with `among`, gaps alone. */
  of(span: BootSpan, wanted: Wanted): Feed<Place, Moment>[] {
    const { kinds, failed, among = null, whole = false, gapless = false } = wanted;
    const feeds: Feed<Place, Moment>[] = [];
    if (!gapless) feeds.push(this.#feed("gap", this.#gaps(span), span, wanted));
    if (whole && !gapless) {
      const later = { since: span.until, until: Number.MAX_SAFE_INTEGER };
      feeds.push(this.#feed("laterGap", this.#gaps(later), span, wanted));
    }
    if (among !== null) return feeds;
    const add = (name: Name, reading: Reading) =>
      feeds.push(this.#feed(name, reading, span, wanted));
    if (kinds.has("exit")) add(failed ? "failed" : "ended", this.#exits(span));
    if (kinds.has("fork") || kinds.has("exec")) {
      add("ended", this.#shortOnes(span, wanted));
      add("long", this.#longOnes(span, wanted));
    }
    if (kinds.has("exec")) {
      add("late", this.#lateExecs(span));
      add("former", this.#formers(span));
    }
    return feeds;
  }

  /** What happened to some lives within a stretch. */
  *ofLives(
    { boot, since, until }: BootSpan,
    { kinds, backwards }: Wanted,
    among: readonly Life[],
  ): Steps<Feed<Place, Moment>> {
    const moments: Moment[] = [];
    let seen = 0;
    for (const life of among) {
      if (++seen % STEP_ROWS === 0) yield;
      if (life.boot !== boot) continue;
      if (life.seenFor !== Infinity) moments.push(exitOf(life));
      if (life.announced || life.born > boot.since) moments.push(forkOf(life));
      if (life.exec !== null) moments.push(execOf(life));
      if (!kinds.has("exec")) continue;
      for (const [time, image] of this.#formerOf.all(life.key)) {
        moments.push(takenAt(life, time, image));
      }
    }
    const found = moments.filter(({ time, kind }) =>
      time >= since && time < until && kinds.has(kind)
    );
    return new Known(found, backwards);
  }

  #feed(
    name: Name,
    reading: Reading,
    { boot, until }: BootSpan,
    { backwards }: Wanted,
  ): Feed<Place, Moment> {
    const id = `${name} ${backwards}`;
    let pages = this.#pages.get(id);
    if (pages === undefined) {
      pages = new Pages(this.#history.db, SOURCES[name], backwards);
      this.#pages.set(id, pages);
    }
    const given = name === "former" ? [] : name === "laterGap" ? [boot.id, until] : [boot.id];
    return new Paged(new PageReader(pages, given, reading, backwards), reading, backwards);
  }

  #lifeOf(row: Row): Life {
    return this.#history.lives.take(row as LifeRow);
  }

  #gaps({ since, until }: Pick<BootSpan, "since" | "until">): Reading {
    const at = (row: Row) =>
      ({ time: row[1] as number, kind: "gap", key: row[0] as number }) as const;
    return {
      since,
      until,
      tell(row, to) {
        const b = GAP_WORDS.indexOf(row[3] as string);
        const a = row[2] as number | null;
        to({ ...at(row), life: null, a, b, since: row[4] as number });
      },
      behind: at,
    };
  }

  #exits({ since, until }: BootSpan): Reading {
    return {
      since,
      until,
      tell: (row, to) => to(exitOf(this.#lifeOf(row))),
      behind: (row) => ({ time: Number(row.at(-1)), kind: "exit", key: row[0] as number }),
    };
  }

  /** What began in a stretch and was short has ended within a second after it. */
  #shortOnes(span: BootSpan, wanted: Wanted): Reading {
    const early = wanted.backwards ? 0 : SHORT_NS;
    return {
      since: span.since,
      until: span.until + SHORT_NS,
      tell: (row, to) => {
        if (row[SPAN] as number <= SHORT_NS) this.#begins(this.#lifeOf(row), span, wanted, to);
      },
      behind: (row) => edge(Number(row.at(-1)) - early, wanted.backwards),
    };
  }

  /** The others stand in the order of their births; an exec may follow within a second. */
  #longOnes(span: BootSpan, wanted: Wanted): Reading {
    const late = wanted.backwards ? SHORT_NS : 0;
    return {
      since: span.since - SHORT_NS,
      until: span.until,
      tell: (row, to) => this.#begins(this.#lifeOf(row), span, wanted, to),
      behind: (row) => edge(Number(row.at(-1)) + late, wanted.backwards),
    };
  }

  /** The fork of a life, and the exec that follows it within a second. */
  #begins(
    life: Life,
    { boot, since, until }: BootSpan,
    { kinds }: Wanted,
    to: (moment: Moment) => void,
  ): void {
    const { born, exec } = life;
    const isIn = (time: number) => time >= since && time < until;
    // What a scan found had begun unseen; before the first recorder that is no news.
    const told = life.announced || born > boot.since;
    if (told && kinds.has("fork") && isIn(born)) to(forkOf(life));
    if (exec === null || exec > SHORT_NS || !kinds.has("exec")) return;
    if (isIn(born + exec)) to(execOf(life));
  }

  #lateExecs({ since, until }: BootSpan): Reading {
    return {
      since,
      until,
      tell: (row, to) => to(execOf(this.#lifeOf(row))),
      behind: (row) => ({ time: Number(row.at(-1)), kind: "exec", key: row[0] as number }),
    };
  }

  #formers({ boot, since, until }: BootSpan): Reading {
    return {
      since,
      until,
      tell: (row, to) => {
        const life = this.#history.lives.get(row[0] as number);
        if (life?.boot === boot) to(takenAt(life, row[1] as number, row[2] as number));
      },
      behind: (row) => ({ time: row[1] as number, kind: "exec", key: row[0] as number }),
    };
  }
}

/** The first place, or the last one, of a time. */
function edge(time: number, backwards: boolean): Place {
  return backwards ? { time, kind: "exit", key: Infinity } : { time, kind: "gap", key: -1 };
}

/** Moments that are known already. */
class Known implements Feed<Place, Moment> {
  #moments: readonly Moment[];
  horizon: Place | null;

  constructor(moments: readonly Moment[], backwards: boolean) {
    this.#moments = moments;
    this.horizon = edge(backwards ? Infinity : -Infinity, backwards);
  }

  fill(tell: (moment: Moment) => void): void {
    for (const moment of this.#moments) tell(moment);
    this.#moments = [];
    this.horizon = null;
  }
}

/** Moments out of the rows of a source. */
class Paged implements Feed<Place, Moment> {
  readonly #reader: PageReader<Row>;
  readonly #reading: Reading;
  horizon: Place | null;

  constructor(reader: PageReader<Row>, reading: Reading, backwards: boolean) {
    this.#reader = reader;
    this.#reading = reading;
    this.horizon = edge(backwards ? Infinity : -Infinity, backwards);
    if (reader.done) this.horizon = null;
  }

  fill(tell: (moment: Moment) => void): void {
    const rows = this.#reader.next();
    for (const row of rows) this.#reading.tell(row, tell);
    this.horizon = this.#reader.done ? null : this.#reading.behind(rows.at(-1)!);
  }
}
