/**
 * What past processes have cost: sums over those that have ended, and over the members of jobs.
 *
 * @module
 */
import type {
  CostKey,
  CostQuery,
  CostTest,
  JobTotals,
  KeyTotals,
  PastAccountSource,
} from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import type { JobTotal } from "../jobs/kept_job.ts";
import { type Account, type AccountSource, CostTotals } from "../model/account.ts";
import { decodeText } from "../model/image.ts";
import { parseCgroup } from "../proc/cgroup.ts";
import { finish, STEP_ROWS, type Steps } from "../steps.ts";
import { type ShownImage, shownImageReader } from "./candidates.ts";
import { LIFE_COST_COLUMNS } from "./cost.ts";
import { pragma } from "./file.ts";
import type { History } from "./history.ts";
import type { Life, LifeStore } from "./life.ts";
import { jobSteps } from "./past_jobs.ts";
import { LIFE_FLAG, NO_ACCOUNTS } from "./schema.ts";
import { fromStored, type StoredText } from "./texts.ts";
import { column, nullable, TypedRows } from "./typed.ts";

/** A row of {@linkcode ENDED}. */
type EndedRow = readonly [
  image: number,
  flags: number,
  span: number,
  status: number | null,
  ...costs: (number | null)[],
];

/** What is counted of processes, and what they have cost together. */
export class PastTotals extends CostTotals {
  /** Processes that have ended. */
  processes = 0;
  /** Those with a status not 0, or ended by a signal. */
  failed = 0;
  /** Those that ended while nobody recorded. */
  unseen = 0;
  /** Those of which it is known how long they lived, and these times together. */
  timed = 0;
  elapsedUs = 0;
  /** Those whose account is known. */
  accounted = 0;

  /** Adds a process. */
  addLife(row: EndedRow): void {
    const [, flags, span, status] = row;
    this.processes++;
    if (status !== null && status !== 0) this.failed++;
    if ((flags & LIFE_FLAG.endUnknown) !== 0) this.unseen++;
    if ((flags & (LIFE_FLAG.endUnknown | LIFE_FLAG.startUnknown)) === 0) {
      this.timed++;
      this.elapsedUs += Math.round(span / 1000);
    }
    if (row[4] == null) return;
    this.accounted++;
    this.addColumns(row, 4);
  }

  /** Adds one that has ended, and what it has cost where that is known. */
  addProcess({ status, durationNs, seenFor, endUnknown }: Life, account: Account | null): void {
    this.processes++;
    if (status !== null && status !== 0) this.failed++;
    if (endUnknown) this.unseen++;
    if (durationNs !== null) {
      this.timed++;
      this.elapsedUs += Math.round(seenFor / 1000);
    }
    if (account === null) return;
    this.accounted++;
    this.addAccount(account);
  }

  /** Adds members of a job. */
  addMembers({ processes, failed, elapsedNs, accounted, account }: JobTotal): void {
    this.processes += processes;
    this.failed += failed;
    this.timed += processes;
    this.elapsedUs += Math.round(elapsedNs / 1000);
    this.accounted += accounted;
    this.addAccount(account);
  }
}

const ACCOUNT_SOURCES: readonly AccountSource[] = ["taskstats", "zombie"];

/** What has ended within a stretch: numbered parameters boot, since, until. */
const ENDED = "boot = ?1 AND born + span >= ?2 AND born + span < ?3 AND span IS NOT NULL";

/** Sums over all that ended within stretches. */
export function sumEnded(
  history: History,
  spans: readonly BootSpan[],
  query: CostQuery,
): KeyTotals[] {
  return finish(sumEndedSteps(history, spans, query));
}

/** {@linkcode sumEnded} with pauses. */
export function* sumEndedSteps(
  history: History,
  spans: readonly BootSpan[],
  query: CostQuery,
): Steps<KeyTotals[]> {
  // The rows are added up here, because SQLite would sort them all before it groups them.
  const parent = "(SELECT parent.image FROM life AS parent WHERE parent.id = life.parent)";
  const withParent = query.by === "parent";
  // An older file has no accounts.
  const costs = history.hasJobs ? LIFE_COST_COLUMNS : [nullable("NULL", "count")];
  const ended = new TypedRows<EndedRow>(
    history.db,
    [
      column("life.image", "key"),
      column("life.flags", "bits"),
      column("life.span", "time"),
      nullable("life.status", "bits"),
      ...costs,
      ...withParent ? [nullable(parent, "key")] : [],
    ],
    `FROM life WHERE ${ENDED}${query.failed ? " AND status <> 0" : ""}`,
  );
  const groups = new CostGroups(history, query);
  const { minDuration } = query;
  for (const { boot, since, until } of spans) {
    let seen = 0;
    for (const row of ended.iterate(boot.id, since, until)) {
      if (minDuration === null || livedFor(row, minDuration)) {
        const other = withParent ? row[4 + costs.length] ?? null : row[3];
        groups.of(row[0], other)?.addLife(row);
      }
      if (++seen % STEP_ROWS === 0) yield;
    }
  }
  return groups.all();
}

