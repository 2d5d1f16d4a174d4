/**
 * Options that say what is hidden of command lines; apart from what does it, which is loaded when
 * something is hidden.
 *
 * @module
 */
import { parseRegex } from "../ask/text/values.ts";
import { asText, many, opt, undo } from "./option.ts";

/** The options of all that reads command lines of this host. */
export const REDACT_OPTIONS = [
  many("--redact <regex>", parseRegex, "hide in command lines what matches, or its groups"),
  opt("--redact-file <path>", asText, "the same, a regular expression a line"),
  undo("--no-redact", "show secrets in command lines as they are"),
] as const;
