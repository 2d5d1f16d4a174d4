/**
 * What `fh tree` shows and how, once or again and again.
 *
 * @module
 */
import type { FleetAsked } from "../fleet/ask.ts";
import type { TreeQuery } from "../../ask/tree_query.ts";
import { type Context, useColor, widthOf } from "../../cli/command.ts";
import type { GlobalOptions } from "../../cli/globals.ts";
import type { RedactSettings } from "../../ask/text/redact.ts";
import type { Process } from "../../model/process.ts";
import type { Users } from "../../proc/passwd.ts";
import { openUsers } from "../../proc/users.ts";
import type { TreeStyle } from "../../view/tree.ts";

/** What the command line asks for. */
export interface TreeOptions extends RedactSettings, TreeQuery, FleetAsked {
  readonly watch?: boolean;
  readonly wide?: boolean;
  /** When each started and how long it lasted. */
  readonly times?: boolean;
  /** A bar for each. */
  readonly bars?: boolean;
  /** Nanoseconds. */
  readonly keep?: number;
  readonly json?: boolean | "flat";
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: "auto" | "always" | "never";
  readonly source?: GlobalOptions["source"];
}

/** A line that stands for several has no times, and is no object of JSON. */
export function unfolded(options: TreeOptions): TreeOptions {
  const { json, times, bars } = options;
  return json || times || bars ? { ...options, fold: false } : options;
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
    width: widthOf(stdout),
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
