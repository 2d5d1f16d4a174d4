/**
 * Processes as a tree: who hangs below whom, and what of it is wanted. Pure, and without
 * recursion, because a chain of generations can be as long as there are pids.
 *
 * @module
 */
import { type Process, TICK_NS } from "./process.ts";

/** A process in a tree. */
export class TreeNode {
  /** Who it is. */
  readonly process: Process;
  /** The node it hangs below; null at the top of its tree. */
  parent: TreeNode | null = null;
  /** Oldest first. */
  children: TreeNode[] = [];
  /** How many siblings that look alike it stands for, itself included. */
  count = 1;
  /** Descendants that are not drawn. */
  hidden = 0;

  /** A node without kin. */
  constructor(process: Process) {
    this.process = process;
  }

  /** Makes `child` the last of its children. */
  add(child: TreeNode): void {
    child.parent = this;
    this.children.push(child);
  }
}

/** The trees of a host, oldest root first. */
export class Forest {
  /** Processes whose parent is not shown. */
  readonly roots: readonly TreeNode[];
  readonly #byPid: ReadonlyMap<number, TreeNode>;
  readonly #nodes: ReadonlyMap<Process, TreeNode>;

  /** `byPid` has the latest process of each pid, `nodes` all. */
  constructor(
    roots: readonly TreeNode[],
    byPid: ReadonlyMap<number, TreeNode>,
    nodes: ReadonlyMap<Process, TreeNode>,
  ) {
    this.roots = roots;
    this.#byPid = byPid;
    this.#nodes = nodes;
  }

  /** The node of a process; null when it is not part of the forest. */
  nodeOf(process: Process): TreeNode | null {
    return this.#nodes.get(process) ?? null;
  }

  /** The node of the latest process with `pid`, a living one first; null when there is none. */
  find(pid: number): TreeNode | null {
    return this.#byPid.get(pid) ?? null;
  }
}

/**
 * Hangs processes below those that forked them, dead or alive; below the one that the kernel
 * names as parent now where the first parent is forgotten. `keep` says which of the dead are
 * wanted for their own sake; ancestors of what is drawn are there anyway.
 */
export function buildForest(
  processes: Iterable<Process>,
  keep: (dead: Process) => boolean = () => true,
): Forest {
  const wanted = new Set<Process>();
  for (const process of processes) {
    if (!process.alive && !keep(process)) continue;
    for (let at: Process | null = process; at !== null && !wanted.has(at); at = at.parent) {
      wanted.add(at);
    }
  }
  const sorted = [...wanted].sort((a, b) => a.born - b.born || a.pid - b.pid);
  const nodes = new Map<Process, TreeNode>();
  const byPid = new Map<number, TreeNode>();
  for (const process of sorted) {
    const node = new TreeNode(process);
    nodes.set(process, node);
    if (process.alive || !byPid.get(process.pid)?.process.alive) byPid.set(process.pid, node);
  }
  const roots: TreeNode[] = [];
  for (const node of nodes.values()) {
    const parent = above(node.process, nodes, byPid);
    if (parent === null) roots.push(node);
    else parent.add(node);
  }
  openRings(nodes.values(), roots);
  return new Forest(roots, byPid, nodes);
}

function above(
  process: Process,
  nodes: ReadonlyMap<Process, TreeNode>,
  byPid: ReadonlyMap<number, TreeNode>,
): TreeNode | null {
  if (process.parent !== null) return nodes.get(process.parent)!;
  const pid = process.reaper ?? process.ppid;
  const node = pid === null ? undefined : byPid.get(pid);
  if (node === undefined || node.process === process) return null;
  // Who has that pid now may not be the one that was meant. Starts are known to a tick.
  return node.process.born <= process.born + TICK_NS ? node : null;
}

/** Files read one after the other can name two processes as each other's parents. */
function openRings(nodes: Iterable<TreeNode>, roots: TreeNode[]): void {
  const reached = new Set(walk(roots));
  for (const node of nodes) {
    if (reached.has(node)) continue;
    const top = inRing(node);
    const { parent } = top;
    parent!.children = parent!.children.filter((child) => child !== top);
    top.parent = null;
    roots.push(top);
    for (const below of walk([top])) reached.add(below);
  }
}

/** The first node of a ring that comes up above `node`, or `node` itself where it is part of it. */
function inRing(node: TreeNode): TreeNode {
  const passed = new Set<TreeNode>();
  let at = node;
  for (; !passed.has(at); at = at.parent!) passed.add(at);
  return at;
}

/** All nodes below and with `roots`, each after its parent. */
export function walk(roots: readonly TreeNode[]): TreeNode[] {
  const found = [...roots];
  // An array's iterator sees what is added on the way.
  for (const node of found) for (const child of node.children) found.push(child);
  return found;
}

/** What {@linkcode selectAround} takes along. */
export interface Around {
  readonly ancestors: boolean;
  readonly descendants: boolean;
  /** Levels of descendants; Infinity for all. */
  readonly depth: number;
}

