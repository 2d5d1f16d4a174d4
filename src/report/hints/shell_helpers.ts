/**
 * A shell that spends its life on short helpers, one after the other.
 *
 * @module
 */
import { durationWords } from "../../text/words.ts";
import type { Hint } from "../hints.ts";
import { type Family, total, union } from "./family.ts";

const SHELLS = /(^|\/)(sh|bash|dash|zsh|ksh|mksh|ash|busybox)$/;
/** A process that lives so long does mostly its own work, not its start. */
const SHORT_MAX_NS = 5e7;
const HELPERS_MIN = 50;
/** What is shorter is not worth a look: a second, or a twentieth of what is drawn. */
const WAIT_MIN_NS = 1e9;
const WAIT_MIN_SHARE = 0.05;
/** Of the shell's life. */
const LIFE_MIN_SHARE = 0.5;
/** Names of helpers that are told. */
const NAMES_MAX = 3;

/** A hint for each shell. */
export function shellHelpers(family: Family): Hint[] {
  return family.spans.flatMap((_, index) => shellHelper(family, index) ?? []);
}

function shellHelper(family: Family, index: number): Hint | null {
  const children = family.children(index);
  if (children.length < HELPERS_MIN || !isShell(family, index)) return null;
  const helpers = children.filter((child) => {
    return family.spans[child]!.end !== null && family.lengthNs(child) < SHORT_MAX_NS;
  });
  if (helpers.length < HELPERS_MIN) return null;
  const stretches = union(helpers.map((child) => family.life(child)));
  const waitNs = total(stretches);
  const lifeNs = family.lengthNs(index);
  if (waitNs < Math.max(WAIT_MIN_NS, family.frame.lengthNs * WAIT_MIN_SHARE)) return null;
  if (waitNs < lifeNs * LIFE_MIN_SHARE) return null;
  const meanNs = helpers.reduce((sum, child) => sum + family.lengthNs(child), 0) / helpers.length;
  return {
    kind: "shell helpers",
    words: `${title(family, index)} had a short helper running for ${durationWords(waitNs)} of ` +
      `its ${durationWords(lifeNs)}: ${helpers.length} of them, ${durationWords(meanNs)} each ` +
      `on average (${commonest(family, helpers)})`,
    advice: "what the shell can do itself needs no process; one awk or sed can do many lines",
    stretches,
    spans: [index],
    weightNs: waitNs,
  };
}

/** By its executable, or the first word: a script that is run by its name has its own comm. */
function isShell(family: Family, index: number): boolean {
  const { name, argv, exe } = family.spans[index]!.image;
  return [exe, argv?.[0], name].some((text) => SHELLS.test(text ?? ""));
}

function title(family: Family, index: number): string {
  return `${family.name(index)} (${family.spans[index]!.pid})`;
}

function commonest(family: Family, helpers: readonly number[]): string {
  const counts = new Map<string, number>();
  for (const index of helpers) {
    const name = family.isFork(index) ? "subshells" : family.name(index);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const first = [...counts].sort(([, a], [, b]) => b - a).slice(0, NAMES_MAX);
  return first.map(([name, count]) => `${count} ${name}`).join(", ");
}
