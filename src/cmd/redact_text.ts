/**
 * The file of `--redact-file`, read before anything begins.
 *
 * @module
 */
import { constants } from "node:os";
import type { RedactSettings } from "../ask/text/redact.ts";
import type { Context } from "../cli/command.ts";
import { CommandError, EXIT } from "../fault.ts";
import { readSmallFile } from "./small_file.ts";

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