/** A tree of its own around `node`: the chain of its ancestors, itself, its descendants. */
export function selectAround(node: TreeNode, around: Around): TreeNode {
  let top = around.descendants ? cutBelow(node, around.depth) : new TreeNode(node.process);
  if (!around.ancestors) return top;
  for (let at = node.parent; at !== null; at = at.parent) {
    const copy = new TreeNode(at.process);
    copy.add(top);
    top = copy;
  }
  return top;
}

/**
 * A copy of the trees with only those processes that `sees` lets pass: what hung below another
 * hangs below the nearest that is left, or is a tree of its own.
 */
export function onlySeen(
  roots: readonly TreeNode[],
  sees: (process: Process) => boolean,
): TreeNode[] {
  const tops: TreeNode[] = [];
  let level: (readonly [TreeNode, TreeNode | null])[] = roots.map((root) => [root, null]);
  while (level.length > 0) {
    const next: (readonly [TreeNode, TreeNode | null])[] = [];
    for (const [from, above] of level) {
      let to = above;
      if (sees(from.process)) {
        to = new TreeNode(from.process);
        if (above === null) tops.push(to);
        else above.add(to);
      }
      for (const child of from.children) next.push([child, to]);
    }
    level = next;
  }
  return tops;
}

/** A copy of the tree below `root` that ends `depth` levels below it. */
export function cutBelow(root: TreeNode, depth: number): TreeNode {
  const sizes = depth === Infinity ? null : sizesBelow(root);
  const top = copyOf(root);
  let level: (readonly [TreeNode, TreeNode])[] = [[root, top]];
  for (let below = 0; level.length > 0; below++) {
    const next: (readonly [TreeNode, TreeNode])[] = [];
    for (const [from, to] of level) {
      if (below >= depth) {
        to.hidden = sizes!.get(from)!;
        continue;
      }
      for (const child of from.children) {
        const copy = copyOf(child);
        to.add(copy);
        next.push([child, copy]);
      }
    }
    level = next;
  }
  return top;
}

/** The node alone. */
function copyOf({ process, hidden }: TreeNode): TreeNode {
  const copy = new TreeNode(process);
  copy.hidden = hidden;
  return copy;
}

/** How many descendants each node of a tree has, hidden ones included. */
function sizesBelow(root: TreeNode): ReadonlyMap<TreeNode, number> {
  const sizes = new Map<TreeNode, number>();
  for (const node of walk([root]).reverse()) {
    let size = node.hidden;
    for (const child of node.children) size += 1 + sizes.get(child)!;
    sizes.set(node, size);
  }
  return sizes;
}

/** So many siblings alike become one. Two are told apart more easily by their pids. */
const FOLD_FROM = 3;

/**
 * Folds siblings that look alike (same command, user and state, and subtrees alike) into the
 * oldest of them. Changes the nodes it is given.
 */
export function foldAlike(roots: readonly TreeNode[]): void {
  const looks = new Map<TreeNode, number>();
  const known = new Map<string, number>();
  for (const node of walk(roots).reverse()) {
    const below = countLooks(node.children, looks);
    const parts = [...below].sort(([a], [b]) => a - b).map(([look, count]) => `${look}*${count}`);
    const text = `${ownLook(node)}\0${parts.join(" ")}`;
    const look = known.get(text) ?? known.size;
    known.set(text, look);
    looks.set(node, look);
    if (node.children.length >= FOLD_FROM) node.children = fold(node.children, looks, below);
  }
}

function countLooks(
  nodes: readonly TreeNode[],
  looks: ReadonlyMap<TreeNode, number>,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const node of nodes) {
    const look = looks.get(node)!;
    counts.set(look, (counts.get(look) ?? 0) + 1);
  }
  return counts;
}

function fold(
  nodes: readonly TreeNode[],
  looks: ReadonlyMap<TreeNode, number>,
  counts: Map<number, number>,
): TreeNode[] {
  return nodes.filter((node) => {
    const look = looks.get(node)!;
    const count = counts.get(look)!;
    if (count < FOLD_FROM && count > 0) return true;
    // 0 marks a look that has its node already.
    counts.set(look, 0);
    if (count === 0) return false;
    node.count = count;
    return true;
  });
}

function ownLook({ process, hidden }: TreeNode): string {
  const { image, uid, alive, status } = process;
  const { argv, comm } = image;
  const command = argv === null ? `c${comm}` : `a${argv.join("\0")}`;
  return `${alive ? "" : `ended ${status}`}\0${uid}\0${hidden}\0${command}`;
}

/**
 * A copy of the kernel's tree with the programs that it has started, what they have started, and
 * the threads above them; null where there is none.
 */
export function kernelPrograms(root: TreeNode): TreeNode | null {
  const wanted = new Set<Process>();
  for (const { process, parent } of walk([root])) {
    if (process.kernel && (parent === null || parent.process.kernel)) continue;
    wanted.add(process);
    for (let at = parent; at !== null && !wanted.has(at.process); at = at.parent) {
      wanted.add(at.process);
    }
  }
  return onlySeen([root], (process) => wanted.has(process))[0] ?? null;
}
