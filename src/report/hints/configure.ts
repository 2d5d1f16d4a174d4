/**
 * Scripts that look at the host before a build.
 *
 * @module
 */
import type { Family } from "./family.ts";

/**
 * Places of configure scripts: run by their name, or by a shell that got it as first word. Those
 * are no forks of one.
 */
export function configures(family: Family): number[] {
  return [...family.spans.keys()].filter((index) => isConfigure(family, index));
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

function isConfigure(family: Family, index: number): boolean {
  const { name, argv } = family.spans[index]!.image;
  const isNamed = name === "configure" || isPath(argv?.[0]) || isPath(argv?.[1]);
  return isNamed && !family.isFork(index);
}

function isPath(word: string | undefined): boolean {
  return word !== undefined && word.endsWith("configure") &&
    (word === "configure" || word.endsWith("/configure"));
}
