/**
 * What is hidden of command lines, as options say.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { createRedact, type Redact } from "../model/redact.ts";
import { CommandError, EXIT, UsageError } from "./command.ts";
import type { RedactSettings } from "./redact_options.ts";
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
    return readFileSync(path, "utf8").split(/\r?\n/);
  } catch (error) {
    const { code = String(error) } = error as { code?: string };
    const advice = "give a readable file with a regular expression a line";
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${code}; ${advice}`);
  }
}
