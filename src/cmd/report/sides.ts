/**
 * What `fh report diff` compares, as people write it: saved runs, jobs, processes and stretches of
 * time, on two sides.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { parseMoment } from "../../ask/text/moments.ts";
import { parseAsked } from "../../ask/text/target.ts";
import { CommandError, UsageError } from "../../fault.ts";

/** Stands between the runs of the two sides. */
const BETWEEN = "vs";

/** Where a run is found. */
export type RunPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "job"; readonly name: string }
  | { readonly kind: "process"; readonly text: string }
  | { readonly kind: "stretch"; readonly since: string; readonly until: string };

/** The runs of each side; throws UsageError where it is not said which they are. */
export function sidesOf(
  operands: readonly string[],
  now: number,
): readonly [before: readonly RunPlace[], after: readonly RunPlace[]] {
  const at = operands.indexOf(BETWEEN);
  if (at < 0 && operands.length < 2) {
    throw new UsageError("Missing run: one alone is no comparison; give one before and one after");
  }
  if (at < 0 && operands.length > 2) {
    throw new UsageError(
      `Bad runs: ${operands.length} of them, and it is not said which were before; ` +
        `write ${BETWEEN} between the sides`,
    );
  }
  const sides = at < 0
    ? [operands.slice(0, 1), operands.slice(1)]
    : [operands.slice(0, at), operands.slice(at + 1)];
  const [before, after] = sides.map((side) => side.map((text) => placeOf(text, now)));
  if (before!.length > 0 && after!.length > 0 && operands.lastIndexOf(BETWEEN) === at) {
    return [before!, after!];
  }
  throw new UsageError(`Bad runs: ${BETWEEN} must have runs on both its sides, and stand once`);
}

/** A text with a known beginning, or two times with `..` between them; else a file. */
function placeOf(text: string, now: number): RunPlace {
  const [, prefix, rest] = /^(job|pid):(.+)$/s.exec(text) ?? [];
  if (prefix === "job") return { kind: "job", name: rest! };
  if (prefix === "pid") {
    parseAsked(rest!, now, { latest: Infinity });
    return { kind: "process", text: rest! };
  }
  const times = text.split("..");
  const isStretch = times.length === 2 && !existsSync(text) &&
    times.every((time) => isMoment(time, now));
  return isStretch
    ? { kind: "stretch", since: times[0]!, until: times[1]! }
    : { kind: "file", path: text };
}

function isMoment(text: string, now: number): boolean {
  try {
    parseMoment(text, now, { latest: Infinity });
    return true;
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommandError) return false;
    throw error;
  }
}
