/**
 * What happens on a host, and what can be answered here: what whoever has just come wants to know.
 *
 * @module
 */
import { Stopped } from "../fault.ts";
import type { Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import type { ProcReader } from "../proc/procfs.ts";
import { parseStat } from "../proc/stat.ts";
import type { Asking } from "./asking.ts";
import { type NextFacts, type NextStep, nextSteps } from "./next_steps.ts";
import { recorderLives } from "./recorder_lives.ts";
import type { PastStore } from "./store.ts";

/** Processes that are shown. */
const NEWEST = 5;
const HOUR_MS = 3_600_000;
/** A name that needs no quotes. */
const PLAIN = /^[A-Za-z_][\w.+-]*$/;

/** What stands on the screen. */
export interface Overview {
  /** Processes that live, threads of the kernel not counted. */
  readonly living: number;
  /** Those of them that were started last, the latest first. */
  readonly newest: readonly Process[];
  /** Null where there is none that may be read. */
  readonly history: PastOverview | null;
  readonly steps: readonly NextStep[];
}

/** What a history has. */
export interface PastOverview {
  readonly place: string;
  readonly lives: number;
  /** Milliseconds since the Unix epoch; null where nothing is kept. */
  readonly since: number | null;
  readonly isRecording: boolean;
  /** Findings of the last hour. */
  readonly findings: number;
}

/** Who asks, and on what host. */
export interface OverviewFacts extends Pick<NextFacts, "isRoot" | "hasSystemd" | "hasUnit"> {
  /** This program, which is no news. */
  readonly pid: number;
}

/** Looks around. */
export async function askOverview(asking: Asking, facts: OverviewFacts): Promise<Overview> {
  const { reader, redact, boot } = asking;
  const pids = withoutKernelThreads(reader, reader.pids()).filter((pid) => pid !== facts.pid);
  // Of all others a start is enough.
  const latest = new Set(newestOf(reader, pids));
  const newest = takeSnapshot(readProcesses(reader, latest), redact, boot)
    .filter(({ pid }) => latest.has(pid))
    .sort((a, b) => b.born - a.born || b.pid - a.pid);
  const history = await pastOf(asking);
  const name = newest.map(({ image }) => nameOf(image) ?? "").find((one) => PLAIN.test(one));
  const steps = nextSteps(factsOf(asking, facts, history, name ?? null));
  return { living: pids.length, newest, history, steps };
}

/** What makes sense here, where nobody looks at what runs. */
export async function askSteps(
  asking: Asking,
  facts: OverviewFacts,
): Promise<readonly NextStep[]> {
  return nextSteps(factsOf(asking, facts, await pastOf(asking), null));
}

function factsOf(
  { historyPlace }: Asking,
  facts: OverviewFacts,
  history: PastOverview | null,
  newest: string | null,
): NextFacts {
  return {
    ...facts,
    hasHistory: history !== null,
    isOfRoot: history === null && historyPlace.isOfRoot,
    isRecording: history?.isRecording ?? false,
    findings: history?.findings ?? 0,
    newest,
  };
}

function newestOf(reader: ProcReader, pids: readonly number[]): number[] {
  const starts = pids.flatMap((pid) => {
    const bytes = reader.read(pid, "stat");
    const stat = bytes === null ? null : parseStat(bytes);
    return stat === null ? [] : [{ pid, start: stat.startTicks }];
  });
  starts.sort((a, b) => b.start - a.start || b.pid - a.pid);
  return starts.slice(0, NEWEST).map(({ pid }) => pid);
}

async function pastOf(asking: Asking): Promise<PastOverview | null> {
  const { past } = asking.store;
  if (past === null) return null;
  try {
    return await lookAt(past, asking);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    // All else can be told without it.
    const what = `${past.place} cannot be read: ${(error as Error).message}`;
    asking.notes.add("no_history", what);
    return null;
  }
}

async function lookAt(past: PastStore, { reader, now }: Asking): Promise<PastOverview> {
  const run = await past.lastRun();
  const { lives } = await past.count();
  let findings = 0;
  for (const span of past.bounds.spans(now() - HOUR_MS, Number.MAX_SAFE_INTEGER)) {
    findings += (await past.findings(span)).found.length;
  }
  return {
    place: past.place,
    lives,
    since: past.bounds.range()?.since ?? null,
    isRecording: run !== null && recorderLives(run, reader),
    findings,
  };
}
