/**
 * make that was told nothing of jobs, and ran one recipe at a time while CPUs had nothing to do.
 *
 * @module
 */
import { durationWords } from "../../text/words.ts";
import type { Hint } from "../hints.ts";
import { type Family, levels, total, union } from "./family.ts";

const MAKES: ReadonlySet<string> = new Set(["make", "gmake", "bmake"]);
/** With fewer commands of recipes, there was little to run at the same time. */
const COMMANDS_MIN = 4;
/** What is shorter is not worth an option: a second, or a tenth of what is drawn. */
const ALONE_MIN_NS = 1e9;
const ALONE_MIN_SHARE = 0.1;
/** A source that looks now and then sees commands overlap that did not. */
const OVERLAP_MAX_SHARE = 0.01;
/** Of a CPU that has to be left over: below, nothing could have run there. */
const IDLE_MIN_CPUS = 0.75;

/** A hint for each outermost make without -j that ran one command after the other. */
export function serialMakes(family: Family): Hint[] {
  return family.spans.flatMap((_, index) => serialMake(family, index) ?? []);
}

function serialMake(family: Family, index: number): Hint | null {
  const { cpus, lengthNs } = family.frame;
  const { image, pid } = family.spans[index]!;
  if (!isMake(family, index) || image.argv === null || hasJobs(image.argv)) return null;
  if (family.isFork(index) || cpus === null || cpus < 2) return null;
  // One that make has started has the jobs of the outer one.
  for (const above of family.above(index)) if (isMake(family, above)) return null;
  const started = recipes(family, index);
  if (started === null || started.length < COMMANDS_MIN) return null;
  const at = levels(started.map((one) => family.life(one)));
  const alone = union(at.filter(({ level }) => level === 1));
  const aloneNs = total(alone);
  const overlapNs = total(at.filter(({ level }) => level > 1));
  if (aloneNs < Math.max(ALONE_MIN_NS, lengthNs * ALONE_MIN_SHARE)) return null;
  if (overlapNs > aloneNs * OVERLAP_MAX_SHARE) return null;
  const cpuNs = family.cpuNs(family.below(index));
  const used = cpuNs === null ? null : cpuNs / aloneNs;
  if (used !== null && used > cpus - IDLE_MIN_CPUS) return null;
  const [ran, life] = [aloneNs, family.lengthNs(index)].map(durationWords);
  const load = used === null
    ? `; the host has ${cpus} CPUs`
    : `, and what it started used ${used.toFixed(1)} of ${cpus} CPUs`;
  return {
    kind: "serial makes",
    words: `make (${pid}) has no -j in its command line: for ${ran} of its ${life} exactly one ` +
      `of its ${started.length} recipe commands ran${load}`,
    advice: `try make -j${cpus}: recipes that do not need each other then run at the same time`,
    stretches: alone,
    spans: [index],
    weightNs: aloneNs,
  };
}

function isMake(family: Family, index: number): boolean {
  return MAKES.has(family.spans[index]!.image.name ?? "");
}

/**
 * What a make and those below it have started, but for what only starts other makes; null where
 * one of them says how many jobs.
 */
function recipes(family: Family, make: number): number[] | null {
  const started: number[] = [];
  const makes = [make];
  for (let at = makes.pop(); at !== undefined; at = makes.pop()) {
    if (hasJobs(family.spans[at]!.image.argv ?? [])) return null;
    for (const child of family.children(at)) {
      const below = nearestMakes(family, child);
      if (below.length === 0) started.push(child);
      for (const one of below) makes.push(one);
    }
  }
  return started;
}

/** The process, where it is a make, and else those below it that have no make above them. */
function nearestMakes(family: Family, index: number): number[] {
  const found: number[] = [];
  const waiting = [index];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (isMake(family, at)) found.push(at);
    else for (const child of family.children(at)) waiting.push(child);
  }
  return found;
}

/** Whether a command line of make says how many jobs: -j, -j8, -sj8, --jobs=8. */
function hasJobs(argv: readonly string[]): boolean {
  for (const word of argv.slice(1)) {
    if (word === "--") return false;
    // Short options of make that take a word end a bundle: -Cjobs is a folder.
    if (/^--jobs?(=|$)/.test(word) || /^-[^-CfIoWEl]*j/.test(word)) return true;
  }
  return false;
}
