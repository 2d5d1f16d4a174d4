/**
 * Options that mean the same in every command.
 *
 * @module
 */
import { parseChoice } from "../ask/text/values.ts";
import { UsageError } from "../fault.ts";
import type { OptionSpec } from "./command.ts";

const SOURCES = ["auto", "connector", "poll", "replay"] as const;
const COLORS = ["auto", "always", "never"] as const;

/** The source where something live is wanted; throws UsageError for a replay. */
export function liveSource(source: GlobalOptions["source"]): "auto" | "connector" | "poll" {
  if (source !== "replay") return source;
  throw new UsageError("Bad source: replay; a history is played by fh watch alone");
}

/** Values of {@linkcode GLOBAL_OPTIONS} as commands get them. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly source: typeof SOURCES[number];
  readonly color: typeof COLORS[number];
  /** The history file; undefined is the default one. */
  readonly db?: string;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** Taken before and after the command's name. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: "--json", description: "one JSON object a line instead of columns" },
  {
    flags: "--source <name>",
    description: "where events come from: auto, connector, poll or replay",
    parse: parseChoice("source", SOURCES),
    values: SOURCES,
  },
  { flags: "--db <path>", description: "the history file, instead of FH_DB or the default" },
  {
    flags: "--color <when>",
    description: "auto, always or never",
    parse: parseChoice("colour setting", COLORS),
    values: COLORS,
  },
  { flags: "-q, --quiet", description: "only data, and errors" },
  { flags: "-v, --verbose", description: "more about fh" },
];

/** What holds where nothing else is given. */
export const GLOBAL_DEFAULTS: GlobalOptions = {
  json: false,
  source: "auto",
  color: "auto",
  quiet: false,
  verbose: false,
};

/** The two that end at once. */
export const HELP_OPTIONS: readonly OptionSpec[] = [
  { flags: "-h, --help", description: "this help" },
  { flags: "-V, --version", description: "the version of fh" },
];
