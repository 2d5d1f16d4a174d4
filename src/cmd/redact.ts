/**
 * What is hidden of command lines, as options say.
 *
 * @module
 */
import { createRedact, type Redact } from "../model/redact.ts";
import { CommandError, EXIT, UsageError } from "./command.ts";
import type { RedactSettings } from "./redact_options.ts";
import { readSmallFile } from "./small_file.ts";
import { parseRegex } from "./values.ts";

/** What hides the secrets; undefined where they are to be shown. Throws CommandError. */
export function createRedactFrom({ redact, redactFile }: RedactSettings): Redact | undefined {
  if (redact === false) {
    if (redactFile === undefined) return undefined;
    throw new UsageError("Bad options: --no-redact with --redact-file; give one of them");
  }
  const patterns = typeof redact === "object" ? redact : [];
  return createRedact([...patterns, ...redactFile === undefined ? [] : readPatterns(redactFile)]);
}

function readPatterns(path: string): RegExp[] {
  return readLines(path).flatMap((line, i) => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    try {
      return [parseRegex(line)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Cannot read ${path}, line ${i + 1}: ${error.message}`);
    }
  });
}

function readLines(path: string): string[] {
  try {
    return readSmallFile(path).split(/\r?\n/);
  } catch (error) {
    const advice = "give a readable file with a regular expression a line";
    const { message } = error as Error;
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${message}; ${advice}`);
  }
}
