/**
 * Options that mean the same in every command.
 *
 * @module
 */
import { parseChoice } from "../ask/text/values.ts";
import { UsageError } from "../fault.ts";
import { asText, flag, opt, type OptionsOf, type OptionSpec } from "./option.ts";

const SOURCES = ["auto", "connector", "poll", "replay"] as const;
const COLORS = ["auto", "always", "never"] as const;

/** The source where something live is wanted; throws UsageError for a replay. */
export function liveSource(source: GlobalOptions["source"]): "auto" | "connector" | "poll" {
  if (source !== "replay") return source;
  throw new UsageError("Bad source: replay; a history is played by fh watch alone");
}

/** Taken before and after the command's name. */
export const GLOBAL_OPTIONS = [
  flag("--json", "one JSON object a line instead of columns"),
  opt(
    "--source <name>",
    parseChoice("source", SOURCES),
    "where events come from: auto, connector, poll or replay",
    SOURCES,
  ),
  opt("--db <path>", asText, "the history file, instead of FH_DB or the default"),
  opt("--color <when>", parseChoice("colour setting", COLORS), "auto, always or never", COLORS),
  flag("-q, --quiet", "only data, and errors"),
  flag("-v, --verbose", "more about fh"),
] as const;

type Given = OptionsOf<typeof GLOBAL_OPTIONS>;

/** Values of {@linkcode GLOBAL_OPTIONS} as commands get them; without `db`, the default one. */
export type GlobalOptions = Given & Required<Omit<Given, "db">>;

/** What holds where nothing else is given. */
export const GLOBAL_DEFAULTS: GlobalOptions = {
  json: false,
  source: "auto",
  color: "auto",
  quiet: false,
  verbose: false,
};

/** Of commands whose lines are cut to the terminal. */
export const WIDE = flag("--wide", "whole lines, as in a pipe");

/** The two that end at once. */
export const HELP_OPTIONS: readonly OptionSpec[] = [
  flag("-h, --help", "this help"),
  flag("-V, --version", "the version of fh"),
];
