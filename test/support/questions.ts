/**
 * A recorder that runs beside a test, and questions to what it has written.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { WatchEvent } from "../../src/library.ts";
import { FH, runFh } from "./executable.ts";
import type { Truth } from "./lineage.ts";
import { Running } from "./running.ts";

/** A live source. */
export type Source = "connector" | "poll";

const WAIT_MS = 60_000;
const LOOK_MS = 20;
/** A fork comes before the first thing that the process does, by less than this. */
export const SOONER_MS = 50;

/** A process as `fh tree --json` and `fh why --json` show it; `children` of a tree only. */
export interface Shown {
  readonly id: string;
  readonly pid: number;
  readonly ppid: number | null;
  readonly parent: string | null;
  readonly comm: string | null;
  readonly argv: readonly string[] | null;
  readonly state: string;
  readonly started: string | null;
  readonly ended: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly reaper: number | null;
  readonly notes: readonly string[];
  readonly children: readonly Shown[];
}

/** Starts `fh record` and waits until it records. */
export async function recordTo(db: string, source: Source): Promise<Running> {
  const recorder = Running.start([FH, "record", "-q", "--source", source, "--db", db]);
  return await recorder.startedWhen("recorder", () => statusOf(db)["pid"] === recorder.pid);
}

/** What `fh record --status --json` says; nothing where there is no history yet. */
export function statusOf(db: string): Record<string, unknown> {
  const { stdout } = runFh(["record", "--status", "--json", "--db", db]);
  return stdout === "" ? {} : JSON.parse(stdout);
}

/** Waits until a history knows how all ended that a program made, or the last of each pid. */
export async function untilEnded(db: string, { members, program }: Truth): Promise<void> {
  const since = Math.floor(program.start) - SOONER_MS;
  const pids = [...new Set(members.map(({ pid }) => pid))];
  const condition = `state = 'exited' AND started_ns / 1000000 >= ${since}
    AND pid IN (SELECT value FROM json_each('[${pids}]'))`;
  await untilKnown(db, pids.length, condition);
}

/** Waits until the view `process` of a history has `count` different pids with a condition. */
export async function untilKnown(db: string, count: number, condition: string): Promise<void> {
  let found = 0;
  for (const late = performance.now() + WAIT_MS; performance.now() < late; await delay(LOOK_MS)) {
    found = countPids(db, condition);
    if (found >= count) return;
  }
  throw new Error(`${found} of ${count} processes in ${db}: ${condition}`);
}

function countPids(path: string, condition: string): number {
  if (!existsSync(path)) return 0;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 5000");
    const sql = `SELECT count(DISTINCT pid) AS n FROM process WHERE ${condition}`;
    return Number(db.prepare(sql).get()!["n"]);
  } finally {
    db.close();
  }
}

/** Waits until none of some processes is a zombie any more. */
export async function untilReaped(pids: readonly number[]): Promise<void> {
  let left = pids;
  for (const late = performance.now() + WAIT_MS; performance.now() < late; await delay(LOOK_MS)) {
    left = left.filter(isZombie);
    if (left.length === 0) return;
  }
  throw new Error(`Zombies that nobody reaps: ${left.join()}`);
}

function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

/** What `fh ARGS --json --db DB` prints, one value a line; it must end with 0. */
export async function ask<T>(db: string, ...args: readonly string[]): Promise<T[]> {
  await using fh = Running.start([FH, ...args, "--json", "-q", "--db", db]);
  const { status, stdout, stderr } = await fh.end();
  assert.equal(status, 0, `fh ${args.join(" ")}: ${stderr}`);
  assert.equal(stderr, "");
  return stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** The chain that `fh why` shows, from the process itself upwards. */
export async function why(db: string, process: string | number): Promise<readonly Shown[]> {
  const [answer] = await ask<{ readonly chain: readonly Shown[] }>(db, "why", `${process}`);
  return answer!.chain;
}

/** The events that `fh log` shows. */
export async function log(db: string, ...args: readonly string[]): Promise<WatchEvent[]> {
  return await ask<WatchEvent>(db, "log", ...args);
}

/** A moment (milliseconds since the epoch) as the command line takes it. */
export function seconds(moment: number): string {
  return (moment / 1000).toFixed(6);
}
