/**
 * Lives with all that is told of them, many at once: what each has cost, who forked it, and which
 * jobs it was in.
 *
 * @module
 */
import type { JobBegun, LivesQuery, PastLife } from "../ask/store.ts";
import { Account } from "../model/account.ts";
import type { BootSpan } from "../model/bounds.ts";
import { STEP_ROWS } from "../steps.ts";
import type { Boot } from "./boots.ts";
import { seekCandidates } from "./candidates.ts";
import { addCost, LIFE_COST_COLUMNS } from "./cost.ts";
import type { History } from "./history.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import { LIVED_WITHIN } from "./schema.ts";
import { column, nullable, TypedRows } from "./typed.ts";

const NO_JOBS: readonly JobBegun[] = [];
/** Where in a row the number of the image stands. */
const IMAGE = LIFE_COLUMNS.findIndex(({ name }) => name === "life.image");

/** What lived at some time within stretches; null stands where work may pause. */
export function* pastLives(
  history: History,
  spans: readonly BootSpan[],
  query: LivesQuery,
): Generator<PastLife[] | null, void> {
  const maker = new LifeMaker(history, spans, query);
  const few = query.job === null ? yield* seekFew(history, query) : null;
  if (few === null) yield* maker.batches(rowsOf(history, spans, query.job));
  else yield* livesAmong(history, spans, query, few);
}

/** {@linkcode pastLives}, where all that may be wanted was found already. */
export function livesAmong(
  history: History,
  spans: readonly BootSpan[],
  query: LivesQuery,
  lives: readonly Life[],
): Generator<PastLife[] | null, void> {
  return new LifeMaker(history, spans, query).batches(
    lives.filter((life) => isWithin(life, spans)),
  );
}

/** The lives that an index finds; null where none helps. */
function* seekFew(
  history: History,
  { ofImage, sought, pids }: LivesQuery,
): Generator<null, Life[] | null> {
  const steps = seekCandidates(history, { ofImage, sought, pids, minDuration: null });
  while (true) {
    const { done, value } = steps.next();
    if (done) return value;
    yield null;
  }
}

function isWithin({ boot, born, seenFor }: Life, spans: readonly BootSpan[]): boolean {
  return spans.some((span) => {
    return span.boot === boot && born < span.until && born + seenFor >= span.since;
  });
}

/** Columns of a life, and what it has cost. */
function columnsOf({ hasJobs }: History) {
  return [...LIFE_COLUMNS, ...hasJobs ? LIFE_COST_COLUMNS : [nullable("NULL", "count")]];
}

/** A row may come twice. */
function* rowsOf(
  history: History,
  spans: readonly BootSpan[],
  job: number | null,
): Generator<LifeRow> {
  const columns = columnsOf(history);
  if (job !== null) {
    const boots = new Set(spans.map(({ boot }) => boot.id));
    const from = "FROM member m JOIN life ON life.id = m.life WHERE m.job = ? ORDER BY m.life";
    const members = new TypedRows<LifeRow>(history.db, columns, from);
    for (const row of members.iterate(job)) if (boots.has(row[1]!)) yield row;
    return;
  }
  for (const condition of LIVED_WITHIN) {
    const rest = `FROM life WHERE ${condition}`;
    const lives = new TypedRows<LifeRow>(history.db, columns, rest);
    for (const { boot, since, until } of spans) yield* lives.iterate(boot.id, since, until);
  }
}

/** Makes them, each once. */
class LifeMaker {
  readonly #history: History;
  readonly #query: LivesQuery;
  readonly #spans: readonly BootSpan[];
  readonly #seen = new Set<number>();
  /** Ids of parents, by their numbers. */
  readonly #parents = new Map<number, string | null>();
  readonly #jobs: TypedRows<readonly [name: string, since: number]> | null;

  constructor(history: History, spans: readonly BootSpan[], query: LivesQuery) {
    this.#history = history;
    this.#query = query;
    this.#spans = spans;
    this.#jobs = hasJobs(history, spans)
      ? new TypedRows(
        history.db,
        [column("job.name", "name"), column("job.since", "time")],
        "FROM member JOIN job ON job.id = member.job WHERE member.life = ? ORDER BY job.id",
      )
      : null;
  }

  /** Of rows, or of lives that were found already. */
  *batches(found: Iterable<LifeRow> | Iterable<Life>): Generator<PastLife[] | null, void> {
    this.#query.lineage?.begin();
    let some: (LifeRow | Life)[] = [];
    for (const one of found) {
      const key = isRow(one) ? one[0]! : one.key;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (some.push(one) < STEP_ROWS) continue;
      yield* this.#batch(some);
      some = [];
    }
    yield* this.#batch(some);
  }

  *#batch(found: readonly (LifeRow | Life)[]): Generator<PastLife[] | null, void> {
    const { lineage, accepts, job } = this.#query;
    const { lives } = this.#history;
    lives.images.readAhead(found.filter(isRow).map((row) => row[IMAGE]!));
    const batch: PastLife[] = [];
    for (const one of found) {
      const life = isRow(one) ? lives.pass(one) : one;
      if (lineage !== null) {
        const steps = lives.trace(life, lineage);
        while (!steps.next().done) yield null;
      }
      // A job has members from all of its time.
      if (job !== null && !isWithin(life, this.#spans)) continue;
      if (accepts(life)) batch.push(this.#make(life, isRow(one) ? one : null));
    }
    yield batch;
  }

  #make(life: Life, row: LifeRow | null): PastLife {
    return {
      process: life,
      parent: life.parentKey === null ? null : this.#idOf(life.parentKey, life.boot),
      account: row === null ? this.#history.accountOf(life) : accountOf(row),
      jobs: this.#jobs?.all(life.key).map(([name, since]) => ({ name, since })) ?? NO_JOBS,
    };
  }

  #idOf(key: number, boot: Boot): string | null {
    let id = this.#parents.get(key);
    if (id === undefined) {
      id = this.#history.lives.idOf(key, boot);
      this.#parents.set(key, id);
    }
    return id;
  }
}

function isRow(one: LifeRow | Life): one is LifeRow {
  return Array.isArray(one);
}

function accountOf(row: LifeRow): Account | null {
  const first = LIFE_COLUMNS.length;
  if (row[first] === null) return null;
  const account = new Account();
  addCost(account, row.slice(first) as readonly number[]);
  return account;
}

/** Whether any job was open within stretches. */
function hasJobs(history: History, spans: readonly BootSpan[]): boolean {
  if (!history.hasJobs) return false;
  const open = new TypedRows<readonly [number]>(
    history.db,
    [column("count(*)", "count")],
    `FROM (SELECT 1 FROM job WHERE boot = ? AND (until IS NULL OR until >= ?) AND since < ?
      LIMIT 1)`,
  );
  return spans.some(({ boot, since, until }) => open.get(boot.id, since, until)![0] > 0);
}
