/**
 * What may be asked of a tree, and what of a forest that shows.
 *
 * @module
 */
import { isKthreadd } from "../model/process.ts";
import {
  cutBelow,
  foldAlike,
  type Forest,
  kernelPrograms,
  selectAround,
  type TreeNode,
} from "../model/tree.ts";

/** A question about a tree, beside the process that it is about. */
export interface TreeQuery {
  /** Levels below the process, or below the roots. */
  readonly depth?: number;
  readonly ancestors?: boolean;
  readonly descendants?: boolean;
  /** Whether siblings that look alike become one; so if not given. */
  readonly fold?: boolean;
  /** Threads of the kernel as well. */
  readonly kernel?: boolean;
  /** As it was at that time. */
  readonly at?: string;
  /** What lived within that time. */
  readonly since?: string;
  readonly until?: string;
  /** The dead that are shown. */
  readonly limit?: number;
}

/** What of a forest was asked for, folded where that is wanted. */
export function chooseRoots(
  forest: Forest,
  focus: TreeNode | null,
  query: TreeQuery,
): TreeNode[] {
  const depth = query.depth ?? Infinity;
  const { ancestors, descendants, kernel } = query;
  const both = !ancestors === !descendants;
  let roots: TreeNode[];
  if (focus === null) {
    const ours = kernel ? forest.roots : withoutThreads(forest.roots);
    roots = ours.length === 0 ? [...forest.roots] : [...ours];
    if (depth !== Infinity) roots = roots.map((root) => cutBelow(root, depth));
  } else {
    const around = { ancestors: both || !!ancestors, descendants: both || !!descendants, depth };
    roots = [selectAround(focus, around)];
  }
  if (query.fold !== false) foldAlike(roots);
  return roots;
}

/** Of the kernel's tree only the programs that it has started, and how. */
function withoutThreads(roots: readonly TreeNode[]): TreeNode[] {
  return roots.flatMap((root) => isKthreadd(root.process) ? kernelPrograms(root) ?? [] : root);
}