/** Sums over those of some lives that ended within stretches. */
export function sumLives(
  history: History,
  lives: readonly Life[],
  spans: readonly BootSpan[],
  { by, ofImage, failed, minDuration }: CostQuery,
): KeyTotals[] {
  const groups = new CostGroups(history, { by, ofImage });
  for (const life of lives) {
    const { status, durationNs } = life;
    const end = life.born + life.seenFor;
    if (
      !spans.some(({ boot, since, until }) => boot === life.boot && end >= since && end < until)
    ) {
      continue;
    }
    if (failed && (status === null || status === 0)) continue;
    if (minDuration !== null && (durationNs === null || durationNs < minDuration)) continue;
    groups.ofLife(life, history.lives)?.addProcess(life, history.accountOf(life));
  }
  return groups.all();
}

/** Of whom it is not known when it began or ended, it is not known how long it lived. */
function livedFor([, flags, span]: EndedRow, ns: number): boolean {
  return span >= ns && (flags & (LIFE_FLAG.endUnknown | LIFE_FLAG.startUnknown)) === 0;
}

type ImageRow = readonly [comm: number | null, uid: number | null, cgroup: number | null];
type TextRow = readonly [value: StoredText];

/** Finds the sums that an image belongs to; each image and each text is read once. */
export class CostGroups {
  readonly #by: CostKey;
  readonly #ofImage: CostQuery["ofImage"];
  readonly #shown: (key: number) => ShownImage | null;
  readonly #image: TypedRows<ImageRow>;
  readonly #text: TypedRows<TextRow>;
  readonly #ofImages = new Map<number, PastTotals | null>();
  /** Whether an image is counted, and the names of parents by theirs. */
  readonly #passed = new Map<number, boolean>();
  readonly #parents = new Map<number, string | null>();
  readonly #comms = new Map<number, string | null>();
  readonly #places = new Map<number, string | null>();
  readonly #groups = new Map<string | number | null, PastTotals>();

  constructor(
    history: History,
    { by, ofImage }: Pick<CostQuery, "by" | "ofImage">,
  ) {
    const { db } = history;
    this.#by = by;
    this.#ofImage = ofImage;
    this.#shown = shownImageReader(history);
    this.#image = new TypedRows(
      db,
      [
        nullable("image.comm", "key"),
        nullable("image.uid", "uid"),
        nullable("image.cgroup", "key"),
      ],
      "FROM image WHERE id = ?",
    );
    this.#text = new TypedRows(db, [column("text.value", "stored")], "FROM text WHERE id = ?");
  }

  /** The sums that a life belongs to; null when it is not counted. */
  ofLife(life: Life, lives: LifeStore): PastTotals | null {
    const parent = this.#by === "parent" ? lives.parentOf(life) : null;
    return this.of(life.imageKey, this.#by === "parent" ? parent?.imageKey ?? null : life.status);
  }

  /**
   * The sums for an image; null when it is not counted. `other` is the image of the parent or the
   * wait status, where the sums are by these.
   */
  of(image: number, other: number | null): PastTotals | null {
    if (this.#by === "exit" || this.#by === "parent") return this.#ofOther(image, other);
    let totals = this.#ofImages.get(image);
    if (totals === undefined) {
      totals = this.#find(image);
      this.#ofImages.set(image, totals);
    }
    return totals;
  }

  all(): KeyTotals[] {
    return [...this.#groups].filter(([, { processes }]) => processes > 0)
      .map(([key, totals]) => ({ key, totals }));
  }

  #ofOther(image: number, other: number | null): PastTotals | null {
    let passes = this.#passed.get(image);
    if (passes === undefined) this.#passed.set(image, passes = this.#passes(image));
    if (!passes) return null;
    if (this.#by === "exit" || other === null) return this.#group(other);
    let name = this.#parents.get(other);
    if (name === undefined) {
      name = this.#comm(this.#image.get(other)?.[0] ?? null);
      this.#parents.set(other, name);
    }
    return this.#group(name);
  }

  #find(image: number): PastTotals | null {
    if (!this.#passes(image)) return null;
    const [comm, uid, cgroup] = this.#image.get(image) ?? [null, null, null];
    const by = this.#by;
    return this.#group(
      by === "user" ? uid : by === "command" ? this.#comm(comm) : this.#place(cgroup),
    );
  }

  #passes(image: number): boolean {
    const test = this.#ofImage;
    if (test === null) return true;
    const shown = this.#shown(image);
    return shown !== null && test(shown);
  }

  #group(key: string | number | null): PastTotals {
    let totals = this.#groups.get(key);
    if (totals === undefined) this.#groups.set(key, totals = new PastTotals());
    return totals;
  }

  #comm(text: number | null): string | null {
    return remember(
      this.#comms,
      text,
      (value) => decodeText(fromStored("comm", value)),
      this.#text,
    );
  }

  #place(text: number | null): string | null {
    const placeOf = (value: StoredText) => {
      const { unit, container } = parseCgroup(decodeText(fromStored("cgroup", value)));
      return this.#by === "unit" ? unit : container;
    };
    return remember(this.#places, text, placeOf, this.#text);
  }
}

