/**
 * Scripts that look at the host before a build.
 *
 * @module
 */
import type { Family } from "./family.ts";

/**
 * Places of configure scripts: run by their name, or by a shell that got it as first word. Below
 * one, the same in the same folder is a fork of it, also from before it began anew in another
 * shell.
 */
export function configures(family: Family): number[] {
  const found: number[] = [];
  for (let index = 0; index < family.spans.length; index++) {
    const script = scriptOf(family, index);
    if (script === null) continue;
    const { cwd } = family.spans[index]!.image;
    const isFirst = family.nearest(index).every((above) => {
      return scriptOf(family, above) !== script || family.spans[above]!.image.cwd !== cwd;
    });
    if (isFirst) found.push(index);
  }
  return found;
}

/** Places of what runs below a configure script. */
export function belowConfigures(family: Family): ReadonlySet<number> {
  const found = new Set<number>();
  for (const index of configures(family)) {
    if (found.has(index)) continue;
    for (const below of family.below(index)) found.add(below);
  }
  return found;
}

/** The path of the script, or its name; null for what is none. */
function scriptOf(family: Family, index: number): string | null {
  const { name, argv } = family.spans[index]!.image;
  for (let at = 0; argv !== null && at < 2 && at < argv.length; at++) {
    if (isPath(argv[at]!)) return argv[at]!;
  }
  return name === "configure" ? name : null;
}

function isPath(word: string): boolean {
  return word.endsWith("configure") && (word === "configure" || word.endsWith("/configure"));
}
