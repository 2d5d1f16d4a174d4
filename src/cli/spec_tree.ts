/**
 * Groups of commands and what they have, down to the commands.
 *
 * @module
 */
import type { CommandSpec, GroupSpec, Spec } from "./command.ts";
import { GLOBAL_OPTIONS } from "./globals.ts";
import { type OptionSpec, spellingOf } from "./option.ts";

/** Whether a spec stands for several. */
export function isGroup(spec: Spec): spec is GroupSpec {
  return "actions" in spec;
}

/** What of a group people are told of. */
export function shownOf({ actions }: GroupSpec): readonly Spec[] {
  return actions.filter((spec) => isGroup(spec) || !spec.hidden);
}

const GLOBAL_NAMES = GLOBAL_OPTIONS.map((spec) => spellingOf(spec).long);

/**
 * Options that are taken before the name of what a group has: those of any that it has, and before
 * that of a command, which stands at depth 1, only those of all, in any form that they have.
 */
export function optionsBefore(depth: number, group: GroupSpec): readonly OptionSpec[] {
  const own = leavesOf(group).flatMap(({ spec }) => spec.options);
  const forms = own.filter((spec) => GLOBAL_NAMES.includes(spellingOf(spec).long));
  return [...depth === 1 ? forms : own, ...GLOBAL_OPTIONS];
}

/** Commands of a group and of its groups, under what they are called there. */
export function leavesOf(spec: Spec, names: readonly string[] = []): readonly {
  readonly names: readonly string[];
  readonly spec: CommandSpec;
}[] {
  if (!isGroup(spec)) return [{ names, spec }];
  return spec.actions.flatMap((action) => leavesOf(action, [...names, action.name]));
}

/** How something is called: `fh job add`. */
export function callOf(path: readonly Spec[]): string {
  return path.map(({ name }) => name).join(" ");
}
