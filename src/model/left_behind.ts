/**
 * Processes that outlived who forked them.
 *
 * @module
 */
import type { Process } from "./process.ts";

/** A process that outlived a parent which ended so soon was left behind on purpose. */
const DOUBLE_FORK_NS = 1_000_000_000;

/** Whether its parent is dead and it has lived on. */
export function leftBehind({ start, end }: Process, parent: Process): boolean {
  if (start === null || parent.end === null) return false;
  return end === null || end > parent.end;
}

/** Whether a parent has ended so soon that its child was left behind on purpose. */
export function wasLeft(process: Process, parent: Process): boolean {
  return leftBehind(process, parent) && parent.end! - process.start! < DOUBLE_FORK_NS;
}
