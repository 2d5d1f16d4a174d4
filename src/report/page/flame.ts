/**
 * The lineage as an icicle: processes with the same names above them are one box. Pure.
 *
 * @module
 */
import { hierarchy, type HierarchyRectangularNode, partition } from "d3-hierarchy";
import type { Model } from "./model.ts";

/** What makes a box wide. */
export const WEIGHTS = ["wall", "cpu", "count"] as const;

/** One of {@linkcode WEIGHTS}. */
export type Weight = typeof WEIGHTS[number];

/** Processes of one name below the same names. */
export interface FlameNode {
  /** Its number; 0 is above all. */
  readonly key: number;
  readonly name: string;
  readonly children: FlameNode[];
  count: number;
  failed: number;
  /** Without what is below, microseconds; of CPU time what is known. */
  wall: number;
  cpu: number;
}

/** A box: from 0 to 1 across, and how deep. */
export type FlameBox = HierarchyRectangularNode<FlameNode>;

/** All boxes of a report. */
export class Flame {
  readonly nodes: FlameNode[] = [];
  /** Key of the node of each process. */
  readonly nodeOf: Uint32Array;

  constructor(model: Model) {
    this.nodeOf = new Uint32Array(model.count);
    const top = this.#add("all");
    const below: Map<string, FlameNode>[] = [new Map()];
    for (let place = 0; place < model.count; place++) {
      const parent = model.parent[place]!;
      const above = parent < 0 ? top : this.nodes[this.nodeOf[parent]!]!;
      const name = model.nameOf(place);
      const those = below[above.key] ??= new Map();
      let node = those.get(name);
      if (node === undefined) {
        node = this.#add(name);
        above.children.push(node);
        those.set(name, node);
      }
      this.nodeOf[place] = node.key;
      node.count++;
      node.failed += model.failed[place]!;
      node.wall += model.own[place]!;
      node.cpu += Math.max(0, model.cpu[place]!);
    }
  }

  /** Boxes by key; those that take most come first among those of one parent. */
  boxes(weight: Weight): FlameBox[] {
    const root = hierarchy(this.nodes[0]!).sum((node) => node[weight])
      .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    const boxes: FlameBox[] = [];
    partition<FlameNode>().size([1, root.height + 1])(root).each((box) => {
      boxes[box.data.key] = box;
    });
    return boxes;
  }

  #add(name: string): FlameNode {
    const key = this.nodes.length;
    const node = { key, name, children: [], count: 0, failed: 0, wall: 0, cpu: 0 };
    this.nodes.push(node);
    return node;
  }
}
