/**
 * The options of FILTERS, which several commands have.
 *
 * @module
 */
import {
  EVENT_NAMES,
  parseDuration,
  parseEvents,
  parseGlob,
  parsePid,
  parseRegex,
} from "../ask/text/values.ts";
import type { OptionSpec } from "./command.ts";

/** The options that `createFilter` of src/ask/filter.ts understands. */
export const FILTER_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "-p, --pid <pid>",
    description: "that process and all its descendants",
    parse: parsePid,
    repeatable: true,
  },
  {
    flags: "-e, --event <list>",
    description: "events to show (default: fork,exec,exit)",
    parse: parseEvents,
    values: EVENT_NAMES,
  },
  {
    flags: "-u, --user <user>",
    description: "processes of a user, by name or uid",
    repeatable: true,
  },
  {
    flags: "-c, --comm <glob>",
    description: "processes whose name matches",
    parse: parseGlob,
    repeatable: true,
  },
  {
    flags: "-m, --match <regex>",
    description: "processes whose command line matches",
    parse: parseRegex,
    repeatable: true,
  },
  { flags: "--failed", description: "exits with a status not 0 or by a signal" },
  {
    flags: "--min-duration <time>",
    description: "exits after at least that life time",
    parse: parseDuration,
  },
  {
    flags: "--cgroup <glob>",
    description: "processes whose cgroup path matches",
    parse: parseGlob,
    repeatable: true,
  },
];
