/**
 * Scripts that look at the host before a build.
 *
 * @module
 */
import type { Family } from "./family.ts";

/** Whether it is a configure script: run by its name, or by a shell that got it as first word. */
export function isConfigure(family: Family, index: number): boolean {
  const { name, argv } = family.spans[index]!.image;
  const isNamed = name === "configure" || isPath(argv?.[0]) || isPath(argv?.[1]);
  return isNamed && !family.isFork(index);
}

/** Places of what runs below a configure script. */
export function belowConfigures(family: Family): ReadonlySet<number> {
  const found = new Set<number>();
  for (const index of family.spans.keys()) {
    if (found.has(index) || !isConfigure(family, index)) continue;
    for (const below of family.below(index)) found.add(below);
  }
  return found;
}

function isPath(word: string | undefined): boolean {
  return word !== undefined && (word === "configure" || word.endsWith("/configure"));
}
