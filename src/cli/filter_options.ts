/**
 * The options of a filter; what they do stands in `src/ask/filter.ts`.
 *
 * @module
 */
import {
  EVENT_NAMES,
  parseDuration,
  parseEvents,
  parseGlob,
  parseNameGlob,
  parseRegex,
} from "../ask/text/values.ts";
import { asText, flag, many, opt } from "./option.ts";

/** One by one, for commands that do not take all. */
export const FILTER = {
  pid: many(
    "-p, --pid <process>",
    asText,
    "that process and all its descendants: a pid, PID@TIME, an id or a name",
  ),
  event: opt(
    "-e, --event <list>",
    parseEvents,
    "events to show (default: fork,exec,exit; on a terminal exec,exit)",
    EVENT_NAMES,
  ),
  user: many("-u, --user <user>", asText, "processes of a user, by name or uid"),
  comm: many("-c, --comm <glob>", parseNameGlob, "processes whose name matches", "name"),
  match: many("-m, --match <regex>", parseRegex, "processes whose command line matches"),
  failed: flag("--failed", "exits with a status not 0 or by a signal"),
  minDuration: opt("--min-duration <time>", parseDuration, "exits after at least that life time"),
  cgroup: many("--cgroup <glob>", parseGlob, "processes whose cgroup path matches"),
} as const;

/** All of them. */
export const FILTER_OPTIONS = [
  FILTER.pid,
  FILTER.event,
  FILTER.user,
  FILTER.comm,
  FILTER.match,
  FILTER.failed,
  FILTER.minDuration,
  FILTER.cgroup,
] as const;
