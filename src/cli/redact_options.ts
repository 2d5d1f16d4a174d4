/**
 * Options that say what is hidden of command lines; apart from what does it, which is loaded when
 * something is hidden.
 *
 * @module
 */
import { parseRegex } from "../ask/text/values.ts";
import type { OptionSpec } from "./command.ts";

/** The options of all that reads command lines of this host. */
export const REDACT_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--redact <regex>",
    description: "hide in command lines what matches, or its groups",
    parse: parseRegex,
    repeatable: true,
  },
  { flags: "--redact-file <path>", description: "the same, a regular expression a line" },
  { flags: "--no-redact", description: "show secrets in command lines as they are" },
];
