/**
 * What `fh record` has written, held against what really happened.
 *
 * @module
 */
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { CLOCK } from "../../ffi/linux.ts";
import { openLibc } from "../../ffi/mod.ts";
import { LIFE_FLAG } from "../../src/history/schema.ts";
import { parseStat } from "../../src/proc/stat.ts";
import type { Task } from "../bench/support/truth.ts";
import { FH, type Place } from "./executable.ts";
import { Running } from "./running.ts";

const TICK_NS = 10_000_000;
const ZOMBIE = 0x5a;
/** What happened is in the file after half a second; this is what a busy machine is given. */
const SETTLED_MS = 1500;

const libc = await openLibc();

/** The clock of the truth of a load, nanoseconds. */
export function monotonicNs(): number {
  return libc.clockGettime(CLOCK.MONOTONIC);
}

/** Time spent in suspend: add it to {@linkcode monotonicNs} to have the clock of a history. */
export function suspendedNs(): number {
  const offset = libc.clockGettime(CLOCK.BOOTTIME) - monotonicNs();
  return offset < 1e6 ? 0 : Math.round(offset / 1000) * 1000;
}

/** Starts a recorder, and waits until it records. */
export async function startRecorder(
  db: string,
  args: readonly string[] = [],
  place: Place = {},
): Promise<Running> {
  return await recording(Running.start([FH, "record", "--db", db, ...args], place));
}

/** A recorder that was started, once it says that it records. */
export async function recording(fh: Running): Promise<Running> {
  return await fh.startedWhen("recorder", () => fh.stderr.includes("fh: recording to "));
}

/** Copies a history as its dead recorder left it, for opening it would repair it. */
export function copyHistory(db: string, to: string): DatabaseSync {
  for (const suffix of ["", "-wal"]) {
    if (existsSync(db + suffix)) copyFileSync(db + suffix, to + suffix);
  }
  return new DatabaseSync(to);
}

/** A row of `life`; times are nanoseconds since boot. */
export interface Row {
  readonly pid: number;
  readonly ppid: number | null;
  readonly reaper: number | null;
  readonly born: number;
  /** Null while it runs. */
  readonly end: number | null;
  readonly status: number | null;
  readonly flags: number;
  /** Whether the parent has ended; null where it is not known. */
  readonly orphan: boolean | null;
}

/** All lives, in the order of their rows. */
export function readRows(db: DatabaseSync): Row[] {
  return db.prepare(
    `SELECT l.pid, coalesce(p.pid, l.ppid) AS ppid, l.reaper, CAST(l.born AS REAL) AS born,
      CAST(l.born + l.span AS REAL) AS end, l.status, l.flags,
      iif(p.id IS NULL, NULL, p.span IS NOT NULL) AS ended
      FROM life l LEFT JOIN life p ON p.id = l.parent ORDER BY l.id`,
  ).all().map((row) => {
    const { ended, ...same } = row as unknown as Row & { ended: number | null };
    return { ...same, orphan: ended === null ? null : ended === 1 };
  });
}

/** A gap as it stands in the file. */
export interface Gap {
  readonly since: number;
  readonly until: number;
  readonly lost: number | null;
  readonly reason: string;
}

/** All gaps, oldest first. */
export function readGaps(db: DatabaseSync): Gap[] {
  return db.prepare(
    `SELECT CAST(since AS REAL) AS since, CAST(until AS REAL) AS until, lost, reason
      FROM gap ORDER BY id`,
  ).all() as unknown as Gap[];
}

/** The runs of recorders, oldest first. */
export function readRuns(db: DatabaseSync): Record<string, unknown>[] {
  return db.prepare(
    `SELECT pid, source, lost, events, CAST(since AS REAL) AS since, CAST(seen AS REAL) AS seen,
      CAST(ended AS REAL) AS ended FROM run ORDER BY id`,
  ).all();
}

/** What SQLite finds wrong with a file; "ok" when nothing. */
export function integrityOf(db: DatabaseSync): string {
  return db.prepare("PRAGMA integrity_check").all()
    .map((row) => String(Object.values(row)[0])).join("\n");
}

