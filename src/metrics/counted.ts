/**
 * Counters as families, and what of them others than root may see.
 *
 * @module
 */
import { GAP_REASON, GAP_WORDS } from "../model/event.ts";
import { type Counters, OUTCOMES } from "./counters.ts";
import { type Family, type Metric, METRICS, type Sample, single } from "./family.ts";
import { type LabelSeries, OTHER } from "./series.ts";

const NS_PER_S = 1e9;
/** Losses of one client of the socket are told to that client; a pause is counted by nobody. */
const TOLD_ELSEWHERE: ReadonlySet<number> = new Set([GAP_REASON.signals, GAP_REASON.pause]);
const REASONS = GAP_WORDS.map((word, reason) => ({ word, reason }))
  .filter(({ reason }) => !TOLD_ELSEWHERE.has(reason));

/** Families of which a value is about one user, and its label. */
const OF_USER: ReadonlySet<string> = new Set(
  [METRICS.userStarted, METRICS.userFailed, METRICS.userCpu].map(({ name }) => name),
);
/** Families that say what others run. */
const HIDDEN: ReadonlySet<string> = new Set([
  METRICS.unitStarted,
  METRICS.unitFailed,
  METRICS.unitCpu,
  METRICS.containerStarted,
  METRICS.containerFailed,
  METRICS.containerCpu,
  METRICS.finding,
].map(({ name }) => name));

/** What was counted. */
export function countedFamilies(counters: Counters): Family[] {
  const { forks, execs, exits, lost, gaps, units, containers, users } = counters;
  return [
    single(METRICS.forks, forks),
    single(METRICS.execs, execs),
    { ...METRICS.exits, samples: OUTCOMES.map((outcome, i) => sample(outcome, exits[i]!)) },
    byReason(METRICS.lost, lost),
    byReason(METRICS.gaps, gaps),
    ...labelled(units, METRICS.unitStarted, METRICS.unitFailed, METRICS.unitCpu),
    ...labelled(
      containers,
      METRICS.containerStarted,
      METRICS.containerFailed,
      METRICS.containerCpu,
    ),
    ...labelled(users, METRICS.userStarted, METRICS.userFailed, METRICS.userCpu),
  ];
}

/** What of families a user may see who is not privileged: totals, and what is their own. */
export function familiesOf(families: readonly Family[], user: string | null): Family[] {
  return families.filter(({ name }) => !HIDDEN.has(name)).map((family) => {
    if (!OF_USER.has(family.name)) return family;
    // One who is called as all others together is among them.
    const isOwn = ({ labels: [name] }: Sample) => name === user && name !== OTHER;
    return { ...family, samples: family.samples.filter(isOwn) };
  });
}

function byReason(metric: Metric, counts: readonly number[]): Family {
  return { ...metric, samples: REASONS.map(({ word, reason }) => sample(word, counts[reason]!)) };
}

function labelled(of: LabelSeries, started: Metric, failed: Metric, cpu: Metric): Family[] {
  const all = [...of.all()];
  return [
    { ...started, samples: all.map((one) => sample(one.value, one.started)) },
    { ...failed, samples: all.map((one) => sample(one.value, one.failed)) },
    { ...cpu, samples: all.map((one) => sample(one.value, one.cpuNs / NS_PER_S)) },
  ];
}

function sample(label: string, value: number): Sample {
  return { labels: [label], value };
}
