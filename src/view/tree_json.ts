/**
 * A tree of processes as JSON, the format of contract. Without recursion, and in pieces: a tree
 * can be as deep and as large as there are pids.
 *
 * @module
 */
import type { TreeNode } from "../model/tree.ts";
import type { Users } from "../proc/passwd.ts";
import { argvFields } from "../text/argv_fields.ts";
import { jsonText } from "../text/json_text.ts";
import { hostFields, lifeFields, userFields } from "../text/process_fields.ts";
import { WallClock } from "../text/time.ts";

/** What nodes have in common. */
export interface TreeJsonOptions {
  readonly users: Users;
  /** What is not known of the time that was asked for: the field `gaps` of the outermost nodes. */
  readonly gaps?: readonly unknown[];
  /** What has to be said beside the answer: the field `notes` of the outermost nodes. */
  readonly notes?: Iterable<unknown>;
}

/** One tree as one object on one line, newline included, in pieces. */
export function* treeJson(root: TreeNode, options: TreeJsonOptions): Generator<string> {
  const writer = new NodeWriter(options);
  const end = `]${field("gaps", options.gaps ?? [])}${field("notes", options.notes ?? [])}}`;
  const path: { readonly node: TreeNode; next: number }[] = [{ node: root, next: 0 }];
  yield writer.open(root);
  for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
    const child = at.node.children[at.next];
    if (child === undefined) {
      path.pop();
      yield path.length > 0 ? "]}" : end;
      continue;
    }
    yield at.next++ === 0 ? writer.open(child) : `,${writer.open(child)}`;
    path.push({ node: child, next: 0 });
  }
  yield "\n";
}

/** The same as a line for each process, top down, which say how deep they are. */
export function* flatTreeJson(root: TreeNode, options: TreeJsonOptions): Generator<string> {
  const writer = new NodeWriter(options);
  const stack = [{ node: root, depth: 0 }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node, depth } = at;
    const beside = depth > 0
      ? ""
      : `${field("gaps", options.gaps ?? [])}${field("notes", options.notes ?? [])}`;
    yield `{${writer.fields(node)},"depth":${depth}${beside}}\n`;
    for (const child of [...node.children].reverse()) stack.push({ node: child, depth: depth + 1 });
  }
}

/** A field behind others; nothing where there is nothing to say. */
function field(name: string, values: Iterable<unknown>): string {
  const all = [...values];
  return all.length === 0 ? "" : `,"${name}":${jsonText(all)}`;
}

class NodeWriter {
  readonly #options: TreeJsonOptions;
  readonly #clock = new WallClock();

  constructor(options: TreeJsonOptions) {
    this.#options = options;
  }

  /** A node up to the beginning of its children. */
  open(node: TreeNode): string {
    return `{${this.fields(node)},"children":[`;
  }

  /** Fields of a node, without what is below it. */
  fields({ process, hidden }: TreeNode): string {
    const { pid, ppid, parent, uid, image } = process;
    const fields = {
      ...hostFields(process),
      id: process.id,
      pid,
      ppid,
      parent: parent === null ? null : parent.id,
      ...process.moreAbove ? { more_above: true } : {},
      ...hidden > 0 ? { more_below: hidden } : {},
      comm: image.comm,
      ...argvFields(image),
      ...userFields(uid, this.#options.users),
      ...lifeFields(process, this.#clock),
    };
    return jsonText(fields).slice(1, -1);
  }
}