/** What a text of the file means, from a map where it is known already. */
function remember(
  known: Map<number, string | null>,
  id: number | null,
  meaning: (value: StoredText) => string | null,
  text: TypedRows<TextRow>,
): string | null {
  if (id === null) return null;
  let found = known.get(id);
  if (found === undefined) {
    const row = text.get(id);
    found = row === undefined ? null : meaning(row[0]);
    known.set(id, found);
  }
  return found;
}

/**
 * The whole account of each job that was open at some time within stretches, the latest first;
 * with a test, of those of its members that match, where there are any.
 */
export function sumJobs(
  history: History,
  spans: readonly BootSpan[],
  test: CostTest | null,
): JobTotals[] {
  return finish(sumJobsSteps(history, spans, test));
}

/** {@linkcode sumJobs} with pauses. */
export function* sumJobsSteps(
  history: History,
  spans: readonly BootSpan[],
  test: CostTest | null,
): Steps<JobTotals[]> {
  const found = new Map<number, JobTotals>();
  for (const within of spans.toReversed()) {
    for (const job of jobSteps(history, { within })) {
      if (job === null) yield;
      else if (!found.has(job.id)) {
        const matches = ({ comm, uid }: JobTotal) => test!(comm, uid < 0 ? null : uid);
        const chosen = test === null ? job.totals : job.totals.filter(matches);
        if (test !== null && chosen.length === 0) continue;
        const totals = new PastTotals();
        for (const total of chosen) totals.addMembers(total);
        found.set(job.id, { job, totals });
      }
    }
  }
  return [...found.values()];
}

/**
 * Where accounts came from within stretches, in the order of time; nothing where nobody had any.
 * The last recorder of a boot counts for what it has only just begun to see.
 */
export function accountSources(
  history: History,
  spans: readonly BootSpan[],
): PastAccountSource[] {
  const noted = pragma(history.db, "user_version") >= 4;
  const statement = new TypedRows<readonly [source: string, accounts: string | null]>(
    history.db,
    [column("run.source", "name"), nullable(noted ? "run.accounts" : "NULL", "name")],
    `FROM run WHERE boot = ?1 AND since < ?3
      AND (seen >= ?2 OR id = (SELECT max(id) FROM run WHERE boot = ?1)) ORDER BY id`,
  );
  const found = spans.flatMap(({ boot, since, until }) => {
    const runs = statement.all(boot.id, since, until);
    return runs.flatMap(([source, accounts]): PastAccountSource[] => {
      if (accounts === NO_ACCOUNTS) return [];
      const known = ACCOUNT_SOURCES.find((name) => name === accounts);
      // The poller has always read zombies; the connector does where exit records are refused.
      return [known ?? (source === "poll" ? "zombie" : "unknown")];
    });
  });
  return [...new Set(found)];
}

/** The sources that recorded within stretches, such as `connector`, in the order of time. */
export function recordingSources(history: History, spans: readonly BootSpan[]): string[] {
  const statement = new TypedRows<readonly [source: string]>(
    history.db,
    [column("run.source", "name")],
    "FROM run WHERE boot = ? AND seen >= ? AND since < ? ORDER BY id",
  );
  const found = spans.flatMap(({ boot, since, until }) => {
    return statement.all(boot.id, since, until).map(([source]) => source);
  });
  return [...new Set(found)];
}
