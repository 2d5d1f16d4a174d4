/**
 * What is hidden of command lines, as options say.
 *
 * @module
 */
import { constants } from "node:os";
import { parseRegex } from "../ask/text/values.ts";
import type { Context } from "../cli/command.ts";
import type { RedactSettings } from "../cli/redact_options.ts";
import { CommandError, EXIT, UsageError } from "../fault.ts";
import { createRedact, type Redact } from "../redact/redact.ts";
import { readSmallFile } from "./small_file.ts";

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

/**
 * Reads the file of {@linkcode RedactSettings} before anything begins: a pipe may be waited for,
 * and a signal ends that.
 */
export async function withRedactText(
  settings: RedactSettings,
  context: Pick<Context, "signal" | "endBy">,
): Promise<RedactSettings> {
  const { redact, redactFile } = settings;
  if (redactFile === undefined || redact === false) return settings;
  return { ...settings, redactText: await readText(redactFile, context) };
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

async function readText(
  path: string,
  { signal, endBy }: Pick<Context, "signal" | "endBy">,
): Promise<string> {
  try {
    return await readSmallFile(path, signal);
  } catch (error) {
    const { message } = error as Error;
    if (signal.aborted) {
      const name = signal.reason as NodeJS.Signals;
      endBy?.(name);
      throw new CommandError(128 + constants.signals[name], `Cannot read ${path}: ${message}`);
    }
    const advice = "give a readable file with a regular expression a line";
    throw new CommandError(EXIT.failed, `Cannot read ${path}: ${message}; ${advice}`);
  }
}
