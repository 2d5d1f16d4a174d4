/**
 * The processes of a host as they come and go: a tree in which the dead stay for a while. Pure.
 *
 * @module
 */
import type { EventFields } from "./answers.ts";
import { commandLine, nameOf, userOf } from "./words.ts";

/** The dead that are kept, the last so many; those that something descends from stay. */
export const DEAD_MAX = 500;

/** A process. */
export interface TreeNode {
  readonly id: string;
  readonly pid: number;
  readonly parent: string | null;
  readonly children: Set<TreeNode>;
  /** What it ran last; of it the name, the user and the command line are shown. */
  last: EventFields;
  /** How it ended; null while it lives. */
  end: EventFields | null;
}

/** A row of the tree as it is seen. */
export interface TreeRow {
  readonly node: TreeNode;
  readonly depth: number;
  readonly isOpen: boolean;
}

/** The tree. */
export class TreeModel {
  readonly #nodes = new Map<string, TreeNode>();
  readonly #roots = new Set<TreeNode>();
  /** Those that have ended, the first first. */
  readonly #dead = new Set<TreeNode>();

  /** How many live. */
  get living(): number {
    return this.#nodes.size - this.#dead.size;
  }

  /** Takes what was told. */
  add(event: EventFields): void {
    switch (event.event) {
      case "snapshot":
      case "fork":
      case "exec":
        this.#meet(event).last = event;
        break;
      case "exit":
        this.#end(this.#meet(event), event);
        break;
      default:
    }
  }

  /** One by its id. */
  find(id: string): TreeNode | null {
    return this.#nodes.get(id) ?? null;
  }

  /** Rows from top to bottom: what is closed hides what is below it, but not from a search. */
  rows(closed: ReadonlySet<string>, query: string): TreeRow[] {
    const wanted = query === "" ? null : this.#wanted(query.toLowerCase());
    const rows: TreeRow[] = [];
    const waiting: [TreeNode, number][] = ordered(this.#roots).map((node) => [node, 0]);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [node, depth] = next;
      if (wanted !== null && !wanted.has(node)) continue;
      const isOpen = wanted !== null || !closed.has(node.id);
      rows.push({ node, depth, isOpen });
      if (!isOpen) continue;
      for (const child of ordered(node.children)) waiting.push([child, depth + 1]);
    }
    return rows;
  }

  #wanted(query: string): Set<TreeNode> {
    const wanted = new Set<TreeNode>();
    for (const found of this.#nodes.values()) {
      if (!textOf(found).includes(query)) continue;
      for (let node: TreeNode | undefined = found; node !== undefined && !wanted.has(node);) {
        wanted.add(node);
        node = node.parent === null ? undefined : this.#nodes.get(node.parent);
      }
    }
    return wanted;
  }

  #meet(event: EventFields): TreeNode {
    const known = this.#nodes.get(event.id);
    if (known !== undefined) return known;
    const { id, pid, parent } = event;
    const node: TreeNode = { id, pid, parent, children: new Set(), last: event, end: null };
    this.#nodes.set(id, node);
    const above = parent === null ? undefined : this.#nodes.get(parent);
    (above?.children ?? this.#roots).add(node);
    // A snapshot tells children before their parents, too.
    for (const root of this.#roots) {
      if (root.parent !== id) continue;
      this.#roots.delete(root);
      node.children.add(root);
    }
    return node;
  }

  #end(node: TreeNode, event: EventFields): void {
    node.end = event;
    this.#dead.add(node);
    if (this.#dead.size <= DEAD_MAX) return;
    for (const dead of this.#dead) {
      if (dead.children.size > 0) continue;
      this.#forget(dead);
      return;
    }
  }

  #forget(node: TreeNode): void {
    this.#dead.delete(node);
    this.#nodes.delete(node.id);
    this.#roots.delete(node);
    if (node.parent !== null) this.#nodes.get(node.parent)?.children.delete(node);
  }
}

/** The last first, since they are taken from the end. */
function ordered(nodes: Iterable<TreeNode>): TreeNode[] {
  return [...nodes].sort((a, b) => b.pid - a.pid);
}

function textOf({ pid, last }: TreeNode): string {
  return `${pid} ${nameOf(last)} ${userOf(last)} ${commandLine(last)}`.toLowerCase();
}
