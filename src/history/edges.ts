/**
 * Long lives count in a stretch by what they have used in it: those that began before it are not
 * counted for the time before, those that go on beyond it are counted up to its end.
 *
 * What a life had used at a time lies between two points at which that is known: its start, the
 * samples that the recorder took each minute, its end. Between two points it grows evenly.
 *
 * @module
 */
import type { CostQuery, LivingUse } from "../ask/store.ts";
import type { BootSpan } from "../model/bounds.ts";
import { STEP_ROWS, type Steps } from "../steps.ts";
import type { CostGroups } from "./cost_groups.ts";
import { pragma } from "./file.ts";
import type { History } from "./history.ts";
import { type Life, LIFE_COLUMNS, type LifeRow } from "./life.ts";
import { SHORT_NS } from "./schema.ts";
import { column, TypedRows } from "./typed.ts";

/** What lived for no longer is counted as a whole when it ends. */
export const LONG_NS = 60e9;

/** CPU time at a point, microseconds; `at` is nanoseconds since boot. */
interface Point {
  readonly at: number;
  readonly userUs: number;
  readonly systemUs: number;
}

/** CPU time at a moment, and how much of it was used since the point before and up to the next. */
interface Use {
  readonly userUs: number;
  readonly systemUs: number;
  readonly sinceUs: number;
  readonly untilUs: number;
}

type SampleRow = readonly [at: number, userUs: number, systemUs: number];

const ZERO: Use = { userUs: 0, systemUs: 0, sinceUs: 0, untilUs: 0 };
const ALIVE_AT = `FROM life WHERE boot = ?1 AND born < ?2
  AND (span IS NULL OR span > ${SHORT_NS}) AND (span IS NULL OR born + span >= ?2)`;

/** Puts what was counted as a whole right at both ends of a stretch. */
export function* addEdges(
  history: History,
  span: BootSpan,
  query: CostQuery,
  groups: CostGroups,
): Steps<void> {
  const uses = new Uses(history, span, query.living);
  if (!uses.isKnown) return;
  const { boot, since, until } = span;
  const rows = new TypedRows<LifeRow>(history.db, LIFE_COLUMNS, ALIVE_AT);
  let seen = 0;
  for (const row of rows.iterate(boot.id, since)) {
    if (++seen % STEP_ROWS === 0) yield;
    const life = history.lives.take(row);
    if (!isLong(life) || endOf(life) >= until) continue;
    const before = uses.at(life, since);
    const whole = history.accountOf(life);
    // Of what is not accounted nothing was counted.
    if (before === null || whole === null) continue;
    // A sample and an account need not split the time in the same way.
    const user = Math.min(before.userUs, Math.round(whole.userNs / 1000));
    const system = Math.min(before.systemUs, Math.round(whole.systemNs / 1000));
    groups.ofLife(life, history.lives)?.addUse(-user, -system, before.untilUs);
  }
  // What goes on has no end to be counted by.
  if (query.by === "exit") return;
  for (const row of rows.iterate(boot.id, until)) {
    if (++seen % STEP_ROWS === 0) yield;
    const life = history.lives.take(row);
    if (!isLong(life)) continue;
    const before = life.born < since ? uses.at(life, since) : ZERO;
    const after = uses.at(life, until);
    if (before === null || after === null) continue;
    const user = Math.max(0, after.userUs - before.userUs);
    const system = Math.max(0, after.systemUs - before.systemUs);
    // Most of those that live do nothing.
    const totals = user + system === 0 ? null : groups.ofLife(life, history.lives);
    if (totals === null) continue;
    totals.addUse(user, system, Math.min(user + system, before.untilUs + after.sinceUs));
    totals.living++;
  }
}

function isLong(life: Life): boolean {
  return life.alive || life.seenFor > LONG_NS;
}

function endOf(life: Life): number {
  return life.alive ? Infinity : life.born + life.seenFor;
}

/** Knows what lives had used. */
class Uses {
  readonly #history: History;
  readonly #living: CostQuery["living"];
  readonly #until: number;
  readonly #before: TypedRows<SampleRow> | null = null;
  readonly #after: TypedRows<SampleRow> | null = null;

  constructor(history: History, { until }: BootSpan, living: CostQuery["living"]) {
    this.#history = history;
    this.#living = living;
    this.#until = until;
    if (pragma(history.db, "user_version") < 8) return;
    const columns = [
      column("sample.at", "time"),
      column("sample.user_us", "count"),
      column("sample.system_us", "count"),
    ];
    const sample = (rest: string) => {
      return new TypedRows<SampleRow>(history.db, columns, `FROM sample WHERE life = ? ${rest}`);
    };
    this.#before = sample("AND at <= ? ORDER BY at DESC LIMIT 1");
    this.#after = sample("AND at >= ? ORDER BY at LIMIT 1");
  }

  /** Whether there is anything that tells. */
  get isKnown(): boolean {
    return this.#before !== null || this.#living !== null;
  }

  /** What a life had used at a time; null where nothing tells. */
  at(life: Life, time: number): Use | null {
    // Who was not seen has ended since it was written, or is who asks.
    if (this.#living !== null && life.alive && this.#nowOf(life) === null) return null;
    const left = pointOf(this.#before?.get(life.key, time)) ?? startOf(life);
    const right = pointOf(this.#after?.get(life.key, time)) ?? this.#endOf(life);
    if (left === null) return null;
    if (right === null || right.at <= left.at) return { ...ZERO, ...left };
    const part = Math.min(1, Math.max(0, (time - left.at) / (right.at - left.at)));
    const [user, system] = [right.userUs - left.userUs, right.systemUs - left.systemUs];
    const all = Math.max(0, user + system);
    return {
      userUs: Math.round(left.userUs + user * part),
      systemUs: Math.round(left.systemUs + system * part),
      sinceUs: part === 1 ? 0 : Math.round(all * part),
      untilUs: part === 0 ? 0 : Math.round(all * (1 - part)),
    };
  }

  #nowOf({ pid, startTicks }: Life): LivingUse | null {
    const now = this.#living?.get(pid);
    return now === undefined || Math.abs(now.startTicks - startTicks) > 1 ? null : now;
  }

  /** What it has used in all, or up to now. */
  #endOf(life: Life): Point | null {
    if (life.alive) {
      const now = this.#nowOf(life);
      return now === null ? null : { ...now, at: this.#until };
    }
    const account = this.#history.accountOf(life);
    if (account === null) return null;
    const [userUs, systemUs] = [account.userNs / 1000, account.systemNs / 1000];
    return { at: endOf(life), userUs, systemUs };
  }
}

function pointOf(row: SampleRow | undefined): Point | null {
  return row === undefined ? null : { at: row[0], userUs: row[1], systemUs: row[2] };
}

/** Nothing was used when it was forked. */
function startOf({ start, born }: Life): Point | null {
  return start === null ? null : { at: born, userUs: 0, systemUs: 0 };
}
