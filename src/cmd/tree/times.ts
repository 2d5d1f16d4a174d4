/**
 * Times and bars in front of a tree, for this terminal or for whatever standard output is.
 *
 * @module
 */
import type { TreeTime } from "../../ask/tree_past.ts";
import type { Context } from "../../cli/command.ts";
import { UsageError } from "../../fault.ts";
import { fineTime, shortTime } from "../../host/local_time.ts";
import type { Process } from "../../model/process.ts";
import { type TreeNode, walk } from "../../model/tree.ts";
import type { TreeStyle } from "../../view/tree.ts";
import { treeColumns } from "../../view/tree_times.ts";

/** What is put in front of a tree. */
export interface TimesWanted {
  readonly times?: boolean;
  readonly bars?: boolean;
}

/** No time was asked for. */
const ANY: TreeTime = { since: null, until: null, asOf: null };

/** Throws UsageError where JSON is wanted, too: it has all times anyway. */
export function checkTimes({ times, bars }: TimesWanted, json: unknown): void {
  if (!json || !(times || bars)) return;
  const name = times ? "--times" : "--bars";
  throw new UsageError(`Bad options: ${name} with --json; JSON has the times by itself`);
}

/** `style` with the columns that are wanted for some trees. */
export function withTimes(
  context: Context,
  { times = false, bars = false }: TimesWanted,
  roots: readonly TreeNode[],
  style: TreeStyle,
  { since, until, asOf }: TreeTime = ANY,
): TreeStyle {
  if (!times && !bars) return style;
  const clock = context.now();
  const now = asOf ?? clock;
  const columns = treeColumns(roots, {
    times,
    bars,
    now,
    stretch: { since, until },
    counted: style.matched ?? belowFocus(roots, style.focus),
    width: style.width === Infinity ? pipeWidth(context) : style.width,
    color: style.color,
    ascii: style.ascii,
    timeOf: (moment, isFine) => isFine ? fineTime(moment, clock) : shortTime(moment, clock),
  });
  return { ...style, columns };
}

/** What bars are drawn for is the process that was asked for, not what was there long before. */
function belowFocus(
  roots: readonly TreeNode[],
  focus: Process | null,
): ReadonlySet<Process> | null {
  const node = focus && walk(roots).find(({ process }) => process === focus);
  return node ? new Set(walk([node]).map(({ process }) => process)) : null;
}

/** Cells of what is drawn where no terminal shows it: those of COLUMNS, else 80. */
function pipeWidth({ stdout, env }: Context): number {
  const columns = Number(env["COLUMNS"]);
  return Number.isInteger(columns) && columns > 0 ? columns : stdout.columns;
}
