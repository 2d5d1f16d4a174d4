/**
 * Findings as a history keeps them, and back.
 *
 * @module
 */
import type { KeptFinding } from "../model/kept_finding.ts";
import { Finding, FINDING_KINDS, type FindingFacts, NO_FACTS } from "./finding.ts";

/** What is known beside the process, by the names that are kept. */
const NAMES = {
  mean_life_ns: "meanLifeNs",
  every_ns: "everyNs",
  last_good_ns: "lastGood",
  per_second: "rate",
  usual_per_second: "usual",
  share: "share",
  cpu: "cpu",
  reason: "reason",
} as const satisfies Record<string, Exclude<keyof FindingFacts, "by">>;

/** A finding as it is now, to be kept. */
export function keptFinding(finding: Finding): KeptFinding {
  const { kind, key, since, until, isOver, count, process, facts } = finding;
  const known = Object.entries(NAMES).flatMap(([name, fact]) => {
    const value = facts[fact];
    return value === null ? [] : [[name, value] as const];
  });
  return {
    ...{ kind, key, since, until, isOver, count, process },
    by: facts.by,
    facts: Object.fromEntries(known),
  };
}

/** The finding that was kept; null where its kind is not known. */
export function findingOf(kept: KeptFinding): Finding | null {
  const kind = FINDING_KINDS.find((kind) => kind === kept.kind);
  if (kind === undefined) return null;
  const finding = new Finding(kind, kept.key, kept.process, kept.since);
  finding.until = kept.until;
  finding.count = kept.count;
  finding.isOver = kept.isOver;
  finding.facts = { ...NO_FACTS, by: kept.by, ...factsOf(kept) };
  return finding;
}

/** Others may have written them: what is of another type is not known. */
function factsOf({ facts }: KeptFinding): Partial<FindingFacts> {
  const known = Object.entries(NAMES).flatMap(([name, fact]) => {
    const value = facts[name];
    const isText = fact === "reason";
    return isText === (typeof value === "string") && value !== undefined
      ? [[fact, value] as const]
      : [];
  });
  return Object.fromEntries(known);
}
