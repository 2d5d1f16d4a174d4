/**
 * What `fh tree` shows and how, once or again and again.
 *
 * @module
 */
import { type Context, useColor } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import type { RedactSettings } from "../../cli/redact_options.ts";
import { CommandError, EXIT } from "../../fault.ts";
import { isKthreadd, type Process } from "../../model/process.ts";
import {
  cutBelow,
  foldAlike,
  type Forest,
  kernelPrograms,
  selectAround,
  type TreeNode,
} from "../../model/tree.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import type { TreeStyle } from "../../view/tree.ts";

/** What the command line asks for. */
export interface TreeOptions extends RedactSettings {
  /** Levels below the process, or below the roots. */
  readonly depth?: number;
  readonly ancestors?: boolean;
  readonly descendants?: boolean;
  /** Whether siblings that look alike become one line; so if not given. */
  readonly fold?: boolean;
  readonly kernel?: boolean;
  readonly watch?: boolean;
  /** Nanoseconds. */
  readonly keep?: number;
  /** As it was at that time. */
  readonly at?: string;
  /** What lived within that time. */
  readonly since?: string;
  readonly until?: string;
  /** The dead that are shown. */
  readonly limit?: number;
  /** Ancestors out of a history that are followed, and how long before others have their turn. */
  readonly followed?: number;
  readonly turnMs?: number;
  readonly db?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color?: "auto" | "always" | "never";
  readonly source?: GlobalOptions["source"];
}

/** The error of a process that is not there. */
export function noProcess(pid: number, why: string): CommandError {
  return new CommandError(EXIT.notFound, `No process ${pid}: ${why}`);
}

/** What of a forest was asked for, folded where that is wanted. */
export function chooseRoots(
  forest: Forest,
  focus: TreeNode | null,
  options: TreeOptions,
): TreeNode[] {
  const depth = options.depth ?? Infinity;
  const { ancestors, descendants, kernel } = options;
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
  if (options.fold !== false && !options.json) foldAlike(roots);
  return roots;
}

/** Of the kernel's tree only the programs that it has started, and how. */
function withoutThreads(roots: readonly TreeNode[]): TreeNode[] {
  return roots.flatMap((root) => isKthreadd(root.process) ? kernelPrograms(root) ?? [] : root);
}

/** How to draw for this terminal, or for whatever standard output is. */
export function treeStyle(
  { stdout, env }: Context,
  options: TreeOptions,
  focus: Process | null,
  users: Users = openUsers(),
): TreeStyle {
  return {
    users,
    width: stdout.isTerminal ? stdout.columns : Infinity,
    color: useColor(options.color ?? "auto", stdout, env),
    ascii: !speaksUtf8(env),
    focus,
    reaperOf: (process) => process.reaper,
  };
}

/** Whether the locale's character set is UTF-8, as setlocale(3) finds it. */
function speaksUtf8(env: Context["env"]): boolean {
  return /utf-?8/i.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");
}
