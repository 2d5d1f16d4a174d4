/**
 * Several configure scripts that run the same checks.
 *
 * @module
 */
import { durationWords } from "../../text/words.ts";
import type { Hint } from "../hints.ts";
import { configures } from "./configure.ts";
import { type Family, total, union } from "./family.ts";

/** All but the first have to be worth a look: half a second, a twentieth of the whole. */
const MORE_MIN_NS = 5e8;
const MORE_MIN_SHARE = 0.05;
/** How many of their command lines were run before; with less they ask for other things. */
const SAME_MIN_SHARE = 0.5;
/** They keep what they found already. */
const CACHED = /^(-C|--config-cache|--cache-file(=.*)?)$/;

/** At most one hint, of all configure scripts but those that another one started. */
export function configureRepeats(family: Family): Hint[] {
  const all = configures(family);
  const scripts = all.filter((index) => {
    return !family.spans[index]!.image.argv?.some((word) => CACHED.test(word));
  });
  if (scripts.length < 2) return [];
  const known = new Set<string>();
  let [lines, same] = [0, 0];
  for (const [at, script] of scripts.entries()) {
    const own = checksOf(family, script, new Set(all));
    if (at > 0) {
      lines += own.length;
      same += own.filter((line) => known.has(line)).length;
    }
    for (const line of own) known.add(line);
  }
  if (lines === 0 || same / lines < SAME_MIN_SHARE) return [];
  const stretches = union(scripts.slice(1).map((index) => family.life(index)));
  const moreNs = total(stretches);
  if (moreNs < Math.max(MORE_MIN_NS, family.frame.lengthNs * MORE_MIN_SHARE)) return [];
  const others = scripts.length === 2 ? "the second" : `the ${scripts.length - 1} after the first`;
  return [{
    kind: "configure repeats",
    words: `${scripts.length} configure scripts ran, ${others} for ${durationWords(moreNs)}: ` +
      `${same} of their ${lines} command lines an earlier one had run, too`,
    advice: "let them share what they find: configure --cache-file, or CONFIG_SITE",
    stretches,
    spans: scripts,
    weightNs: moreNs,
  }];
}

/** The command lines of the helpers of one script, not of another that it starts. */
function checksOf(family: Family, script: number, others: ReadonlySet<number>): string[] {
  const lines: string[] = [];
  const waiting = [...family.children(script)];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (others.has(at)) continue;
    for (const child of family.children(at)) waiting.push(child);
    const { argv } = family.spans[at]!.image;
    if (argv !== null && !family.isFork(at)) lines.push(argv.join("\0"));
  }
  return lines;
}
