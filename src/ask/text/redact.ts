/**
 * What is hidden of command lines, as options say.
 *
 * @module
 */
import { CommandError, EXIT, UsageError } from "../../fault.ts";
import { createRedact, type Redact } from "../../redact/redact.ts";
import { parseRegex } from "./values.ts";

/** What the options about it give. */
export interface RedactSettings {
  /** False shows command lines as they are, else what else to hide. */
  readonly redact?: boolean | readonly RegExp[];
  /** Path of a file with more of that. */
  readonly redactFile?: string;
  /** What stands in that file. */
  readonly redactText?: string;
}

/** What hides the secrets; undefined where they are to be shown. Throws CommandError. */
export function createRedactFrom(
  { redact, redactFile, redactText }: RedactSettings,
): Redact | undefined {
  if (redact === false) {
    if (redactFile === undefined) return undefined;
    throw new UsageError("Bad options: --no-redact with --redact-file; give one of them");
  }
  const patterns = typeof redact === "object" ? redact : [];
  const read = redactFile === undefined ? [] : parsePatterns(redactFile, redactText);
  return createRedact([...patterns, ...read]);
}

function parsePatterns(path: string, text: string | undefined): RegExp[] {
  // Nothing is shown that somebody wants to have hidden.
  if (text === undefined) {
    throw new CommandError(EXIT.failed, `Cannot read ${path}: it was not read`);
  }
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    try {
      return [parseRegex(line)];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`Cannot read ${path}, line ${i + 1}: ${error.message}`);
    }
  });
}
