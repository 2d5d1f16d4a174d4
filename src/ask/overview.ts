/**
 * What happens on a host, and what can be answered here: what whoever has just come wants to know.
 *
 * @module
 */
import type { Process } from "../model/process.ts";
import { nameOf } from "../model/program_names.ts";
import { takeSnapshot } from "../model/snapshot.ts";
import { readProcesses, withoutKernelThreads } from "../proc/processes.ts";
import type { Asking } from "./asking.ts";
import { type NextStep, nextSteps } from "./next_steps.ts";
import { recorderLives } from "./recorder_lives.ts";

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
export interface OverviewFacts {
  readonly isRoot: boolean;
  readonly hasSystemd: boolean;
  /** This program, which is no news. */
  readonly pid: number;
}

/** Looks around. */
export async function askOverview(asking: Asking, facts: OverviewFacts): Promise<Overview> {
  const { reader, redact, boot, historyPlace } = asking;
  const pids = withoutKernelThreads(reader, reader.pids());
  const processes = takeSnapshot(readProcesses(reader, pids), redact, boot)
    .filter(({ pid }) => pid !== facts.pid);
  processes.sort((a, b) => b.born - a.born || b.pid - a.pid);
  const newest = processes.slice(0, NEWEST);
  const history = await pastOf(asking);
  const name = newest.map(({ image }) => nameOf(image) ?? "").find((one) => PLAIN.test(one));
  const steps = nextSteps({
    ...facts,
    hasHistory: history !== null,
    isOfRoot: history === null && historyPlace.isOfRoot,
    isRecording: history?.isRecording ?? false,
    findings: history?.findings ?? 0,
    newest: name ?? null,
  });
  return { living: processes.length, newest, history, steps };
}

async function pastOf({ store, reader, now }: Asking): Promise<PastOverview | null> {
  const { past } = store;
  if (past === null) return null;
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
