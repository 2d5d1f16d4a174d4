/**
 * What a parcel tells of, as the model has it: ends of processes and gaps, in the order in which
 * they happened.
 *
 * @module
 */
import { Boot } from "../history/boots.ts";
import { addCost } from "../history/cost.ts";
import type {
  OutgoingBoot,
  OutgoingImage,
  OutgoingJob,
  OutgoingLife,
} from "../history/outgoing.ts";
import { LIFE_FLAG } from "../history/schema.ts";
import { Account } from "../model/account.ts";
import { Change } from "../model/change.ts";
import { GAP_WORDS, UNKNOWN } from "../model/event.ts";
import { Image, NO_IMAGE } from "../model/image.ts";
import { Process } from "../model/process.ts";
import type { Parcel, ShippedGap } from "./sink.ts";

const NS_PER_S = 1_000_000_000n;

/** An end, or a gap. */
export interface Happened {
  readonly change: Change;
  readonly boot: Boot;
  /** What the process has cost; null for a gap, and where it is not known. */
  readonly account: Account | null;
  /** The jobs that it was in, the first of them first, and those of its parent. */
  readonly jobs: readonly OutgoingJob[];
  readonly jobsAbove: readonly OutgoingJob[];
}

const NO_JOBS: readonly OutgoingJob[] = [];
const NOBODY = { account: null, jobs: NO_JOBS, jobsAbove: NO_JOBS };

/** Ends and gaps of a parcel, boot by boot, by time. */
export function happenedIn({ lives, images, boots, jobs }: Parcel): Happened[] {
  const known = new Map(boots.map(({ boot }) => [boot.id, bootOf(boot)]));
  const made = new Map([...images].map(([key, { parts }]) => [key, new Image(parts)]));
  const all: Happened[] = [];
  for (const { gaps } of boots) {
    for (const gap of gaps) {
      all.push({ ...NOBODY, change: gapOf(gap), boot: known.get(gap.boot)! });
    }
  }
  for (const life of lives) {
    const boot = known.get(life.boot)!;
    const process = processOf(life, boot, images.get(life.image), made.get(life.image));
    const above = life.parent?.key;
    all.push({
      change: exitOf(process, life),
      boot,
      account: accountOf(life),
      jobs: jobs.get(life.key) ?? NO_JOBS,
      jobsAbove: above === undefined ? NO_JOBS : jobs.get(above) ?? NO_JOBS,
    });
  }
  return all.sort((a, b) => a.boot.id - b.boot.id || a.change.time - b.change.time);
}

function bootOf({ id, bootId, clock, runs }: OutgoingBoot): Boot {
  const rows = clock.map(({ since, epoch }) => {
    const ns = BigInt(epoch);
    return { since, epoch: { seconds: Number(ns / NS_PER_S), ns: Number(ns % NS_PER_S) } };
  });
  const starts = runs.map(({ since, source }) => {
    return { since: Number(since), source: String(source) };
  });
  return new Boot({ id, boot_id: bootId }, rows, starts.sort((a, b) => a.since - b.since));
}

function processOf(
  life: OutgoingLife,
  boot: Boot,
  shipped: OutgoingImage | undefined,
  image: Image = NO_IMAGE,
): Process {
  const { pid, born, nth, span, parent, ppid, status, flags } = life;
  const process = new Process(pid, born, nth, boot);
  process.start = (flags & LIFE_FLAG.startUnknown) === 0 ? born : null;
  process.status = status;
  process.uid = shipped?.uid ?? null;
  process.image = image;
  process.ppid = parent?.pid ?? ppid;
  if (parent !== null) {
    process.parent = new Process(parent.pid, parent.born, parent.nth, boot);
    process.parent.start = parent.isStartKnown ? parent.born : null;
  }
  process.state = (flags & LIFE_FLAG.endUnknown) === 0 ? "exited" : "unknown";
  if (process.state === "exited") process.end = born + span!;
  return process;
}

function exitOf(process: Process, { born, span, flags }: OutgoingLife): Change {
  const change = new Change();
  change.kind = "exit";
  change.time = born + span!;
  change.process = process;
  change.tid = process.pid;
  change.inferred = (flags & (LIFE_FLAG.endInferred | LIFE_FLAG.endUnknown)) !== 0;
  change.a = UNKNOWN;
  return change;
}

function gapOf({ since, until, lost, reason }: ShippedGap): Change {
  const change = new Change();
  change.since = since;
  change.time = until;
  change.a = lost ?? UNKNOWN;
  change.b = GAP_WORDS.indexOf(reason);
  return change;
}

function accountOf({ costs }: OutgoingLife): Account | null {
  if (costs[0] === null || costs[0] === undefined) return null;
  const account = new Account();
  addCost(account, costs.map((cost) => cost ?? 0));
  return account;
}