/** What the file has of ended tasks. */
export interface Comparison {
  /** Tasks that no row is about. */
  readonly missing: readonly Task[];
  /** What is told otherwise than it was. */
  readonly wrong: readonly string[];
}

/** Holds rows against tasks: each has one of its pid born while its parent was about it. */
export function compareRows(rows: Iterable<Row>, tasks: readonly Task[]): Comparison {
  const byPid = new Map<number, Row[]>();
  for (const row of rows) {
    const same = byPid.get(row.pid);
    if (same === undefined) byPid.set(row.pid, [row]);
    else same.push(row);
  }
  const offset = suspendedNs();
  const missing: Task[] = [];
  const wrong: string[] = [];
  for (const task of tasks) {
    const [from, to] = [task.start + offset - TICK_NS, task.end + offset];
    const found = (byPid.get(task.pid) ?? []).filter(({ born }) => born >= from && born <= to);
    if (found.length === 0) missing.push(task);
    else if (found.length > 1) wrong.push(`pid ${task.pid}: ${found.length} rows`);
    else wrong.push(...differences(found[0]!, task));
  }
  return { missing, wrong };
}

function differences({ ppid, status, end, flags }: Row, task: Task): string[] {
  const ended = end !== null && (flags & LIFE_FLAG.endUnknown) === 0;
  const told = [["parent", ppid, task.ppid], ["status", status, task.status], [
    "ended",
    ended,
    true,
  ]];
  return told.filter(([, is, was]) => is !== was)
    .map(([what, is, was]) => `pid ${task.pid}: ${what} ${is} instead of ${was}`);
}

/** Living processes as /proc has them: pid, parent and start. */
interface Living {
  readonly pid: number;
  readonly ppid: number;
  readonly startTicks: number;
}

function listLiving(): Map<string, Living> {
  const living = new Map<string, Living>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = parseStat(readFileSync(`/proc/${name}/stat`));
      if (stat === null || stat.state === ZOMBIE) continue;
      living.set(`${stat.pid} ${stat.startTicks}`, stat);
    } catch {
      continue; // It has ended meanwhile.
    }
  }
  return living;
}

/**
 * Holds a file whose recorder is at work against /proc: what lives stands in it as living, with
 * the parent it has, and nothing else does. What is wrong comes back.
 */
export async function compareWithProc(path: string): Promise<string[]> {
  const openRows = () => {
    const db = new DatabaseSync(path, { readOnly: true });
    const rows = readRows(db).filter(({ end }) => end === null);
    db.close();
    return rows;
  };
  const keyOf = ({ pid, born }: Row) => `${pid} ${Math.floor(born / TICK_NS)}`;
  const before = new Set(openRows().map(keyOf));
  const living = listLiving();
  await delay(SETTLED_MS);
  const rows = openRows();
  const still = listLiving();
  const has = (all: ReadonlyMap<string, Living>, { pid, born }: Row) => {
    const ticks = Math.floor(born / TICK_NS);
    // The fork is stamped some microseconds after the kernel notes the start.
    return [ticks, ticks - 1, ticks + 1].map((tick) => all.get(`${pid} ${tick}`)).find(Boolean);
  };
  const wrong = rows.filter((row) => before.has(keyOf(row)) && has(living, row) === undefined)
    .map(({ pid }) => `pid ${pid} has ended, and stands as living`);
  const told = new Set<Living>();
  for (const row of rows) {
    const process = has(still, row);
    if (process === undefined) continue;
    told.add(process);
    const { ppid, reaper, orphan, pid } = row;
    if (orphan !== false || (reaper ?? ppid) === process.ppid) continue;
    wrong.push(`pid ${pid}: parent ${reaper ?? ppid} instead of ${process.ppid}`);
  }
  for (const [key, process] of still) {
    if (living.has(key) && !told.has(process)) {
      wrong.push(`pid ${process.pid} lives, and is missing`);
    }
  }
  return wrong;
}
