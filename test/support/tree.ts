/**
 * Processes and trees for tests.
 *
 * @module
 */
import type { BootClock } from "../../src/model/boot.ts";
import { Image } from "../../src/model/image.ts";
import { Process } from "../../src/model/process.ts";
import type { TreeNode } from "../../src/model/tree.ts";

const encoder = new TextEncoder();

/** A running process with a command of words without spaces. */
export function running(
  pid: number,
  command: string,
  parent: Process | null = null,
  boot: BootClock | undefined = parent?.boot,
): Process {
  const process = new Process(pid, pid * 1e7, 0, boot);
  process.state = "running";
  process.start = process.born;
  process.parent = parent;
  process.ppid = parent?.pid ?? 0;
  process.uid = parent?.uid ?? 0;
  const words = command.split(" ");
  process.image = new Image({
    argv: encoder.encode(words.map((word) => `${word}\0`).join("")),
    exe: null,
    cwd: null,
    cgroup: null,
    comm: encoder.encode(words[0]),
    env: null,
  });
  return process;
}

/** The same process, ended after a life in nanoseconds. */
export function ended(process: Process, status: number | null, lifeNs: number): Process {
  process.state = "exited";
  process.status = status;
  process.end = process.born + lifeNs;
  return process;
}

/** A tree as text: `1(2 3(4) 5*12 6+7)`, children in parentheses, `*` the count, `+` hidden. */
export function outline(nodes: readonly TreeNode[]): string {
  return nodes.map(({ process, children, count, hidden }) => {
    const below = children.length === 0 ? "" : `(${outline(children)})`;
    return `${process.pid}${count > 1 ? `*${count}` : ""}${hidden > 0 ? `+${hidden}` : ""}${below}`;
  }).join(" ");
}
