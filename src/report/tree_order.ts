/**
 * Spans in the order of their tree.
 *
 * @module
 */
import type { Span } from "./span.ts";

/** Places of spans, each before its children, these by their starts; and how deep each stands. */
export interface TreeOrder {
  readonly order: readonly number[];
  readonly depth: readonly number[];
}

/** `parents` as of parentsOf(); who is its own ancestor, as only a damaged file says, is a root. */
export function treeOrder(spans: readonly Span[], parents: Int32Array): TreeOrder {
  const children: number[][] = [];
  const roots: number[] = [];
  for (const [index, parent] of parents.entries()) {
    if (parent < 0) roots.push(index);
    else (children[parent] ??= []).push(index);
  }
  const byStart = (a: number, b: number) => spans[a]!.start - spans[b]!.start || a - b;
  for (const those of [roots, ...children]) those?.sort(byStart);
  const order: number[] = [];
  const depth: number[] = [];
  const seen = new Uint8Array(spans.length);
  const walk = (root: number) => {
    const waiting: [number, number][] = [[root, 0]];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [index, at] = next;
      if (seen[index] === 1) continue;
      seen[index] = 1;
      order.push(index);
      depth.push(at);
      for (const child of (children[index] ?? []).toReversed()) waiting.push([child, at + 1]);
    }
  };
  for (const root of roots) walk(root);
  for (let index = 0; index < spans.length; index++) if (seen[index] === 0) walk(index);
  return { order, depth };
}
